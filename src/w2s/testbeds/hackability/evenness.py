"""Where classes are uneven, a shortcut is judged by its AUC; and what a part is too small to show.

Saying the more frequent class is one shortcut, with its own line. Whatever else predicts it as a rule would look like a
leak by its accuracy, and a real leak that still predicts it would be hidden; by the area under the ROC curve the first
gets one half, the second more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s.records import Estimate, FloatArray, IntArray

UNEVEN = 0.05
"""Distance of class 1's share from one half from which on the classes are uneven, where it is more than chance."""
DETECTED = 0.8
"""Power at which an effect counts as one that would have been seen."""


@dataclass(frozen=True)
class Power:
    """What a part's test can show.

    Attributes:
        n: Number of items.
        groups: Number of groups of items.
        tried: Number of shortcuts that are judged together.
        smallest: Accuracy from which on a shortcut would have been found in four of five cases; 1 if none would.
        uneven: True if the classes are uneven: then shortcuts are judged by AUC, and `smallest` is one.
    """

    n: int
    groups: int
    tried: int
    smallest: float
    uneven: bool


def is_uneven(truth: IntArray, groups: Sequence[str]) -> bool:
    """True if the share of class 1 differs from one half by more than chance, and by enough to matter."""
    from w2s.testbeds.hackability.finding import p_value

    labels = truth.astype(np.float64)
    return (
        bool(abs(labels.mean() - 0.5) >= UNEVEN and p_value(labels, groups) < 0.05)
        or len(set(truth.tolist())) < 2
    )


def power(truth: IntArray, groups: Sequence[str], *, tried: int, level: float) -> Power:
    """What can be seen of `tried` shortcuts at `level` together, by the variance of a coin.

    >>> groups = [str(i) for i in range(400)]
    >>> seen = power(np.arange(400) % 2, groups, tried=1, level=0.05)
    >>> round(seen.smallest, 2), power(np.arange(4) % 2, list("abcd"), tried=18, level=0.05).smallest
    (0.57, 1.0)
    """
    from scipy.special import stdtrit

    uneven = is_uneven(truth, groups)
    count = len(set(groups))
    sizes = [len({g for g, label in zip(groups, truth, strict=True) if label == c}) for c in (0, 1)]
    independent = min(sizes) if uneven else count
    smallest = 1.0
    if independent > 1:
        stderr = math.sqrt(sum(1 / 12 / size for size in sizes)) if uneven else math.sqrt(0.25 / count)
        # Holm's first step: the level is shared by all that are tried
        quantiles = stdtrit(independent - 1, 1 - level / tried / 2) + stdtrit(independent - 1, DETECTED)
        smallest = min(1.0, 0.5 + float(quantiles) * stderr)
    return Power(len(truth), count, tried, smallest, uneven)


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
