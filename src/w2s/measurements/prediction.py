"""Prediction of real models by a mini testbed: the study's published PGR of methods against PGR measured here.

What counts is the order of the methods: Spearman's rank correlation, and each pair of methods by itself. The PGR of a
method is its mean over the worlds of a split. Every seed draws its own items, supervisor and students, so a bootstrap
over seeds covers items too. It draws seeds anew within each world. Where a split has `ENOUGH_WORLDS` it draws the
worlds too; where it has fewer they are taken as they are, and the intervals do not cover other worlds. The published
figures are taken as they stand: most of them were stated without seeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from w2s.errors import NotFound, NotMeasured
from w2s.measurements.redrawn import DRAWS, interval, pgr_redrawn

if TYPE_CHECKING:
    from w2s.measurements.collect import ArmResult
    from w2s.records import FloatArray

STUDIED_AS: Mapping[str, str] = {
    "mini-chat": "qwen-chat",
    "mini-math": "qwen-math",
    "mini-code": "qwen-code",
}
"""The study's testbed that each mini testbed stands for."""
HELD_OUT: Mapping[str, tuple[str, ...]] = {
    "mini-chat": ("ccs_evolution", "overlap_density", "confident_labels", "critic")
}
"""Methods that were only looked at when a design was done, by testbed; worlds are designed with all others."""
_MIN_RANKED = 3


class Group(StrEnum):
    """Methods that a rank correlation is taken over."""

    DESIGN = "design"
    HELD_OUT = "held out"
    ALL = "all"


class Order(StrEnum):
    """Order of two methods, measured against published."""

    SAME = "same"
    OPEN = "open"
    REVERSED = "reversed"


@dataclass(frozen=True)
class MethodPoint:
    """One method: its published PGR, and the measured one with its 95 % interval over seeds."""

    method: str
    group: Group
    published: float
    measured: float
    low: float
    high: float


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rho of published against measured PGR over `methods` methods, with its 95 % bootstrap interval."""

    group: Group
    methods: int
    rho: float
    low: float
    high: float


@dataclass(frozen=True)
class PairOrder:
    """Two methods, the one with the higher published PGR first, and what was measured of their difference.

    `gain` is the first's PGR minus the second's; the order is `OPEN` where its 95 % interval holds 0.
    """

    better: str
    worse: str
    gain: float
    low: float
    high: float
    order: Order


@dataclass(frozen=True)
class Prediction:
    """How well one split of a mini testbed predicts the study.

    Attributes:
        testbed: Name of the mini testbed.
        studied_as: Name of the study's testbed.
        split: Name of the split.
        worlds: Names of its worlds.
        seeds: Number of seeds of a world, the least where they differ.
        n: Number of test items of a seed.
        over_worlds: True if the intervals cover other worlds, too.
        points: Methods, highest published PGR first.
        correlations: Rank correlations, of the groups that have at least three methods.
        pairs: All pairs of methods.
    """

    testbed: str
    studied_as: str
    split: str
    worlds: tuple[str, ...]
    seeds: int
    n: int
    over_worlds: bool
    points: tuple[MethodPoint, ...]
    correlations: tuple[RankCorrelation, ...]
    pairs: tuple[PairOrder, ...]


def published_pgr(testbed: str) -> dict[str, float]:
    """Published PGR by method of the library, highest first, for a mini testbed; `NotFound` for any other.

    >>> published_pgr("mini-math")
    {'zero_shot': 0.586, 'vanilla': 0.338, 'confident_labels': 0.296, 'critic': 0.26}
    """
    from w2s import methods
    from w2s.testbeds.real.published import lines

    if testbed not in STUDIED_AS:
        raise NotFound(
            f"no published figures to hold {testbed!r} against; there are for {', '.join(sorted(STUDIED_AS))}"
        )
    known = set(methods.names())
    pgr = {
        line.name: line.pgr
        for line in lines(STUDIED_AS[testbed])
        if line.name in known and line.pgr is not None
    }
    ranked = sorted(pgr.items(), key=lambda entry: -entry[1])
    return {method: round(value, 3) for method, value in ranked}


def predict(testbed: str, results: Sequence[ArmResult], *, draws: int = DRAWS) -> tuple[Prediction, ...]:
    """Published against measured PGR, for each split that `results` hold.

    Raises `NotFound` for a testbed without published figures, `NotMeasured` where fewer than two seeds of a world have
    floor, ceiling and all published methods.
    """
    published = published_pgr(testbed)
    splits = dict.fromkeys(result.split for result in results)
    if not splits:
        raise NotMeasured(f"no results of {testbed}; measure first: aar testbed predict {testbed}")
    return tuple(
        _of_split(testbed, published, [result for result in results if result.split == split], draws)
        for split in splits
    )


def spearman(first: FloatArray, second: FloatArray) -> float:
    """Spearman's rank correlation of two rows [k], ties at their mean rank; nan if a row is constant.

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.3, 0.2]))
    0.5
    """
    return float(_spearman_of_each(first, second[None])[0])


def _spearman_of_each(first: FloatArray, rows: FloatArray) -> FloatArray:
    """Spearman's rank correlation of `first` [k] with each of `rows` [D, k], [D]."""
    from scipy.stats import rankdata

    mine, theirs = rankdata(first), rankdata(rows, axis=1)
    mine, theirs = mine - mine.mean(), theirs - theirs.mean(axis=1, keepdims=True)
    length = np.sqrt((mine**2).sum() * (theirs**2).sum(axis=1))
    with np.errstate(invalid="ignore"):  # 0 by 0 where a row is constant
        return np.asarray(np.round(theirs @ mine / length, 12))


