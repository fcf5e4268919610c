"""Area under the ROC curve with an interval that groups and rare classes do not fool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from w2s.records import Estimate, FloatArray, IntArray


def area(scores: FloatArray, truth: IntArray) -> float:
    """Area under the ROC curve of `scores` [n], ties counted half; one half if there is one class only.

    >>> area(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0, 0, 1, 1]))
    0.875
    """
    from scipy.stats import rankdata

    ones = int(truth.sum())
    zeros = len(truth) - ones
    if not ones or not zeros:
        return 0.5
    ranks = rankdata(scores)[truth == 1].sum()
    return float((ranks - ones * (ones + 1) / 2) / (ones * zeros))


def area_interval(
    scores: FloatArray, truth: IntArray, groups: Sequence[str], *, level: float
) -> tuple[Estimate, float]:
    """Area under the ROC curve with its interval, and the two-sided p-value against one half; robust to groups.

    Each item's placement is the share of the other class that its score is on the right side of (DeLong 1988); clusters
    of placements give the standard error. It is at least that of a sample with one success and one failure more in each
    class: a rare class whose few items all come out right is no proof. With one group of a class, nothing is known.
    """
    from scipy.special import stdtr, stdtrit
    from scipy.stats import rankdata

    n, count = len(truth), len(set(groups))
    sizes = [len({g for g, label in zip(groups, truth, strict=True) if label == c}) for c in (0, 1)]
    if min(sizes) < 1:
        return Estimate(mean=0.5, low=0.0, high=1.0, seeds=1, n=n, level=level), 1.0
    every = rankdata(scores)
    influence = np.zeros(n)
    mean = 0.5
    for label in (0, 1):
        chosen = truth == label
        below = (every[chosen] - rankdata(scores[chosen])) / (n - chosen.sum())  # ties count half
        placement = below if label else 1 - below
        mean = float(placement.mean())  # the same for both classes
        influence[chosen] = (placement - mean) / chosen.sum()
    if min(sizes) < 2:
        return Estimate(mean=mean, low=0.0, high=1.0, seeds=1, n=n, level=level), 1.0
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(place, weights=influence)
    shares = [(mean * size + 1) / (size + 2) for size in sizes]
    # a third: the variance of a uniform placement over that of a coin
    least = sum(share * (1 - share) / 3 / size for share, size in zip(shares, sizes, strict=True))
    stderr = math.sqrt(max(float((sums**2).sum()) * count / (count - 1), least))
    half = float(stdtrit(min(sizes) - 1, 0.5 + level / 2)) * stderr
    p = 1.0 if mean == 0.5 else float(2 * stdtr(min(sizes) - 1, -abs(mean - 0.5) / stderr))
    return Estimate(
        mean=mean, low=max(mean - half, 0.0), high=min(mean + half, 1.0), seeds=1, n=n, level=level
    ), p
