"""The test on sealed: is the gain there again, at what is left of the study's .05, and is the rest worth its cost?

Covered: a gain that luck made on dev; an author who tries until one passes (each attempt is tested at a stricter
level); seeds that are picked. Not covered: authors who are counted as two and are one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from w2s.metrics import (
    Clusters,
    Supervisors,
    Tables,
    alpha_at,
    world_difference,
    world_gain,
    world_means,
)
from w2s.records import Estimate

POWER = 0.8
"""Chance of verifying a given true gain that a growing number of seeds is meant to keep."""

FUTILE = 0.05
"""Chance of being verified after all below which a confirmation is ended at its look."""

FEWEST_TO_LOOK_AT = 3
"""Seeds below which no look is taken: their spread says nothing."""


@dataclass(frozen=True)
class SealedDecision:
    """Decision of a confirmation: `gain.low` is the one-sided lower bound at `alpha`."""

    verified: bool
    gain: Estimate
    alpha: float


def level(attempt: int, *, authors: int) -> float:
    """Level of an author's `attempt`-th would-be record (from 1) in a study of `authors`.

    The study's .05 is split evenly over its authors and each spends its part over its attempts, so that together
    they stay below .05, and what one has spent takes nothing from another.

    >>> f"{level(1, authors=1):.4f} {level(1, authors=3):.4f} {level(2, authors=3):.4f}"
    '0.0304 0.0101 0.0025'
    """
    return alpha_at(attempt) / authors


def judge_sealed(
    candidate: Tables,
    champion: Tables,
    clusters: Clusters,
    *,
    alpha: float,
    supervisors: Supervisors | None = None,
) -> SealedDecision:
    """Does the gain over the champion hold on sealed? A table [S, n] a world each, paired by supervisor and item.

    Verified if the one-sided lower bound of the gain at `alpha` is above 0. The world is the unit, and the gain that at
    a typical one of `supervisors`; where there is one world only, seeds and clusters both count. The mean gain with the
    supervisors that were drawn must be above 0, too: who is bad on purpose where its supervisor is bad draws a line
    that promises a gain where no supervisor was.
    """
    gain = world_gain(candidate, champion, clusters, level=1 - 2 * alpha, supervisors=supervisors)
    as_drawn = float((world_means(candidate) - world_means(champion)).mean())
    return SealedDecision(verified=gain.low > 0 and as_drawn > 0, gain=gain, alpha=alpha)


def look_at(seeds: int) -> int | None:
    """After how many of its seeds a confirmation is looked at, once; None where there are too few.

    >>> look_at(8), look_at(4)
    (4, None)
    """
    return seeds // 2 if seeds // 2 >= FEWEST_TO_LOOK_AT else None


def futile(
    candidate: Tables,
    champion: Tables,
    clusters: Clusters,
    *,
    alpha: float,
    seeds: int,
    supervisors: Supervisors | None = None,
) -> bool:
    """True if the first rows of a confirmation of `seeds` leave almost no chance of being verified.

    The chance is predicted as if everything went well: the rest of the seeds are like the first (Student's t for
    how little these say) and the standard error shrinks as if it came from the seeds alone. In one world the items
    stay the same. Ending early can only turn a verified into a not reproduced, so no level is spent by it.
    """
    from scipy.special import stdtr

    difference = world_difference(candidate, champion, clusters, supervisors)
    by_seed = np.concatenate([(a - b).mean(axis=1) for a, b in zip(candidate, champion, strict=True)])
    looked = len(by_seed)
    error, freedom = difference.stderr, difference.degrees_of_freedom  # what is known of the mean over worlds
    if len(candidate) == 1:  # the items of one world come again: only its seeds are still to be drawn
        error, freedom = float(by_seed.std(ddof=1)) / math.sqrt(looked), looked - 1
    # what the whole mean has to exceed: the standard error of today, as if all of it shrank with the seeds
    bar = NormalDist().inv_cdf(1 - alpha) * difference.stderr * math.sqrt(looked / seeds)
    # the whole mean still moves by what the seeds to come differ from the first ones
    spread = error * math.sqrt((seeds - looked) / seeds)
    if spread == 0.0:  # seeds that all agree leave nothing to chance
        return difference.mean <= bar
    return 1.0 - float(stdtr(freedom, (bar - difference.mean) / spread)) < FUTILE


def seeds_for(attempt: int, *, authors: int = 1, start: int = 8, most: int = 24) -> int:
    """Seeds of a confirmation, so that a later attempt at a stricter level keeps its chance.

    In proportion to (z(alpha_j) + z(power))^2, from `start` at the first attempt up to `most`.

    >>> [seeds_for(j) for j in (1, 2, 3, 10)]
    [8, 12, 14, 20]
    """

    def need(j: int) -> float:
        alpha = level(j, authors=authors)
        return (NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(POWER)) ** 2

    # power stays the same when seeds grow with the squared sum of quantiles; 1e-9, so that rounding adds no seed
    return max(start, min(most, math.ceil(start * need(attempt) / need(1) - 1e-9)))
