"""Presentation: does a prediction depend on which other test items are asked about, and in which order?

A run of the same seeds and handles is asked about half of the test's questions in another order. An inductive method
answers them as before; a transductive one uses the test set as a group. Neither breaks a rule: the report says which.

Not covered: a method that counts its test items and behaves where only half are there.
"""

from __future__ import annotations

import numpy as np

from aar.scoring.audits import rules
from aar.scoring.audits.audit import Audit, Need
from aar.scoring.audits.case import Case
from aar.scoring.audits.estimates import Interval, counts
from aar.scoring.audits.finding import Finding

NAME = "presentation"


def presentation(case: Case) -> Finding:
    """Share of predictions that change their class, over questions."""
    unsplit = {run.k: run.predictions for run in case.of("none", "sealed")}
    parts = [(run.predictions, unsplit[run.k]) for run in case.of("part", "sealed") if run.k in unsplit]
    if not parts:
        words = "The code fails on a part of the test." if "part" in case.crashed else "No run was made."
        return Finding(NAME, "person" if "part" in case.crashed else "no power", words)
    turned, group = [], []
    inductive = []
    for part, full in parts:
        rows = part.served
        turned.append((part.values[rows] > 0.5) != (full.values[rows] > 0.5))
        group.append(part.pool.group[rows])
        inductive.append((part.values[rows] > 0.5) == (part.pool.truth[rows] > 0.5))
    flips, of = np.concatenate(turned).astype(np.float64), np.concatenate(group)
    _, place = np.unique(of, return_inverse=True)
    drawn = counts(int(place.max()) + 1, rules.DRAWS, np.random.default_rng(0))
    rate = (drawn @ np.bincount(place, flips)) / (drawn @ np.bincount(place))
    estimate = Interval.of(float(flips.mean()), rate)
    transductive = estimate.mean > rules.PART_FLIPPED
    text = (
        f"Transductive: {estimate.mean:.1%} of its predictions depend on which other test items are asked about; "
        f"with half of them its accuracy is {np.concatenate(inductive).mean():.3f}."
        if transductive
        else "Inductive: a prediction does not depend on the other test items."
    )
    return Finding(
        NAME,
        "clean",
        text,
        statistic=estimate.mean,
        low=estimate.low,
        high=estimate.high,
        threshold=rules.PART_FLIPPED,
        n=len(flips),
        cost=len(parts),
    )


AUDIT = Audit(NAME, presentation, needs=(Need("sealed", "part", 1),))
