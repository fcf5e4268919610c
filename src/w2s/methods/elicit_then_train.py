"""Fine-tune on the frozen strong model's own zero-shot answers, those that are consistent and sure.

    margin = zero-shot log-odds, both orders, minus their median; for proposed answers minus the best rival's
    kept   = the largest |margin|, half of them of each class, FRACTION of all items
    target = 1[margin > 0]

Consistency: of a pair only one can be better, so both orders are asked and inconsistent pairs come out with
small margins; of one question only one answer is right, so an answer is believed as far as it beats its
rivals. Defaults: fraction .7 (set here, on development seeds). Cost: .9. Relies on: zero-shot answers being
better than chance, and the fine-tune carrying over what the model knows but does not say. Does not use the
weak labels. Source: zero-shot unsupervised elicitation with consistency (2506.10139), without its
annealing.
"""

from __future__ import annotations

import w2s

FRACTION = 0.7


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Confident, consistent zero-shot labels, one student."""
    student = bench.strong()
    margin = w2s.elicitation.zero_shot(student, bench.unlabelled)
    margin = w2s.targets.center(w2s.elicitation.rival_margin(margin, bench.unlabelled))
    kept = w2s.targets.balanced_top(margin, fraction=FRACTION)
    student.finetune(bench.unlabelled[kept], w2s.targets.hard(margin)[kept])
    return student.predict(bench.test)
