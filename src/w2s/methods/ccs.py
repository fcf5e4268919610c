"""Read the answer off the direction along which the frozen strong model answers a claim and its negation oppositely.

    minimise mean (p+ - (1 - p-))^2 + min(p+, p-)^2,  p = sigmoid(direction . state + intercept)
    margin = direction . (state+ - state-) / 2, each side normalised by itself

A pair and its swap, or a proposed answer followed by either label word. The layer is the one with the lowest
loss; the weak labels decide nothing but the sign. Defaults: 10 restarts (source); at most 6 layers, evenly spread,
and L-BFGS (set here). Cost: .4 for each layer tried, at 3 epochs. Relies on: truth being what is most consistent
among the model's directions. Source: contrast-consistent search (2212.03827).
"""

from __future__ import annotations

import w2s

RESTARTS = 10
LAYERS = 6


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Best layer's contrast probe, no fine-tuning."""
    student = bench.strong()
    found = w2s.contrast.read(
        bench, student, layers=w2s.probes.depth(bench.layers, at_most=LAYERS), restarts=RESTARTS
    )
    agreement = ((found.margin > 0) == (bench.weak.soft > 0.5)).mean()
    bench.log(layer=found.layer, loss=found.probe.loss, weak_agreement=agreement)
    margin = found(bench, student, bench.test)
    return w2s.Predictions(bench.test, w2s.targets.sigmoid(w2s.elicitation.scaled(margin)))
