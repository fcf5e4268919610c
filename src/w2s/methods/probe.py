"""Read the answer off the frozen strong model's hidden states with a linear probe fitted to the weak labels.

    margin = whitened difference of the class means of the states at the label position

The layer is the one whose cross-fitted margins agree best with the weak labels. For pairs the states are
the half difference of both orders, which takes out everything that does not depend on the order. Defaults:
the weak labels' confident half, shrinkage .1, all layers tried (set here). Cost: .2 for each layer tried,
at 3 epochs. Relies on: truth being a linear direction that weak labels point to on average. Source:
mass-mean probing (2310.06824).
"""

from __future__ import annotations

import functools

import numpy as np

import w2s

FRACTION = 0.5


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Best layer's probe, no fine-tuning."""
    student, items = bench.strong(), bench.unlabelled
    fit = functools.partial(w2s.probes.whitened, odd=w2s.elicitation.are_pairs(items))
    weak = w2s.targets.center(w2s.targets.logit(bench.weak.soft))
    kept = w2s.targets.balanced_top(weak, fraction=FRACTION)
    layers = list(range(1, bench.layers + 1))
    seen = [w2s.elicitation.states(student, items, layer) for layer in layers]
    best = w2s.probes.best_layer(
        fit,
        [each[kept] for each in seen],
        w2s.targets.hard(weak)[kept],
        rng=bench.rng,
        groups=items.group[kept],
    )
    found = fit(seen[best][kept], w2s.targets.hard(weak)[kept])
    usual = np.median(found(seen[best]))
    bench.log(layer=layers[best])
    margin = found(w2s.elicitation.states(student, bench.test, layers[best])) - usual
    return w2s.Predictions(bench.test, w2s.targets.sigmoid(w2s.elicitation.scaled(margin)))
