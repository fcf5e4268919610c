"""Is one method better than another? Same items, same seeds, and a level that pays for every attempt made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.metrics.variance import Part, cluster_codes, cluster_sums, two_way
from w2s.records import Estimate, FloatArray


def alpha_at(attempt: int) -> float:
    """Level of the `attempt`-th test, counted from 1: .05 * 6 / (pi^2 attempt^2), a series that sums to .05.

    >>> f"{alpha_at(1):.4f} {alpha_at(2):.4f}"
    '0.0304 0.0076'
    """
    if attempt < 1:
        raise ValueError(f"attempt {attempt}: attempts count from 1")
    return 0.05 * 6 / (math.pi * attempt) ** 2


def clustered_stderr(difference: FloatArray, clusters: Sequence[str] | npt.NDArray[np.generic]) -> float:
    """Standard error of a mean over items [n] that come in clusters [n], with the G/(G-1) correction.

    Seeds do not enter: average over them first. This is the standard error of the Ladder's gate.

    >>> round(clustered_stderr(np.array([1.0, 1, 0, 0]), ["a", "a", "b", "b"]), 3)
    0.5
    """
    d = np.asarray(difference, dtype=np.float64)
    codes, count = cluster_codes(clusters, items=len(d))
    sums = cluster_sums((d - d.mean())[None, :], codes, count)[0] / len(d)
    return float(np.sqrt(np.sum(sums**2) * count / (count - 1)))


@dataclass(frozen=True)
class Difference:
    """Mean difference of two accuracies, its standard error and the degrees of freedom of that error."""

    mean: float
    stderr: float
    degrees_of_freedom: float


def paired_difference(
    a: FloatArray, b: FloatArray, clusters: Sequence[str] | npt.NDArray[np.generic]
) -> Difference:
    """Mean accuracy of `a` minus that of `b`, paired by seed and item; seeds and clusters both count.

    `a`, `b` [S, n]: row k of both is the same supervisor and column i the same item; S at least 2, at least two
    clusters; `ValueError` otherwise. The error is that of `two_way` (Cameron, Gelbach and Miller 2011).

    >>> rows = np.array([[1.0, 1, 0, 0], [1, 1, 0, 0]])
    >>> paired_difference(rows, np.zeros_like(rows), ["a", "a", "b", "b"]).mean
    0.5
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape:
        raise ValueError(
            f"tables of shapes {first.shape} and {second.shape} cannot be paired; use the same seeds"
        )
    spread = two_way([Part(first - second, (1.0,), "pairs")], clusters)
    return Difference(
        mean=float(spread.figures[0]),
        stderr=float(np.sqrt(spread.covariance[0, 0])),
        degrees_of_freedom=spread.degrees_of_freedom((1.0,)),
    )


def accuracy_interval(
    correct: FloatArray, clusters: Sequence[str] | npt.NDArray[np.generic], level: float = 0.95
) -> Estimate:
    """Mean accuracy over seeds and items of `correct` [S, n], with an interval in which both count.

    S at least 2, at least two clusters; `ValueError` otherwise. Errors as for `paired_gain`.

    >>> rows = np.array([[1.0, 1, 0, 1], [1, 1, 0, 0]])
    >>> print(accuracy_interval(rows, ["a", "a", "b", "c"]).mean)
    0.625
    """
    rows = np.asarray(correct, dtype=np.float64)
    return paired_gain(rows, np.zeros_like(rows), clusters, level)


def paired_gain(
    a: FloatArray,
    b: FloatArray,
    clusters: Sequence[str] | npt.NDArray[np.generic],
    level: float = 0.95,
) -> Estimate:
    """Mean accuracy of `a` minus that of `b`, paired by seed and item, with a two-sided interval.

    Shapes as for `paired_difference`. Seeds and clusters both count (`two_way`); t quantile at the effective
    degrees of freedom. The lower end is a one-sided bound at (1 - level) / 2.
    """
    from scipy.special import stdtrit  # a tenth of a second to import

    if not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1, e.g. 0.95")
    difference = paired_difference(a, b, clusters)
    half = float(stdtrit(difference.degrees_of_freedom, 0.5 + level / 2)) * difference.stderr
    seeds, n = np.shape(a)
    return Estimate(
        mean=difference.mean,
        low=difference.mean - half,
        high=difference.mean + half,
        seeds=seeds,
        n=n,
        level=level,
    )
