"""Who is let through: the two-standard-error Ladder on dev, a paired test on sealed at what is left of the study's .05.

Pure functions of per-item correctness ([seeds, n], values in [0, 1]); the same ones serve the lab and
an attack on synthetic correctness.

The Ladder's shared state (one per testbed and lab) is the holder's correctness and a record, its dev
mean rounded to the step. It moves only when a submission was verified on sealed. So a would-be record
that luck made, or that fitted the dev items, and that sealed then refused (`not_reproduced`) leaves the
shared bar where it was and blocks nobody. Such a submission is not free for its author, though: each
submission must pass the same gate against the best of its author's earlier would-be records too. Otherwise
"would-be record or not" would be an oracle that answers one bit for every submission; and a bar that rose by
a step alone would let an author climb as on the original Ladder once the gate is passed (measured in
benchmarks/scoring_attacks.py: .059 instead of .040 of accuracy with 300 submissions at n = 1263).

Covered: single-item probing, differencing at a rounding edge, hill climbing by one author (the answers
"would-be record" are at most 1/step per author); a lucky record that blocks others; seed picking.
Not covered: k authors who collude learn k times as much on dev as one (the lab gives out the authors, and
what they learn must still pass sealed); the rare bit that a submission was sent on to sealed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from w2s.metrics import alpha_at, clustered_stderr, paired_difference, paired_gain
from w2s.records import Estimate, FloatArray

Clusters = Sequence[str] | npt.NDArray[np.generic]

POWER = 0.8
"""Chance of verifying a given true gain that a growing number of seeds is meant to keep."""

FUTILE = 0.05
"""Chance of being verified after all below which a confirmation is ended at its look."""

FEWEST_TO_LOOK_AT = 3
"""Seeds below which no look is taken: their spread says nothing."""


@dataclass(frozen=True)
class DevDecision:
    """What the Ladder decides; of these only `accepted` may reach a researcher.

    `gain` is the mean accuracy gained over the holder on the same supervisors and items, `stderr` its
    cluster-robust standard error over items, `threshold` what the gain had to exceed.
    """

    accepted: bool
    mean: float
    gain: float
    stderr: float
    threshold: float


@dataclass(frozen=True)
class SealedDecision:
    """What the confirmation decides: `gain.low` is the one-sided lower bound at `alpha`."""

    verified: bool
    gain: Estimate
    alpha: float


def step(n: int) -> float:
    """Step of the Ladder on `n` test items: half a standard error of a coin, .5/sqrt(n).

    >>> step(2500)
    0.01
    """
    return 0.5 / math.sqrt(n)


def rounded(accuracy: float, *, n: int) -> float:
    """The accuracy as the Ladder states it: to the nearest step.

    >>> rounded(0.7349, n=2500)
    0.73
    """
    return round(accuracy / step(n)) * step(n)


def judge_dev(
    candidate: FloatArray,
    holder: FloatArray,
    clusters: Clusters,
    *,
    own: FloatArray | None = None,
) -> DevDecision:
    """Is `candidate` a would-be record? [S, n] each, row k of both the same supervisor.

    Accepted if its mean beats the holder's by more than max(step, 2 standard errors of the paired
    difference, clusters counted once), and that of `own`, the best of its author's earlier would-be records on
    the same seeds, in the same way.

    >>> import numpy as np
    >>> better, holder = np.ones((3, 400)), np.tile([1.0, 0.0], (3, 200))
    >>> judge_dev(better, holder, np.arange(400)).accepted
    True
    """
    a, b = np.asarray(candidate, dtype=np.float64), np.asarray(holder, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(
            f"correctness of shapes {a.shape} and {b.shape} cannot be paired; use the same seeds"
        )
    difference, n = a.mean(axis=0) - b.mean(axis=0), a.shape[1]
    gain, stderr, mean = float(difference.mean()), clustered_stderr(difference, clusters), float(a.mean())
    threshold = max(step(n), 2 * stderr)
    accepted = gain > threshold and (own is None or judge_dev(a, own, clusters).accepted)
    return DevDecision(accepted=accepted, mean=mean, gain=gain, stderr=stderr, threshold=threshold)


def level(attempt: int, *, authors: int) -> float:
    """Level of an author's `attempt`-th would-be record (from 1) in a study of `authors`.

    The study's .05 is split evenly over its authors and each spends its part over its attempts, so that together
    they stay below .05, and what one has spent takes nothing from another.

    >>> f"{level(1, authors=1):.4f} {level(1, authors=3):.4f} {level(2, authors=3):.4f}"
    '0.0304 0.0101 0.0025'
    """
    return alpha_at(attempt) / authors


def judge_sealed(
    candidate: FloatArray, champion: FloatArray, clusters: Clusters, *, alpha: float
) -> SealedDecision:
    """Does the gain over the champion hold on sealed? [S, n] each, paired by supervisor and item.

    Verified if the one-sided lower bound of the gain at `alpha` is above 0; seeds and clusters both count.
    """
    gain = paired_gain(candidate, champion, clusters, level=1 - 2 * alpha)
    return SealedDecision(verified=gain.low > 0, gain=gain, alpha=alpha)


def look_at(seeds: int) -> int | None:
    """After how many of its seeds a confirmation is looked at, once; None where there are too few.

    >>> look_at(8), look_at(4)
    (4, None)
    """
    return seeds // 2 if seeds // 2 >= FEWEST_TO_LOOK_AT else None


def futile(
    candidate: FloatArray, champion: FloatArray, clusters: Clusters, *, alpha: float, seeds: int
) -> bool:
    """Whether the first rows of a confirmation of `seeds` leave it next to no chance of being verified.

    The chance is predicted as if everything went well: the rest of the seeds are like the first (Student's t for
    how little these say), the items stay the same, and the standard error shrinks as if it came from the seeds
    alone. Ending early can only turn a verified into a not reproduced, so no level is spent by it.
    """
    from scipy.special import stdtr

    found = paired_difference(candidate, champion, clusters)
    by_seed = (np.asarray(candidate) - np.asarray(champion)).mean(axis=1)
    looked = len(by_seed)
    left = seeds - looked
    bar = NormalDist().inv_cdf(1 - alpha) * found.stderr * math.sqrt(looked / seeds)
    spread = left / seeds * float(by_seed.std(ddof=1)) * math.sqrt(1 / looked + 1 / left)
    if spread == 0.0:
        return found.mean <= bar
    return 1.0 - float(stdtr(looked - 1, (bar - found.mean) / spread)) < FUTILE


def seeds_for(attempt: int, *, authors: int = 1, start: int = 8, most: int = 24) -> int:
    """Seeds of a confirmation, so that a later attempt at a stricter level keeps its chance.

    In proportion to (z(alpha_j) + z(power))^2, from `start` at the first attempt up to `most`.

    >>> [seeds_for(j) for j in (1, 2, 3, 10)]
    [8, 12, 14, 20]
    """

    def need(j: int) -> float:
        alpha = level(j, authors=authors)
        return (NormalDist().inv_cdf(1 - alpha) + NormalDist().inv_cdf(POWER)) ** 2

    return max(start, min(most, math.ceil(start * need(attempt) / need(1) - 1e-9)))
