"""Fine-tune on the weak labels while the states that the answer is read from are pressed into few directions.

    loss = cross-entropy + WEIGHT * exp(entropy of s_i / sum s),  s the singular values of a batch's states

Defaults: weight .03, the middle of the 1e-3 to 1e-1 that the direction names, and hard weak labels (set here, untuned).
Cost: 1.1, and a round trip with the states of each batch where the loss runs outside the student service. Relies on:
the supervisor's mistakes needing more directions than the truth does. Source: the low-rank direction of the
April 2026 study.
"""

from __future__ import annotations

import w2s

WEIGHT = 0.03


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Hard weak labels under a price on the effective rank, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard, loss=w2s.rank.LowRank(weight=WEIGHT))
    return student.predict(bench.test)
