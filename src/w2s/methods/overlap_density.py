"""Fine-tune on the half of the items whose weak label fits where they lie among the strong model's states.

    hard  = weak confidence below its change point;  overlap = max |cosine| to a hard item
    score = mean rank of: a held-out probe's margin for the label, share of like-labelled neighbours,
            density, overlap;  kept = the best FRACTION of each class, hard items last

Overlapping items (sure for the weak model, near to what it finds hard) carry its knowledge to where it has none;
putting hard items last is what keeps the weak label's entropy in the middle. Defaults: half, balanced (study); 50
neighbours, equal ranks, layer at 60 % of the depth (set here). Cost: .7 at 3 epochs. Relies on: likeness in the strong
model's states going with likeness in truth. Source: 2412.03881 for overlap, without its choice between data
sources; the overlap density method of the April 2026 study for the rest.
"""

from __future__ import annotations

import functools

import numpy as np

import w2s

FRACTION = 0.5
NEIGHBOURS = 50


def run(bench: w2s.Bench) -> w2s.Predictions:
    """Weak labels of the items that fit and overlap, one student."""
    student, items = bench.strong(), bench.unlabelled
    (layer,) = w2s.probes.depth(bench.layers)
    states = w2s.elicitation.states(student, items, layer)
    sign = 2.0 * bench.weak.hard - 1.0
    fit = functools.partial(w2s.probes.whitened, odd=w2s.elicitation.are_pairs(items))
    probe = w2s.probes.cross_fitted(fit, states, bench.weak.hard, rng=bench.rng, groups=items.group)
    size = np.unique(items.group, return_counts=True)[1].max()
    near = w2s.neighbours.nearest(
        w2s.geometry.directions(states), k=min(NEIGHBOURS, len(items) - size), groups=items.group
    )
    lies = w2s.geometry.overlap(states, bench.weak.confidence)
    parts = (sign * probe, near.agreement(bench.weak.hard), near.density, lies.score)
    score = np.mean([w2s.geometry.ranked(part) for part in parts], axis=0) - lies.hard
    bench.log(overlap_density=lies.density, hard=lies.hard.mean())
    kept = w2s.targets.balanced_top(sign * (score + 2.0), fraction=FRACTION)
    student.finetune(items[kept], bench.weak.hard[kept])
    return student.predict(bench.test)
