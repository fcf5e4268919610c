"""Place of each item among the strong model's states: a sign of whether its weak label fits and what it teaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.errors import BadTargets
from w2s.records import BoolArray, FloatArray

States = npt.NDArray[np.floating]
_ROWS = 1024


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
    """Patterns in each item: `hard` where the weak model is lost, and how much hard the others share with it.

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
    """Items with both easy and hard patterns, from states [n, h] and the weak confidence [n].

    Hard: confidence below its change point (nothing, where all are equally sure). Overlapping: sure for the weak
    model, yet similar in the strong model's states to what is hard. Source: overlap detection in 2412.03881.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    x = directions(states)
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


def directions(states: States) -> FloatArray:
    """States [n, h] without their mean, at length 1: what their cosines, and distances between them, are taken of."""
    x = np.asarray(states, dtype=np.float64)
    if x.ndim != 2 or len(x) < 2:
        raise BadTargets(f"states of shape {x.shape}; give [n, h] of at least two items")
    x = x - x.mean(axis=0)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return np.asarray(x / np.where(length > 0, length, 1.0))
