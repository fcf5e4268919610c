"""Ask the frozen strong model directly, with no label and no training.

    margin = log P(class 1) / P(class 0) under the testbed's prompt, both orders of a pair,
    minus its median over the unlabelled items

Defaults: the testbed's own prompt; the median is taken out (set here), since a base model prefers one label
word whatever the item. Cost: .4 at 3 epochs. Relies on: the strong model saying what it knows when asked
plainly. Source: the zero-shot baseline of 2506.10139.
"""

from __future__ import annotations

import numpy as np

import w2s


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Zero-shot answers of an untrained student."""
    student = bench.strong()
    usual = np.median(w2s.elicitation.both_orders(student.zero_shot, bench.unlabelled))
    margin = w2s.elicitation.both_orders(student.zero_shot, bench.test) - usual
    return w2s.Predictions(bench.test, w2s.targets.sigmoid(margin))
