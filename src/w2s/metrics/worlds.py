"""Figures over one world or several: with several, the world is the unit, so that a claim is one about unseen worlds.

A table [S, n] holds per-item correctness in one world, one row a seed; tables of two methods are paired row by row
and item by item. With one world seeds and item clusters both count (`two_way`). With several, each world gives one
mean, whatever it has of seeds and items, and the spread of these means is all that counts: it holds the luck of
items, supervisors and students, and what differs between worlds.

Much of that spread is the supervisors' luck: most gains are larger where the supervisor is worse. It is measured by
something that no method can move, such as the accuracy of a plain student of the same supervisor, and taken out by
regression (analysis of covariance, Fisher 1932): a figure is the one at a typical supervisor. Student's t with one
degree of freedom less than worlds, two less with supervisors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.metrics.equivalence import Equivalence, within
from w2s.metrics.gains import Difference, paired_difference
from w2s.metrics.gap import fieller, pgr_gain, pgr_interval, refuse_no_gap
from w2s.records import Estimate, FloatArray

FEWEST = 4
"""Worlds from which on the supervisors' luck is taken into account: two degrees of freedom are left."""

Tables = Sequence[FloatArray]
"""Correctness of one method, a table [S, n] a world; tables of other methods have the same worlds in the same order."""
Clusters = Sequence[Sequence[str] | npt.NDArray[np.generic]]
"""Question of each item, [n] a world."""


@dataclass(frozen=True)
class Supervisors:
    """How good the supervisors of each world are, [worlds], and a `typical` one, [worlds], at which figures are stated.

    `accuracy` is that of the supervisors themselves or of plain students of them. `typical` is known beforehand, from
    many supervisors of each world; without it the mean of these here takes its place, and figures speak of supervisors
    like these.
    """

    accuracy: FloatArray
    typical: FloatArray | None = None


def world_means(tables: Tables) -> FloatArray:
    """Mean accuracy in each world, [worlds].

    >>> world_means([np.array([[1.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])]).tolist()
    [0.5, 0.5]
    """
    return np.array([float(np.mean(table)) for table in tables])


def world_difference(
    a: Tables, b: Tables, clusters: Clusters, supervisors: Supervisors | None = None
) -> Difference:
    """Mean accuracy of `a` minus that of `b`, with its standard error and degrees of freedom.

    Worlds count equally. `ValueError` for tables that cannot be paired, and as for `paired_difference` in one world.

    >>> one, other = [np.ones((1, 4)), np.ones((1, 4))], [np.zeros((1, 4)), np.full((1, 4), 0.5)]
    >>> world_difference(one, other, [range(4), range(4)])
    Difference(mean=0.75, stderr=0.25, degrees_of_freedom=1.0)
    """
    _paired(a, b)
    if len(a) == 1:
        return paired_difference(a[0], b[0], clusters[0])
    means, covariance, freedom = _at_typical((world_means(a) - world_means(b))[:, None], supervisors)
    return Difference(float(means[0]), float(covariance[0, 0]) ** 0.5, freedom)


def world_gain(
    a: Tables,
    b: Tables,
    clusters: Clusters,
    level: float = 0.95,
    *,
    supervisors: Supervisors | None = None,
) -> Estimate:
    """Mean accuracy of `a` minus that of `b` with a two-sided interval; `low` is a one-sided bound at (1 - level) / 2.

    Errors as for `world_difference`, and `ValueError` for a level that is not between 0 and 1.
    """
    from scipy.special import stdtrit  # a tenth of a second to import

    if not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1, e.g. 0.95")
    found = world_difference(a, b, clusters, supervisors)
    half = float(stdtrit(found.degrees_of_freedom, 0.5 + level / 2)) * found.stderr
    return _estimate(a, found.mean, found.mean - half, found.mean + half, level)


def world_accuracy(tables: Tables, clusters: Clusters, level: float = 0.95) -> Estimate:
    """Mean accuracy with a two-sided interval; errors as for `world_gain`."""
    return world_gain(tables, [np.zeros_like(table) for table in tables], clusters, level)


def world_equivalence(
    a: Tables, b: Tables, clusters: Clusters, *, margin: float, alpha: float = 0.05
) -> Equivalence:
    """TOST of `world_difference` against +-`margin`, in accuracy, fixed in advance."""
    return within(world_difference(a, b, clusters), margin=margin, alpha=alpha)


