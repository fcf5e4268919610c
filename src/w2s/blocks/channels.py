"""Several noisy views of the same items give a posterior of the truth, and how good each view is, by EM.

Both functions assume that the views err independently given the truth. Views that share their mistakes
(weak supervisors of different seeds do) make the posterior too sure of itself: combine views of different
origin, such as a weak label, a zero-shot answer and a likelihood, and temper the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.blocks import targets
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray


@dataclass(frozen=True)
class Posterior:
    """Result of EM: `soft` probability of class 1 [n], and `accuracy` of each view [views]."""

    soft: FloatArray
    accuracy: FloatArray
    rounds: int


def dawid_skene(
    votes: npt.ArrayLike,
    *,
    prior: float | FloatArray = 0.5,
    by_class: bool = False,
    start: float = 0.7,
    bounds: tuple[float, float] = (0.51, 0.95),
    rounds: int = 100,
    tolerance: float = 1e-6,
) -> Posterior:
    """Posterior of class 1 from binary `votes` [views, n], each view right with an unknown rate.

    E: log-odds = logit(prior) + sum over views of log P(vote | 1) / P(vote | 0).
    M: each view's rate = its expected agreement with the posterior, kept within `bounds`, so that no
    view is turned round or trusted without limit. `prior` is one probability or one an item;
    `by_class` gives each view one rate for each class. Every view starts at `start`. At least three views
    are needed for the rates to be identified; with two, both keep equal rates. Source: Dawid and Skene 1979.
    """
    seen = np.asarray(votes, dtype=np.float64)
    if seen.ndim != 2 or seen.shape[1] == 0 or not np.isin(seen, (0.0, 1.0)).all():
        raise BadTargets(f"votes of shape {seen.shape}; give 0 or 1 for each view and item, [views, n]")
    low, high = bounds
    before = targets.logit(np.broadcast_to(np.asarray(prior, dtype=np.float64), seen.shape[1:]))
    right_1 = np.full(len(seen), start)
    right_0 = right_1.copy()
    soft = np.full(seen.shape[1], 0.5)
    used = 0
    while used < rounds:
        used += 1
        for_1 = np.log(right_1 / (1.0 - right_0))
        for_0 = np.log((1.0 - right_1) / right_0)
        latest = targets.sigmoid(before + for_1 @ seen + for_0 @ (1.0 - seen))
        moved = float(np.abs(latest - soft).max())
        soft = latest
        if moved < tolerance:
            break
        hits, passes = seen @ soft, (1.0 - seen) @ (1.0 - soft)
        if by_class:
            right_1 = np.clip(hits / soft.sum(), low, high)
            right_0 = np.clip(passes / (1.0 - soft).sum(), low, high)
        else:
            right_1 = right_0 = np.clip((hits + passes) / seen.shape[1], low, high)
    share = float(soft.mean())
    return Posterior(soft=soft, accuracy=share * right_1 + (1.0 - share) * right_0, rounds=used)


def noisy_channel(
    margins: npt.ArrayLike,
    *,
    prior: float | FloatArray = 0.5,
    bins: int = 10,
    rounds: int = 20,
    smoothing: float = 2.0,
    start: FloatArray | None = None,
) -> Posterior:
    """Posterior of class 1 from margins [views, n]: how much a view is believed grows with its margin.

    Each view's margins are cut into `bins` of equal size. E: log-odds = logit(prior) + sum over views of
    log P(bin | 1) / P(bin | 0). M: both histograms are refitted on the posterior, with `smoothing` items
    added to every bin, and the ratio is made to rise with the margin. Starts from `dawid_skene` of the
    signs, or from the posterior `start` [n]. One view alone is only identified by its prior, and explains itself
    better each round where the prior is too unsure: give it `start=prior` and one round, which is Bayes' rule
    with the channel that the prior implies. The noisy channel of the published EM posterior, with the margin as
    the feature of an item.
    """
    from scipy.optimize import isotonic_regression

    values = np.asarray(margins, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0 or not np.isfinite(values).all():
        raise BadTargets(f"margins of shape {values.shape}; give a finite log-odds for each view and item")
    before = targets.logit(np.broadcast_to(np.asarray(prior, dtype=np.float64), values.shape[1:]))
    places = [_bins(view, bins) for view in values]
    soft = dawid_skene(values > 0, prior=prior).soft if start is None else np.asarray(start, dtype=np.float64)
    if soft.shape != values.shape[1:]:
        raise BadTargets(
            f"start of shape {soft.shape} for {values.shape[1]} items; give one probability for each"
        )
    for _ in range(rounds):
        margin = before.copy()
        for place in places:
            for_1 = np.bincount(place, weights=soft, minlength=bins) + smoothing * soft.mean()
            for_0 = np.bincount(place, weights=1.0 - soft, minlength=bins) + smoothing * (1.0 - soft.mean())
            ratio = np.log(for_1 / for_1.sum()) - np.log(for_0 / for_0.sum())
            margin += isotonic_regression(ratio, weights=for_1 + for_0).x[place]
        soft = targets.sigmoid(margin)
    agree = np.where(values > 0, soft, 1.0 - soft).mean(axis=1)
    return Posterior(soft=soft, accuracy=agree, rounds=rounds)


def _bins(margin: FloatArray, bins: int) -> IntArray:
    """Bin of each item, 0 .. bins - 1, cut at the quantiles; equal margins share a bin."""
    edges = np.quantile(margin, np.arange(1, bins) / bins)
    return np.searchsorted(edges, margin, side="right").astype(np.int64)
