"""Performance gap recovered (PGR), the one number every method is judged by, with Fieller's interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.errors import BadPredictions, NoGap
from w2s.metrics.variance import Part, two_way
from w2s.records import Estimate, FloatArray

ESTABLISHED = 0.1
"""A gap is established when t^2 V_b / b^2 is at most this."""


def pgr(student: float, *, floor: float, ceiling: float) -> float:
    """Fraction of the floor-to-ceiling gap that the student recovered; accuracies in, `NoGap` without a gap.

    >>> pgr(0.75, floor=0.5, ceiling=1.0)
    0.5
    """
    if ceiling <= floor:
        raise NoGap(f"ceiling {ceiling:.3f} is not above floor {floor:.3f}; choose a testbed with a gap")
    return (student - floor) / (ceiling - floor)


def refuse_no_gap(gap: float) -> None:
    """`NoGap` unless the ceiling is above the floor; `gap` is the difference of their accuracies."""
    if gap <= 0:
        raise NoGap(
            f"the ceiling is not above the floor ({gap:+.3f} of accuracy); choose a testbed with a gap"
        )


def correctness(probabilities: npt.ArrayLike, truth: npt.ArrayLike) -> FloatArray:
    """1 where the more probable class is the true one, else 0, and one half for a probability of exactly .5.

    `probabilities` of class 1, [..., n]; `truth` 0 or 1, [n]. A method that abstains everywhere thus has an
    accuracy of one half whatever the share of the classes.

    >>> correctness([0.9, 0.2, 0.5], [1, 1, 0])
    array([1. , 0. , 0.5])
    """
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(truth, dtype=np.float64)
    if p.shape[-1:] != y.shape or not ((p >= 0) & (p <= 1)).all():
        raise BadPredictions(
            f"probabilities {p.shape} must be finite, in [0, 1], one for each of {len(y)} items"
        )
    return np.where(p == 0.5, 0.5, (p > 0.5) == (y == 1)).astype(np.float64)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two differences with its bounds."""

    mean: float
    low: float
    high: float


def fieller(
    numerator: float,
    denominator: float,
    *,
    var_numerator: float,
    var_denominator: float,
    covariance: float,
    t: float,
) -> Ratio:
    """Ratio of two normal means and the roots of Fieller's quadratic at the quantile `t`.

    With r = a/b: r^2 (b^2 - t^2 V_b) - 2 r (ab - t^2 V_ab) + (a^2 - t^2 V_a) = 0. `NoGap` when b is
    not above 0 or t^2 V_b / b^2 exceeds .1: then the gap is not established and no PGR is printed
    (Fieller 1954).

    >>> r = fieller(0.1, 0.4, var_numerator=1e-4, var_denominator=1e-4, covariance=0.0, t=1.96)
    >>> f"{r.mean:.2f} [{r.low:.2f}, {r.high:.2f}]"
    '0.25 [0.20, 0.30]'
    """
    a, b, t2 = numerator, denominator, t * t
    if b <= 0 or t2 * var_denominator / b**2 > ESTABLISHED:
        raise NoGap(
            f"the gap of {b:.3f} between ceiling and floor is not established (t^2 V/b^2 = "
            f"{t2 * var_denominator / b**2 if b else np.inf:.2f}, above {ESTABLISHED}); "
            "add seeds or test items"
        )
    square, half, rest = b**2 - t2 * var_denominator, a * b - t2 * covariance, a**2 - t2 * var_numerator
    root = float(np.sqrt(max(half**2 - square * rest, 0.0)))
    return Ratio(mean=a / b, low=(half - root) / square, high=(half + root) / square)


def pgr_interval(
    student: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    clusters: Sequence[str] | npt.NDArray[np.generic],
    *,
    level: float = 0.95,
    same_supervisors: bool = False,
) -> Estimate:
    """PGR with Fieller's interval from per-item correctness; seeds and item clusters both count.

    `student` [S, n], `floor` [F, n], `ceiling` [C, n]: one row a seed, the same n test items in the
    same order, values in [0, 1]; `clusters` [n] names each item's question or prompt. With
    `same_supervisors`, row k of `student` learnt from the supervisor of row k of `floor`, and their
    covariance is used. At least two seeds of each. The quantile is Student's t at Satterthwaite's
    effective degrees of freedom of a - r b at the estimate. `NoGap` where the gap is not
    established.
    """
    parts = pgr_parts(student, floor, ceiling, same_supervisors=same_supervisors)
    return _over_gap(parts, clusters, level=level)


def pgr_parts(
    student: FloatArray, floor: FloatArray, ceiling: FloatArray, *, same_supervisors: bool
) -> list[Part]:
    """The tables of `pgr_interval` with their coefficients in numerator and gap, [2].

    >>> table = np.ones((2, 3))
    >>> [part.stream for part in pgr_parts(table, table, table, same_supervisors=True)]
    ['supervisors', 'supervisors', 'ceiling']
    """
    return [
        Part(np.asarray(student, dtype=np.float64), (1.0, 0.0), "supervisors"),
        Part(
            np.asarray(floor, dtype=np.float64), (-1.0, -1.0), "supervisors" if same_supervisors else "floor"
        ),
        Part(np.asarray(ceiling, dtype=np.float64), (0.0, 1.0), "ceiling"),
    ]


def pgr_gain(
    a: FloatArray,
    b: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    clusters: Sequence[str] | npt.NDArray[np.generic],
    *,
    level: float = 0.95,
    same_supervisors: bool = False,
) -> Estimate:
    """PGR of `a` minus PGR of `b`, paired by supervisor and item, with Fieller's interval.

    Shapes and `same_supervisors` as for `pgr_interval`; row k of `a` and `b` is always the same supervisor.
    """
    floor_stream = "supervisors" if same_supervisors else "floor"
    return _over_gap(
        [
            Part(
                np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64), (1.0, 0.0), "supervisors"
            ),
            Part(np.asarray(floor, dtype=np.float64), (0.0, -1.0), floor_stream),
            Part(np.asarray(ceiling, dtype=np.float64), (0.0, 1.0), "ceiling"),
        ],
        clusters,
        level=level,
    )


def _over_gap(
    parts: Sequence[Part], clusters: Sequence[str] | npt.NDArray[np.generic], *, level: float
) -> Estimate:
    """Ratio of the two figures of `parts`, numerator and gap; seeds are those of the first part."""
    from scipy.special import stdtrit  # a tenth of a second to import

    spread = two_way(parts, clusters)
    a, b = (float(x) for x in spread.figures)
    refuse_no_gap(b)
    v = spread.covariance
    ratio = fieller(
        a,
        b,
        var_numerator=float(v[0, 0]),
        var_denominator=float(v[1, 1]),
        covariance=float(v[0, 1]),
        t=float(stdtrit(spread.degrees_of_freedom((1.0, -a / b)), 0.5 + level / 2)),
    )
    seeds, n = parts[0].correct.shape
    return Estimate(mean=ratio.mean, low=ratio.low, high=ratio.high, seeds=seeds, n=n, level=level)
