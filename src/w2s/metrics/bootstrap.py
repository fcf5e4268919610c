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
    PGR times gap; the bounds are Fieller's with the `level` quantile of its absolute value over the draws in the
    place of t (Hall 1988: of ten seeds a tail alone is too uncertain). `NoGap` where `pgr_interval` refuses, or
    where the drawn quantile does not establish the gap; `ValueError` for fewer seeds, clusters or draws than the
    level needs.

    >>> rng = np.random.default_rng(0)
    >>> table = lambda accuracy: (rng.random((10, 400)) < accuracy).astype(float)
    >>> print(pgr_bootstrap(table(0.75), table(0.6), table(0.9), np.arange(400), rng=rng))
    0.50 [0.44, 0.57] (95% CI, 10 seeds, n=400)
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
    if not 0 < level < 1 or draws * (1 - level) < 5:
        raise ValueError(f"{draws} draws for level {level}; at least 5 draws must lie outside")
    by_t = pgr_interval(
        student, floor, ceiling, clusters, level=level, same_supervisors=same_supervisors
    )  # refuses what has no gap, and checks the tables
    _, count = cluster_codes(clusters, items=parts[0].correct.shape[1])
    if count < FEWEST:
        raise ValueError(f"{count} item clusters; a bootstrap needs at least {FEWEST}, use pgr_interval")
    drawn = studentised(parts, clusters, by_t.mean, rng=rng, draws=draws)
    spread = two_way(parts, clusters)
    a, b = (float(x) for x in spread.figures)
    v = spread.covariance
    ratio = fieller(
        a,
        b,
        var_numerator=float(v[0, 0]),
        var_denominator=float(v[1, 1]),
        covariance=float(v[0, 1]),
        t=float(np.quantile(np.abs(drawn), level)),
    )
    return Estimate(mean=ratio.mean, low=ratio.low, high=ratio.high, seeds=by_t.seeds, n=by_t.n, level=level)


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
    codes, count = cluster_codes(clusters, items=parts[0].correct.shape[1])
    sizes = np.bincount(codes, minlength=count).astype(np.float64)
    streams: dict[str, FloatArray] = {}
    for part in parts:
        sums = (part.coefficients[0] - ratio * part.coefficients[1]) * cluster_sums(
            part.correct, codes, count
        )
        streams[part.stream] = streams[part.stream] + sums if part.stream in streams else sums
    drawn = resampled(
        shrunken(list(streams.values()), sizes),
        sizes,
        taken=_counts(count, rng=rng, draws=draws),
        seeds=[_counts(len(sums), rng=rng, draws=draws) for sums in streams.values()],
    )
    error = np.sqrt(drawn.variance)
    return np.divide(drawn.mean, error, out=np.zeros_like(error), where=error > 0)


def shrunken(streams: Sequence[FloatArray], sizes: FloatArray) -> list[FloatArray]:
    """Tables whose clusters vary, when drawn, by what is estimated of the items alone.

    The means of the clusters hold a share of `rest`, and so do those of the seeds: drawn as they are, `rest` would
    count three times, and ten seeds would look like fifty. The clusters' deviations are therefore scaled to their
    own variance, and those of seeds and cells by k/(k-1) each (Davison and Hinkley 1997, 3.8). The seeds keep
    their share, as in `Spread.degrees_of_freedom`: few seeds do not tell it from none, and taking it off made the
    interval narrow exactly where their spread was underestimated. `streams` [S, G] sums over each cluster's items;
    `sizes` [G].

    >>> same = shrunken([np.array([[2.0, 0.0], [2.0, 0.0]])], np.array([2.0, 2.0]))
    >>> same[0].mean(axis=0)  # two clusters drawn have half the variance of those they stand for
    array([ 2.41421356, -0.41421356])
    """
    n, count = float(sizes.sum()), len(sizes)
    few = count / (count - 1)
    others, columns, rest = [], [], 0.0
    for sums in streams:
        k = len(sums)
        mean = sums.sum() / (k * n)
        row = sums.sum(axis=1, keepdims=True) / n - mean
        column = sums.mean(axis=0) - mean * sizes
        cell = sums - (mean + row) * sizes - column
        rest += few * float(np.sum(cell**2)) / n**2 / (k * (k - 1))
        others.append((mean + row * np.sqrt(k / (k - 1))) * sizes + cell * np.sqrt(few * k / (k - 1)))
        columns.append(column)
    items = few * float(np.sum(sum(columns) ** 2)) / n**2
    scale = np.sqrt(max(items - rest, 0.0) / items * few) if items else 0.0
    return [other + scale * column for other, column in zip(others, columns, strict=True)]


@dataclass(frozen=True)
class Drawn:
    """Sum of the streams' means, [draws], and its variance as `two_way` estimates it in each draw, [draws]."""

    mean: FloatArray
    variance: FloatArray


def resampled(
    streams: Sequence[FloatArray], sizes: FloatArray, *, taken: FloatArray, seeds: Sequence[FloatArray]
) -> Drawn:
    """`two_way` of all draws at once, from counts and without building a drawn table.

    `streams` [S, G] sums over each cluster's items; `sizes` [G] items of a cluster; `taken` [draws, G] and `seeds`
    [draws, S], one for each stream: how often a draw has it.

    >>> one = np.array([[2.0, 0.0], [2.0, 0.0]])
    >>> drawn = resampled([one], np.array([2.0, 2.0]), taken=np.ones((1, 2)), seeds=[np.ones((1, 2))])
    >>> float(drawn.mean[0]), float(drawn.variance[0])
    (0.5, 0.25)
    """
    draws, count = taken.shape
    few = count / (count - 1)
    weights = taken * sizes
    n, squares = weights.sum(axis=1), (weights * sizes).sum(axis=1)
    means, added = np.zeros(draws), np.zeros(draws)
    by_item = np.zeros((draws, count))
    for sums, w in zip(streams, seeds, strict=True):
        k = len(sums)
        by_row, by_column = taken @ sums.T / n[:, None], w @ sums / k  # [draws, S], [draws, G]
        mean = (w * by_row).sum(axis=1) / k
        means += mean
        by_item += by_column - mean[:, None] * sizes
        row = by_row - mean[:, None]
        between = (w * row**2).sum(axis=1)
        # squares of the cells' residuals, summed: those of the cells less columns, then rows taken off
        cells = (taken * (w @ sums**2 - k * by_column**2)).sum(axis=1)
        cells -= 2 * (w * row * (weights @ sums.T)).sum(axis=1) - between * squares
        added += (between - cells * few / n**2) / (k * (k - 1))
    items = (taken * by_item**2).sum(axis=1) * few / n**2
    return Drawn(mean=means, variance=items + np.maximum(added, 0.0))


def _counts(of: int, *, rng: np.random.Generator, draws: int) -> FloatArray:
    """Counts of each of `of` things in a draw of as many with replacement, [draws, of]."""
    drawn = rng.integers(0, of, (draws, of)) + of * np.arange(draws)[:, None]
    return np.bincount(drawn.ravel(), minlength=draws * of).reshape(draws, of).astype(np.float64)
