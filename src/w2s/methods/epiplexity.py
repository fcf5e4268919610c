"""Fine-tune on labels that are smoothed where a student could learn them least.

    relabel: two students, each taught on one half, label the other
    learned = cross-entropy at an item's first visit - at its last, of a student taught on these labels
    smooth the least learned FRACTION: target = (1 - a) label + a / 2,  a = (1 - rank) ** POWER

Defaults: fraction .4, power 2 (study); ranks 0 to 1 within the fraction, 2 folds, a threshold that leaves as many of
each class (set here). Cost: 3. Relies on: what follows a rule being learned early, and wrong labels following none.
Source: epiplexity method of the April 2026 study; epiplexity as learnable structure, 2601.03220.
"""

from __future__ import annotations

import w2s

FRACTION = 0.4
POWER = 2.0
FOLDS = 2


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Held-out labels, what was learned of them, then one student on smoothed labels."""
    items = bench.unlabelled
    labels = w2s.targets.hard(w2s.folds.relabelled(bench, bench.weak.hard, count=FOLDS))
    trace = w2s.learnability.LossTrace(len(items))
    bench.strong().finetune(items, labels, loss=trace)
    amount = w2s.learnability.smoothing(trace.learned, fraction=FRACTION, power=POWER)
    bench.log(learned=trace.learned.mean(), smoothed=amount.mean())
    student = bench.strong()
    student.finetune(items, w2s.targets.soften(labels, amount=amount))
    return student.predict(bench.test)
