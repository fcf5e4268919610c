"""Read the answer off one layer of the frozen strong model, along the whitened difference of the weak labels' means.

    margin = (mean state of class 1 - mean state of class 0) . covariance^-1 . (state - midpoint)

One layer and every label, as published; `probe` is the same direction searched over layers on confident labels.
For pairs the states are half the difference of both orders. Defaults: layer at 60 % of the depth (source); shrinkage
.1 and hard labels (set here). Cost: .2 at 3 epochs. Relies on: truth being a linear direction that the weak
labels point to on average. Source: mass-mean probing (2310.06824).
"""

from __future__ import annotations

import numpy as np

import w2s

SHRINKAGE = 0.1


def run(bench: w2s.Bench) -> w2s.Predictions:
    """One layer's probe, no fine-tuning."""
    student, items = bench.strong(), bench.unlabelled
    (layer,) = w2s.probes.depth(bench.layers)
    states = w2s.elicitation.states(student, items, layer)
    odd = w2s.elicitation.are_pairs(items)
    weak = w2s.targets.hard(w2s.targets.center(w2s.targets.logit(bench.weak.soft)))
    found = w2s.probes.whitened(states, weak, shrinkage=SHRINKAGE, odd=odd)
    usual = np.median(found(states))
    margin = found(w2s.elicitation.states(student, bench.test, layer)) - usual
    return w2s.Predictions(bench.test, w2s.targets.sigmoid(w2s.elicitation.scaled(margin)))
