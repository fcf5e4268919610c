"""Fine-tune only on the items of which the weak supervisor is sure.

    kept = max(p_weak, 1 - p_weak) >= THRESHOLD;  target = 1[p_weak > .5]

Defaults: threshold .75 (source). Cost: .5 to .9, the share that is kept. Relies on: the weak model being
calibrated enough that what it is sure of is more often right. Source: Burns et al. 2023 (2312.09390),
"confident labels only".
"""

from __future__ import annotations

import w2s

THRESHOLD = 0.75


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Hard labels of the confident items, one student."""
    kept = w2s.targets.keep_confident(bench.weak.soft, threshold=THRESHOLD)
    student = bench.strong()
    student.finetune(bench.unlabelled[kept], bench.weak.hard[kept])
    return student.predict(bench.test)
