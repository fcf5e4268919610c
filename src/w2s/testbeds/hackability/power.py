"""What a part's test is large enough to show, and whether its classes are uneven.

Where classes are uneven, a shortcut is judged by its AUC. Saying the more frequent class is one shortcut, with its own
line. Whatever else predicts it as a rule would look like a leak by its accuracy, and a real leak that still predicts it
would be hidden; by the area under the ROC curve the first gets one half, the second more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s.records import IntArray
from w2s.testbeds.hackability.finding import p_value

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
    labels = truth.astype(np.float64)
    return (
        bool(abs(labels.mean() - 0.5) >= UNEVEN and p_value(labels, groups) < 0.05)
        or len(set(truth.tolist())) < 2
    )


def power(truth: IntArray, groups: Sequence[str], *, tried: int, level: float) -> Power:
    """What can be seen of `tried` shortcuts at `level` together.

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
    # a shortcut that is always right is found by a sign test, or none is
    if independent > 1 and 2 * 0.5**independent < level / tried:
        # of an accuracy a over groups the variance is a (1 - a) / groups; of an AUC a third of that in each class
        one = sum(1 / 3 / size for size in sizes) if uneven else 1 / count
        # Holm's first step: the level is shared by all that are tried
        quantile = stdtrit(independent - 1, 1 - level / tried / 2) + stdtrit(independent - 1, DETECTED)
        # (a - 1/2)^2 = quantile^2 a (1 - a) one, solved for a
        smallest = 0.5 + 0.5 * math.sqrt(quantile**2 * one / (1 + quantile**2 * one))
    return Power(len(truth), count, tried, smallest, uneven)
