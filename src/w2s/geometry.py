"""Where an item lies among the strong model's states says whether its weak label fits, and what it can teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.errors import BadTargets
from w2s.records import BoolArray, FloatArray, IntArray

States = npt.NDArray[np.floating]
_ROWS = 1024


@dataclass(frozen=True)
class Neighbours:
    """The nearest other items of each, nearest first: `index` [n, k], and their cosine `similarity` [n, k]."""

    index: IntArray
    similarity: FloatArray

    def agreement(self, labels: FloatArray) -> FloatArray:
        """Share of the neighbours whose label is the item's own, [n]; `labels` are 0 or 1."""
        values = np.asarray(labels) > 0.5
        return np.asarray((values[self.index] == values[:, None]).mean(axis=1))

    @property
    def density(self) -> FloatArray:
        """Mean similarity of the neighbours, [n]: high in crowded places, low for what stands apart."""
        return np.asarray(self.similarity.mean(axis=1))


def neighbours(states: States, *, k: int = 50, apart: IntArray | None = None) -> Neighbours:
    """The `k` most similar other items of each by cosine of their centred states [n, h].

    Items of the same group `apart` [n] are no neighbours: the answers to one question lie together whatever their
    label. Needs n * 1024 numbers at once. Raises `BadTargets` if an item has fewer than `k` others.
    """
    x = _directions(states)
    n = len(x)
    names = np.arange(n) if apart is None else np.asarray(apart)
    others = n - np.unique(names, return_counts=True)[1].max()
    if not 1 <= k <= others:
        raise BadTargets(f"{k} neighbours asked for, but an item has {others} others outside of its group")
    index = np.zeros((n, k), dtype=np.int64)
    similarity = np.zeros((n, k))
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        near = x[rows] @ x.T
        near[names[rows, None] == names[None, :]] = -np.inf
        chosen = np.argpartition(-near, k - 1, axis=1)[:, :k]
        value = np.take_along_axis(near, chosen, axis=1)
        order = np.argsort(-value, axis=1, kind="stable")
        index[rows] = np.take_along_axis(chosen, order, axis=1)
        similarity[rows] = np.take_along_axis(value, order, axis=1)
    return Neighbours(index=index, similarity=similarity)


def change_point(values: FloatArray) -> float:
    """The cut that best splits `values` into two constants: midway between the two values it falls between.

    Least squares over every cut of the sorted values; needs two distinct values. With one change this is what
    binary segmentation finds.

    >>> change_point(np.array([9.0, 1.0, 1.2, 8.8, 0.8]))
    5.0
    """
    ranked = np.sort(np.asarray(values, dtype=np.float64))
    n = len(ranked)
    if n < 2 or not np.isfinite(ranked).all() or ranked[0] == ranked[-1]:
        raise BadTargets(f"{n} values without a change among them; give at least two distinct finite numbers")
    left = np.arange(1, n)
    total, below = ranked.sum(), np.cumsum(ranked)[:-1]
    explained = below**2 / left + (total - below) ** 2 / (n - left)
    explained[ranked[1:] == ranked[:-1]] = -np.inf
    cut = int(np.argmax(explained))
    return float((ranked[cut] + ranked[cut + 1]) / 2.0)


@dataclass(frozen=True)
class Overlap:
    """What each item is made of: `hard` where the weak model is lost, and how much hard the others share with it.

    `score` [n] is the largest |cosine| to a hard item (of hard items: 0, since they hold nothing easy); `overlapping`
    are those of the others with a score above its change point, the rest is easy alone.
    """

    hard: BoolArray
    score: FloatArray
    overlapping: BoolArray

    @property
    def density(self) -> float:
        """Share of the items that overlap."""
        return float(self.overlapping.mean())


def overlap(states: States, confidence: FloatArray) -> Overlap:
    """Which items hold both easy and hard patterns, from states [n, h] and the weak confidence [n].

    Hard: confidence below its change point (nothing, where all are equally sure). Overlapping: sure for the weak
    model, yet similar in the strong model's states to what is hard. Source: overlap detection in 2412.03881.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    x = _directions(states)
    hard = sure < (change_point(sure) if sure.min() < sure.max() else -np.inf)
    score = np.zeros(len(x))
    if not hard.any():
        return Overlap(hard=hard, score=score, overlapping=hard)
    for start in range(0, len(x), _ROWS):
        score[start : start + _ROWS] = np.abs(x[start : start + _ROWS] @ x[hard].T).max(axis=1)
    score[hard] = 0.0
    easy = score[~hard]
    cut = change_point(easy) if len(np.unique(easy)) > 1 else np.inf
    return Overlap(hard=hard, score=score, overlapping=~hard & (score > cut))


def ranked(values: FloatArray) -> FloatArray:
    """Each value's place among all, from 0 (lowest) to 1 (highest), ties in the middle, [n].

    >>> ranked(np.array([5.0, 7.0, 7.0, 90.0])).round(2).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    from scipy.stats import rankdata

    return np.asarray((rankdata(values) - 1.0) / max(len(values) - 1, 1), dtype=np.float64)


def _directions(states: States) -> FloatArray:
    x = np.asarray(states, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2:
        raise BadTargets(f"states of shape {x.shape}; give [n, h] of at least two items")
    x = x - x.mean(axis=0)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(length > 0, length, 1.0))
