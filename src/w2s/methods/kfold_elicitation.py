"""Fine-tune on zero-shot labels that students, each blind to one fold, have revised and made consistent.

    start: margin = zero-shot log-odds, consistent, median 0
    round: for each of FOLDS folds a student taught on the others' surest FRACTION relabels it;
           both orders of a pair are averaged, an answer counts as far as it beats its rivals

Replaces the annealing of icm by whole rounds of fine-tuning. Does not use the weak labels. Defaults: 3 folds, 2
rounds, fraction .7 (set here). Cost: FOLDS - 1 times FRACTION a round, 3.5 in all. Relies on: zero-shot answers
better than chance, whose mistakes a student that has not seen them does not repeat. Source: K-fold variant of
unsupervised elicitation (2506.10139, appendix).
"""

from __future__ import annotations

import numpy as np

import w2s

FOLDS = 3
ROUNDS = 2
FRACTION = 0.7


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Rounds of blind relabelling, then one student."""
    items = bench.unlabelled

    def consistent(margin: np.ndarray) -> np.ndarray:
        return w2s.targets.center(w2s.elicitation.rival_margin(margin, items))

    margin = consistent(w2s.elicitation.zero_shot(bench.strong(), items))
    for _ in range(ROUNDS):
        kept = w2s.targets.balanced_top(margin, fraction=FRACTION)
        fresh = w2s.folds.relabelled(bench, w2s.targets.hard(margin), count=FOLDS, kept=kept, both=True)
        before, margin = margin, consistent(fresh)
    bench.log(moved=np.mean((before > 0) != (margin > 0)))
    kept = w2s.targets.balanced_top(margin, fraction=FRACTION)
    student = bench.strong()
    student.finetune(items[kept], w2s.targets.hard(margin)[kept])
    return student.predict(bench.test)