def _of_split(
    testbed: str, published: Mapping[str, float], results: Sequence[ArmResult], draws: int
) -> Prediction:
    order = list(published)
    found = pgr_redrawn(results, order, draws)
    pgr, redrawn = found.pgr, found.redrawn
    heights = np.array([published[method] for method in order])
    return Prediction(
        testbed=testbed,
        studied_as=STUDIED_AS[testbed],
        split=results[0].split,
        worlds=found.worlds,
        seeds=found.seeds,
        n=results[0].n,
        over_worlds=found.over_worlds,
        points=tuple(
            MethodPoint(method, _group(testbed, method), published[method], pgr[i], *interval(redrawn[i]))
            for i, method in enumerate(order)
        ),
        correlations=tuple(
            RankCorrelation(
                group, len(places), _rho(heights, pgr, places), *_rho_interval(heights, redrawn, places)
            )
            for group, places in _groups(testbed, order).items()
            if len(places) >= _MIN_RANKED and (group is Group.ALL or len(places) < len(order))
        ),
        pairs=tuple(
            _pair(order[i], order[j], pgr[i] - pgr[j], redrawn[i] - redrawn[j])
            for i, j in itertools.combinations(range(len(order)), 2)
        ),
    )


def _group(testbed: str, method: str) -> Group:
    return Group.HELD_OUT if method in HELD_OUT.get(testbed, ()) else Group.DESIGN


def _groups(testbed: str, order: Sequence[str]) -> dict[Group, list[int]]:
    groups: dict[Group, list[int]] = {group: [] for group in Group}
    for place, method in enumerate(order):
        groups[_group(testbed, method)].append(place)
        groups[Group.ALL].append(place)
    return groups


def _rho(heights: FloatArray, pgr: FloatArray, places: list[int]) -> float:
    return spearman(heights[places], pgr[places])


def _rho_interval(heights: FloatArray, redrawn: FloatArray, places: list[int]) -> tuple[float, float]:
    return interval(_spearman_of_each(heights[places], redrawn[places].T))


def _pair(better: str, worse: str, gain: float, redrawn: FloatArray) -> PairOrder:
    low, high = interval(redrawn)
    order = Order.SAME if low > 0 else Order.REVERSED if high < 0 else Order.OPEN
    return PairOrder(better, worse, float(gain), low, high, order)
