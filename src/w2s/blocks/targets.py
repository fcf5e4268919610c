"""Weak labels become better targets by dropping, softening, centring and resampling them.

Every function takes and gives plain arrays over the items of one run, so that they chain:
`kept = balanced_top(margin, fraction=.7)`, then `student.finetune(items[kept], hard(margin)[kept])`.
"Soft" is a probability of class 1; a "margin" is a log-odds of class 1, positive for class 1.
"""

from __future__ import annotations

import numpy as np

from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray

_EDGE = 1e-6


def sigmoid(margin: FloatArray) -> FloatArray:
    """Probability of class 1 from a log-odds, of any shape; never overflows.

    >>> sigmoid(np.array([0.0, 1000.0])).tolist()
    [0.5, 1.0]
    """
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(margin, dtype=np.float64))))


def logit(soft: FloatArray) -> FloatArray:
    """Log-odds of class 1 from a probability; probabilities are first moved 1e-6 away from 0 and 1.

    >>> float(logit(np.array([0.5]))[0])
    0.0
    """
    inside = np.clip(np.asarray(soft, dtype=np.float64), _EDGE, 1.0 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def hard(margin: FloatArray) -> FloatArray:
    """1.0 where a margin is above zero, else 0.0, [n].

    >>> hard(np.array([-2.0, 0.5])).tolist()
    [0.0, 1.0]
    """
    return (np.asarray(margin) > 0).astype(np.float64)


def center(margin: FloatArray, *, share: float = 0.5) -> FloatArray:
    """Margin moved so that `share` of the items lie above zero: removes a model's taste for one label.

    A frozen model often prefers one label word whatever the item is; its order of the items is still
    informative. Give the weak labels' mean as `share` where the classes are not balanced.

    >>> center(np.array([5.0, 6.0, 7.0])).tolist()
    [-1.0, 0.0, 1.0]
    """
    _fraction("share", share)
    values = _finite("margin", margin)
    return values - np.quantile(values, 1.0 - share)


def keep_confident(soft: FloatArray, *, threshold: float = 0.75) -> IntArray:
    """Indices of the items whose more probable class has at least probability `threshold`.

    Never empty: where nothing reaches the threshold the most confident tenth is kept, because a method
    should fall back to its best labels, not fail. A threshold of .5 keeps everything. Source: Burns et
    al. 2023 (2312.09390), "confident labels only".

    >>> keep_confident(np.array([0.9, 0.6, 0.2]), threshold=0.75).tolist()
    [0, 2]
    """
    if not 0.5 <= threshold <= 1.0:
        raise BadTargets(f"threshold {threshold} is a probability of the likelier class; give .5 to 1")
    values = _finite("soft", soft)
    confidence = np.maximum(values, 1.0 - values)
    kept = np.flatnonzero(confidence >= threshold)
    if len(kept) == 0:
        kept = np.sort(np.argsort(-confidence, kind="stable")[: max(1, len(values) // 10)])
    return kept.astype(np.int64)


def balanced_top(margin: FloatArray, *, fraction: float = 0.7) -> IntArray:
    """Indices, ascending, of the largest margins in each class: as many of one as of the other.

    `fraction` is of all items; half of that comes from each side of zero. A side that has fewer gives
    all it has and the other gives as many, so a fraction of 1 keeps everything only where classes are
    balanced.

    >>> balanced_top(np.array([3.0, 1.0, 2.0, -1.0, -4.0, -2.0]), fraction=2 / 3).tolist()
    [0, 2, 4, 5]
    """
    _fraction("fraction", fraction)
    values = _finite("margin", margin)
    above = np.flatnonzero(values > 0)
    below = np.flatnonzero(values <= 0)
    each = min(len(above), len(below), max(1, round(fraction * len(values) / 2)))
    if each == 0:
        raise BadTargets(
            f"all {len(values)} margins are on one side of zero, so nothing is balanced; center() them first"
        )
    first = above[np.argsort(-values[above], kind="stable")[:each]]
    second = below[np.argsort(values[below], kind="stable")[:each]]
    return np.sort(np.concatenate([first, second])).astype(np.int64)


def soften(soft: FloatArray, *, amount: float | FloatArray = 0.1) -> FloatArray:
    """Targets mixed with one half: (1 - amount) p + amount / 2; `amount` is one number or one an item.

    >>> soften(np.array([1.0, 0.0]), amount=0.2).round(3).tolist()
    [0.9, 0.1]
    """
    share = np.asarray(amount, dtype=np.float64)
    if ((share < 0) | (share > 1)).any():
        raise BadTargets("amount is the share of one half that is mixed in; give 0 to 1")
    return np.asarray((1.0 - share) * np.asarray(soft, dtype=np.float64) + 0.5 * share)


def temper(soft: FloatArray, *, temperature: float = 2.0) -> FloatArray:
    """Targets with their log-odds divided by `temperature`: above 1 softer, below 1 harder.

    >>> temper(np.array([0.8]), temperature=0.5).round(3).tolist()
    [0.941]
    """
    if temperature <= 0:
        raise BadTargets(f"temperature {temperature} must be above 0; 1 leaves the targets alone")
    return sigmoid(logit(soft) / temperature)


def resample(weights: FloatArray, *, rng: np.random.Generator, size: int | None = None) -> IntArray:
    """Indices drawn in proportion to `weights`, ascending; an item may come several times.

    Systematic draws: an item with expectation e comes floor(e) or ceil(e) times, so equal weights give
    every item exactly once. `size` is n unless given.

    >>> resample(np.array([1.0, 0.0, 3.0]), rng=np.random.default_rng(0), size=4).tolist()
    [0, 2, 2, 2]
    """
    values = _finite("weights", weights)
    if (values < 0).any() or values.sum() <= 0:
        raise BadTargets("weights to resample by must be at least 0 and not all 0")
    count = len(values) if size is None else size
    # The offset avoids the ends so that rounding cannot move a draw across the edge of an item.
    points = (np.arange(count) + rng.uniform(1e-6, 1.0 - 1e-6)) * (values.sum() / count)
    drawn: IntArray = np.searchsorted(np.cumsum(values), points).astype(np.int64)
    return np.minimum(drawn, len(values) - 1)


def _finite(name: str, values: FloatArray) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise BadTargets(f"{name} has shape {array.shape}; give one number an item")
    if not np.isfinite(array).all():
        raise BadTargets(f"{name} has {int((~np.isfinite(array)).sum())} NaN or infinite values")
    return array


def _fraction(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise BadTargets(f"{name} {value} is a fraction of the items; give a number above 0, at most 1")
