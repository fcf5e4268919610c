"""Seeds and item clusters both move a mean accuracy; this estimates how far, for several means at once.

Model of a table of correctness: y[s, i] = mean + seed[s] + item[i] + rest[s, i], items in clusters (all items
of one question or prompt). With S seeds and G clusters the mean's variance is

    var(seed)/S + var(item)/G + var(rest)/(S G).

The variance of the cluster means estimates the last two terms together, the variance of the seed
means the first and the last; their sum counts `rest` twice, so the variance of the cells is taken
off once (two-way clustering, Cameron, Gelbach and Miller 2011). What is left of the seeds' part is
kept positive semidefinite, so a table whose seeds differ less than chance is never called more
certain than its items allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.records import FloatArray, IntArray


@dataclass(frozen=True)
class Part:
    """One table of correctness, [seeds, items], and its coefficient in each of the figures, [m].

    Parts with the same `stream` share their seeds row by row (row k of both: the same supervisor), so that a
    supervisor's luck cancels or adds up as it really does; parts of different streams are independent.
    """

    correct: FloatArray
    coefficients: tuple[float, ...]
    stream: str


@dataclass(frozen=True)
class Spread:
    """Figures [m], and the parts of their covariance [m, m] with degrees of freedom."""

    figures: FloatArray
    seeds: tuple[tuple[FloatArray, int], ...]
    items: FloatArray
    rest: FloatArray
    clusters: int

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the figures, [m, m]: items, and what the seeds add to them."""
        added = sum((matrix for matrix, _ in self.seeds), np.zeros_like(self.items)) - self.rest
        values, vectors = np.linalg.eigh((added + added.T) / 2)
        positive: FloatArray = (vectors * np.maximum(values, 0.0)) @ vectors.T
        return self.items + positive

    def degrees_of_freedom(self, contrast: npt.ArrayLike) -> float:
        """Effective degrees of freedom of `contrast` @ figures, after Satterthwaite.

        V^2 / sum of v^2/df, with V the variance of the contrast and v the terms it is made of: each
        stream of seeds (df: seeds - 1) and the items (df: clusters - 1). A stream's v still holds
        `rest`, because the estimate is as uncertain as that makes it: with V and v alike (both net, or
        both gross) intervals of few seeds cover .89-.93 in simulations instead of .95, so .94-.98. Never
        below the fewest seeds' degrees of freedom.
        """
        c = np.asarray(contrast, dtype=np.float64)
        terms = [(float(c @ matrix @ c), df) for matrix, df in self.seeds]
        terms.append((float(c @ self.items @ c), self.clusters - 1))
        uncertainty = sum(v**2 / df for v, df in terms)
        if uncertainty <= 0:
            return float(self.clusters - 1)
        variance = float(c @ self.covariance @ c)
        return max(variance**2 / uncertainty, float(min(df for _, df in terms)))


def cluster_codes(clusters: Sequence[str] | npt.NDArray[np.generic], *, items: int) -> tuple[IntArray, int]:
    """Codes 0..G-1 of the items' clusters, [n], and G; at least two clusters, one code for each item."""
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    if codes.shape != (items,):
        raise ValueError(
            f"{codes.size} cluster names for {items} items; give each item the name of its question"
        )
    if len(names) < 2:
        raise ValueError(f"{len(names)} cluster of items; an interval needs at least 2 questions")
    return codes.astype(np.int64), len(names)


def cluster_sums(rows: FloatArray, codes: IntArray, clusters: int) -> FloatArray:
    """Sums over the items of each cluster, [k, n] -> [k, clusters]."""
    return np.stack([np.bincount(codes, weights=row, minlength=clusters) for row in rows])


def two_way(parts: Sequence[Part], clusters: Sequence[str] | npt.NDArray[np.generic]) -> Spread:
    """Figures linear in the parts' mean accuracies, and the covariance that seeds and clusters give.

    All parts are about the same n items in the same order; `clusters` [n] names each item's
    question or prompt.

    >>> flat = Part(np.array([[1.0, 0, 1, 0], [1, 0, 1, 0]]), (1.0,), "student")
    >>> spread = two_way([flat], ["a", "a", "b", "b"])
    >>> float(spread.figures[0]), float(spread.covariance[0, 0])
    (0.5, 0.0)
    """
    n, m = parts[0].correct.shape[1], len(parts[0].coefficients)
    for part in parts:
        if part.correct.ndim != 2 or part.correct.shape[1] != n or len(part.coefficients) != m:
            raise ValueError(
                f"{part.stream}: table of shape {part.correct.shape}; all parts need [seeds, {n}]"
            )
        if part.correct.shape[0] < 2:
            raise ValueError(
                f"{part.stream}: {part.correct.shape[0]} seed; an interval needs at least 2 seeds"
            )
        if not np.isfinite(part.correct).all():
            raise ValueError(f"{part.stream}: correctness holds NaN or infinite values")
    codes, count = cluster_codes(clusters, items=n)
    few = count / (count - 1)
    figures = np.zeros(m)
    by_item = np.zeros((m, count))
    rest = np.zeros((m, m))
    seeds: list[tuple[FloatArray, int]] = []
    for stream in dict.fromkeys(part.stream for part in parts):
        members = [part for part in parts if part.stream == stream]
        rows = max(len(part.correct) for part in members)
        by_seed = np.zeros((m, rows))
        by_cell = np.zeros((m, rows, count))
        for part in members:
            k, c = len(part.correct), np.asarray(part.coefficients)
            by_part_seed, by_part_item = part.correct.mean(axis=1), part.correct.mean(axis=0)
            mean = float(part.correct.mean())
            residual = part.correct - by_part_seed[:, None] - by_part_item[None, :] + mean
            scale = np.sqrt(k / (k - 1)) / k
            figures += c * mean
            by_item += np.outer(c, cluster_sums((by_part_item - mean)[None, :], codes, count)[0] / n)
            by_seed[:, :k] += np.outer(c, by_part_seed - mean) * scale
            by_cell[:, :k] += c[:, None, None] * cluster_sums(residual, codes, count) / n * scale
        seeds.append((by_seed @ by_seed.T, min(len(part.correct) for part in members) - 1))
        flat = by_cell.reshape(m, -1)
        rest += flat @ flat.T * few
    return Spread(
        figures=figures, seeds=tuple(seeds), items=by_item @ by_item.T * few, rest=rest, clusters=count
    )
