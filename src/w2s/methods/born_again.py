"""Teach a chain of equal students, each from scratch on the soft answers of the one before.

    generation 0: target = 1[p_weak > .5];  generation k: target = f_(k-1), what the last student says of the
    same items it was taught on

Unlike bootstrapping nothing is held out and nothing is dropped: what changes is that labels become as soft as
the student's doubt. Defaults: 2 generations after the first, soft targets alone, the last student answers
(source, which also adds the labels or averages all generations). Cost: 3, and a pass over the items each.
Relies on: a student that has not learnt the labels by heart, so that its doubt says where they are wrong.
Source: born-again networks (1805.04770).
"""

from __future__ import annotations

import w2s

GENERATIONS = 2


def run(bench: w2s.Bench) -> w2s.Predictions:
    """The last of a chain of students."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    for _ in range(GENERATIONS):
        said = student.predict(bench.unlabelled).probabilities
        student = bench.strong()
        student.finetune(bench.unlabelled, said)
    return student.predict(bench.test)
