"""From ten seeds on, the quantiles of PGR's interval can be drawn instead of taken from Student's t.

A draw takes seeds and item clusters with replacement; floor, ceiling and student get the same clusters, and two
tables of the same supervisors the same seeds. Each draw is studentised with the standard error that `two_way`
gives for the drawn tables, so that it counts neither seeds nor items twice (Owen 2007 on why a plain bootstrap
over both would; Davison and Hinkley 1997 on studentising).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.metrics.gap import fieller, pgr_interval, pgr_parts
from w2s.metrics.variance import Part, cluster_codes, cluster_sums, two_way
from w2s.records import Estimate, FloatArray

FEWEST = 10
"""Seeds of each table, and item clusters, from which on a bootstrap is offered: with 5 it is too narrow."""


def pgr_bootstrap(
    student: FloatArray,
    floor: FloatArray,
    ceiling: FloatArray,
    clusters: Sequence[str] | npt.NDArray[np.generic],
    *,
    rng: np.random.Generator,
    draws: int = 999,
    level: float = 0.95,
    same_supervisors: bool = False,
) -> Estimate:
    """PGR with a studentised hierarchical bootstrap interval from per-item correctness.

    `student` [S, n], `floor` [F, n], `ceiling` [C, n] and `clusters` [n] as for `pgr_interval`, with at least ten
    seeds each and ten clusters; under `same_supervisors` S = F. What is studentised is a - r b, numerator minus
    PGR times gap, and the bounds are Fieller's at the drawn quantiles instead of t, so the two ends need not be
    alike. `NoGap` where `pgr_interval` refuses, or where the drawn quantiles do not establish the gap;
    `ValueError` for fewer seeds, clusters or draws than the level needs.

    >>> rng = np.random.default_rng(0)
    >>> table = lambda accuracy: (rng.random((10, 400)) < accuracy).astype(float)
    >>> print(pgr_bootstrap(table(0.75), table(0.6), table(0.9), np.arange(400), rng=rng))
    0.49 [0.44, 0.55] (95% CI, 10 seeds, n=400)
    """
    parts = pgr_parts(student, floor, ceiling, same_supervisors=same_supervisors)
    for name, part in zip(("student", "floor", "ceiling"), parts, strict=True):
        if len(part.correct) < FEWEST:
            raise ValueError(
                f"{name}: {len(part.correct)} seeds; a bootstrap over fewer than {FEWEST} is too narrow, "
                "use pgr_interval"
            )
    if same_supervisors and len(parts[0].correct) != len(parts[1].correct):
        raise ValueError(
            f"{len(parts[0].correct)} student and {len(parts[1].correct)} floor seeds of the same supervisors; "
            "keep the rows that both have"
        )
    if not 0 < level < 1 or draws * (1 - level) / 2 < 5:
        raise ValueError(f"{draws} draws for level {level}; a tail needs at least 5 draws")
    by_t = pgr_interval(
        student, floor, ceiling, clusters, level=level, same_supervisors=same_supervisors
    )  # refuses what has no gap, and checks the tables
    _, count = cluster_codes(clusters, items=parts[0].correct.shape[1])
    if count < FEWEST:
        raise ValueError(f"{count} item clusters; a bootstrap needs at least {FEWEST}, use pgr_interval")
    low, high = np.quantile(
        studentised(parts, clusters, by_t.mean, rng=rng, draws=draws), [(1 - level) / 2, (1 + level) / 2]
    )
    spread = two_way(parts, clusters)
    a, b = (float(x) for x in spread.figures)
    v = spread.covariance

    def bounds(t: float) -> tuple[float, float]:
        ratio = fieller(
            a,
            b,
            var_numerator=float(v[0, 0]),
            var_denominator=float(v[1, 1]),
            covariance=float(v[0, 1]),
            t=max(t, 0.0),
        )
        return ratio.low, ratio.high

    # a - r b falls as r grows: its upper quantile bounds PGR from below
    return Estimate(
        mean=by_t.mean,
        low=bounds(float(high))[0],
        high=bounds(-float(low))[1],
        seeds=by_t.seeds,
        n=by_t.n,
        level=level,
    )


def studentised(
    parts: Sequence[Part],
    clusters: Sequence[str] | npt.NDArray[np.generic],
    ratio: float,
    *,
    rng: np.random.Generator,
    draws: int,
) -> FloatArray:
    """Figure 0 minus `ratio` times figure 1 over its standard error, in each draw of seeds and clusters, [draws].

    `parts` have two figures whose ratio is `ratio`; those of one stream have as many seeds as each other. A draw
    without any spread gives 0.

    >>> tables = [np.random.default_rng(k).random((10, 40)).round() + k for k in (1, 2)]
    >>> parts = [Part(tables[0], (1.0, 0.0), "a"), Part(tables[1], (0.0, 1.0), "b")]
    >>> ratio = tables[0].mean() / tables[1].mean()
    >>> studentised(parts, np.arange(40), ratio, rng=np.random.default_rng(0), draws=99).shape
    (99,)
    """
    streams, sizes = _streams(parts, clusters)
    taken = _counts(len(sizes), rng=rng, draws=draws)
    seeds = [_counts(sums.shape[1], rng=rng, draws=draws) for sums in streams]
    drawn = resampled(streams, sizes, taken=taken, seeds=seeds)
    contrast = np.array([1.0, -ratio])
    error = np.sqrt(np.einsum("k,bkl,l->b", contrast, drawn.covariance, contrast))
    value: FloatArray = drawn.figures @ contrast
    return np.divide(value, error, out=np.zeros_like(value), where=error > 0)


@dataclass(frozen=True)
class Drawn:
    """Figures [draws, m] and their covariance [draws, m, m] as `two_way` estimates it in each draw."""

    figures: FloatArray
    covariance: FloatArray


def resampled(
    streams: Sequence[FloatArray], sizes: FloatArray, *, taken: FloatArray, seeds: Sequence[FloatArray]
) -> Drawn:
    """`two_way` of all draws at once, from counts and without building a drawn table.

    `streams`: sums over each cluster's items of what a stream adds to each figure, [m, S, G] each; `sizes` [G] items
    of a cluster; `taken` [draws, G] and `seeds` [draws, S], one for each stream: how often a draw has it.

    >>> one = np.array([[[2.0, 0.0], [2.0, 0.0]]])
    >>> drawn = resampled([one], np.array([2.0, 2.0]), taken=np.ones((1, 2)), seeds=[np.ones((1, 2))])
    >>> float(drawn.figures[0, 0]), float(drawn.covariance[0, 0, 0])
    (0.5, 0.5)
    """
    draws, count = taken.shape
    m = len(streams[0])
    few = count / (count - 1)
    weights = taken * sizes
    n = weights.sum(axis=1)
    squares = (taken * sizes**2).sum(axis=1)
    figures = np.zeros((draws, m))
    by_item = np.zeros((m, draws, count))
    added = np.zeros((draws, m, m))
    for sums, w in zip(streams, seeds, strict=True):
        k = sums.shape[1]
        by_row = np.stack([taken @ table.T for table in sums]) / n[:, None]  # [m, draws, S]
        by_column = np.stack([w @ table for table in sums]) / k  # [m, draws, G]
        mean = np.einsum("bs,mbs->bm", w, by_row) / k
        figures += mean
        by_item += by_column - mean.T[:, :, None] * sizes
        row = by_row - mean.T[:, :, None]
        sized = np.stack([weights @ table.T for table in sums])
        for i in range(m):
            for j in range(i, m):
                between = np.einsum("bs,bs,bs->b", w, row[i], row[j])
                # sum over cells of the residuals' products: rows, columns and their crossing taken off
                cells = np.einsum("bg,bg->b", taken, w @ (sums[i] * sums[j]))
                cells -= k * np.einsum("bg,bg,bg->b", taken, by_column[i], by_column[j])
                cells -= np.einsum("bs,bs,bs->b", w, row[i], sized[j])
                cells -= np.einsum("bs,bs,bs->b", w, row[j], sized[i])
                cells += between * squares
                added[:, i, j] += (between - cells * few / n**2) / (k * (k - 1))
                added[:, j, i] = added[:, i, j]
    items = np.einsum("bg,ibg,jbg->bij", taken, by_item, by_item) * (few / n**2)[:, None, None]
    values, vectors = np.linalg.eigh(added)
    positive = np.einsum("bik,bk,bjk->bij", vectors, np.maximum(values, 0.0), vectors)
    return Drawn(figures=figures, covariance=items + positive)


def _streams(
    parts: Sequence[Part], clusters: Sequence[str] | npt.NDArray[np.generic]
) -> tuple[list[FloatArray], FloatArray]:
    """What each stream adds to the figures, summed over each cluster's items, [m, S, G], and the clusters' sizes."""
    codes, count = cluster_codes(clusters, items=parts[0].correct.shape[1])
    found: dict[str, FloatArray] = {}
    for part in parts:
        sums = cluster_sums(part.correct, codes, count)
        own = np.stack([coefficient * sums for coefficient in part.coefficients])
        found[part.stream] = found[part.stream] + own if part.stream in found else own
    return list(found.values()), np.bincount(codes, minlength=count).astype(np.float64)


def _counts(of: int, *, rng: np.random.Generator, draws: int) -> FloatArray:
    """How often each of `of` things is in a draw of as many with replacement, [draws, of]."""
    return rng.multinomial(of, np.full(of, 1 / of), size=draws).astype(np.float64)