def world_pgr(
    student: Tables,
    floor: Tables,
    ceiling: Tables,
    clusters: Clusters,
    *,
    level: float = 0.95,
    same_supervisors: bool = False,
    supervisors: Supervisors | None = None,
) -> Estimate:
    """PGR with Fieller's interval: as `pgr_interval` in one world, else from means over worlds of numerator and gap.

    `same_supervisors` matters in one world only. `NoGap` where the gap is not established.
    """
    if len(student) == 1:
        return pgr_interval(
            student[0], floor[0], ceiling[0], clusters[0], level=level, same_supervisors=same_supervisors
        )
    low = world_means(floor)
    return _ratio(student, world_means(student) - low, world_means(ceiling) - low, level, supervisors)


def world_pgr_gain(
    a: Tables,
    b: Tables,
    floor: Tables,
    ceiling: Tables,
    clusters: Clusters,
    *,
    level: float = 0.95,
    same_supervisors: bool = False,
    supervisors: Supervisors | None = None,
) -> Estimate:
    """PGR of `a` minus PGR of `b`, paired by world, supervisor and item; otherwise as `world_pgr`."""
    _paired(a, b)
    if len(a) == 1:
        return pgr_gain(
            a[0], b[0], floor[0], ceiling[0], clusters[0], level=level, same_supervisors=same_supervisors
        )
    gap = world_means(ceiling) - world_means(floor)
    return _ratio(a, world_means(a) - world_means(b), gap, level, supervisors)


def adjusted(difference: FloatArray, supervisors: Supervisors | None) -> FloatArray:
    """Differences by world, [worlds], as they would be with typical supervisors; unchanged where there are few.

    The same holds for pairs of seeds, [pairs], with the supervisor of each pair.

    >>> unlucky = Supervisors(np.array([0.6, 0.5, 0.6, 0.5, 0.6, 0.5]), typical=np.full(6, 0.6))
    >>> adjusted(np.array([0.1, 0.2, 0.1, 0.2, 0.1, 0.2]), unlucky).round(3).tolist()
    [0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    """
    x = _covariate(len(difference), supervisors)
    if x is None:
        return difference
    slope = float(np.polyfit(x, difference, 1)[0])
    return np.asarray(difference - slope * x)


def _covariate(worlds: int, supervisors: Supervisors | None) -> FloatArray | None:
    """Supervisors' accuracy above that of a typical one, [worlds]; None where there is too little to fit."""
    if supervisors is None or worlds < FEWEST or np.ptp(supervisors.accuracy) < 1e-6:
        return None
    accuracy = np.asarray(supervisors.accuracy, dtype=np.float64)
    return accuracy - (accuracy.mean() if supervisors.typical is None else supervisors.typical)


def _at_typical(figures: FloatArray, supervisors: Supervisors | None) -> tuple[FloatArray, FloatArray, float]:
    """Means of figures [worlds, m] at a typical supervisor, their covariance [m, m], and its degrees of freedom."""
    worlds = len(figures)
    x = _covariate(worlds, supervisors)
    design = np.ones((worlds, 1)) if x is None else np.column_stack([np.ones(worlds), x])
    inverse = np.linalg.inv(design.T @ design)
    fitted = inverse @ design.T @ figures
    rest = figures - design @ fitted
    freedom = float(worlds - design.shape[1])
    return fitted[0], rest.T @ rest / freedom * inverse[0, 0], freedom


def _ratio(
    tables: Tables, numerator: FloatArray, gap: FloatArray, level: float, supervisors: Supervisors | None
) -> Estimate:
    """Ratio of two means over worlds, [worlds] each, with Fieller's interval."""
    from scipy.special import stdtrit  # a tenth of a second to import

    means, covariance, freedom = _at_typical(np.column_stack([numerator, gap]), supervisors)
    refuse_no_gap(float(means[1]))
    ratio = fieller(
        float(means[0]),
        float(means[1]),
        var_numerator=float(covariance[0, 0]),
        var_denominator=float(covariance[1, 1]),
        covariance=float(covariance[0, 1]),
        t=float(stdtrit(freedom, 0.5 + level / 2)),
    )
    return _estimate(tables, ratio.mean, ratio.low, ratio.high, level)


def _estimate(tables: Tables, mean: float, low: float, high: float, level: float) -> Estimate:
    """An estimate that says over how many seeds and items, of all worlds together."""
    seeds, n = (sum(table.shape[axis] for table in tables) for axis in (0, 1))
    return Estimate(mean=mean, low=low, high=high, seeds=seeds, n=n, level=level)


def _paired(a: Tables, b: Tables) -> None:
    shapes = [[np.shape(table) for table in tables] for tables in (a, b)]
    if shapes[0] != shapes[1] or not shapes[0]:
        raise ValueError(
            f"tables of shapes {shapes[0]} and {shapes[1]} cannot be paired; use the same worlds and seeds"
        )
