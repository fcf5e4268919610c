"""Fine-tune on the weak labels while the student more and more trusts its own guess.

    target = (1 - a) p_weak + a 1[f > t],  a = WEIGHT * min(1, progress / WARMUP)

f is the student's probability, t its running quantile that matches the weak labels' share of class 1.
Defaults: weight .5 and warm-up .2 (source); hard weak labels and a buffer of 512 items (set here). Cost: 1,
and a round trip for each batch where the loss runs outside the student service. Relies on: the student
learning what is true faster than it learns the supervisor's mistakes. Source: Burns et al. 2023
(2312.09390), auxiliary confidence loss.
"""

from __future__ import annotations

import w2s

WEIGHT = 0.5
WARMUP = 0.2


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Hard weak labels under the log-confidence loss, one student."""
    loss = w2s.losses.LogConfidence(weight=WEIGHT, warmup=WARMUP)
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard, loss=loss)
    return student.predict(bench.test)
