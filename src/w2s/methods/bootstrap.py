"""Teach a chain of students, each on what the one before says of items it was not trained on.

    round k: two students, each fitted on one half of the items, relabel the other half;
    the most confident FRACTION, balanced, teaches the next; the last student answers

Defaults: 1 relabelling round, confident half (set here, on development seeds; the source links 2-3 students
of growing size). Cost: 1 a round and .5 for the last. Relies on: a student being better than its supervisor
on unseen items. Source: bootstrapping in Burns et al. 2023 (2312.09390), cross-fitted as in self-training.
"""

from __future__ import annotations

import numpy as np

import w2s

ROUNDS = 1
FRACTION = 0.5


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Cross-fitted relabelling, then one student."""
    items = bench.unlabelled
    margin = w2s.targets.logit(bench.weak.soft)
    kept = np.arange(len(items))
    for _ in range(ROUNDS):
        taught = w2s.targets.hard(margin)
        fresh = w2s.folds.answers(bench.strong, items, taught, rng=bench.rng, count=2, kept=kept)
        margin = w2s.targets.center(fresh)
        kept = w2s.targets.balanced_top(margin, fraction=FRACTION)
    student = bench.strong()
    student.finetune(items[kept], w2s.targets.hard(margin)[kept])
    return student.predict(bench.test)
