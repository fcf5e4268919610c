"""Fine-tune the strong model on the weak supervisor's labels as if they were true.

    target = 1[p_weak > .5]

Defaults: hard labels (source); the testbed's recipe. Cost: 1 (all others are counted in this). Relies on:
the weak labels. Source: Burns et al. 2023 (2312.09390).
"""

from __future__ import annotations

import w2s


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Hard labels, one student."""
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    return student.predict(bench.test)
