"""Gains and regressions with intervals in which questions, and runs where they differ, count as drawn by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aar.scoring.audits import rules
from aar.scoring.audits.case import Answers
from w2s.records import FloatArray, IntArray


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval, and its draws."""

    mean: float
    low: float
    high: float
    draws: FloatArray

    @classmethod
    def of(cls, mean: float, draws: FloatArray, *, looks: int = 1) -> Interval:
        """Percentile interval of the finite draws, one of `looks` that hold together (Bonferroni)."""
        known = draws[np.isfinite(draws)]
        if not len(known):
            return cls(mean, -np.inf, np.inf, draws)
        tail = (1 - rules.LEVEL) / 2 / looks
        low, high = np.quantile(known, [tail, 1 - tail])
        return cls(mean, float(low), float(high), draws)


def balanced_gain(values: FloatArray, truth: FloatArray) -> float:
    """(E[t | truth 1] - E[t | truth 0]) / 2: 0 is chance whatever the margins, .5 is perfect.

    >>> balanced_gain(np.array([1.0, 1, 0, 1]), np.array([1.0, 1, 0, 0]))
    0.25
    """
    return float(values[truth == 1].mean() - values[truth == 0].mean()) / 2


@dataclass(frozen=True)
class Sums:
    """Input of `balanced_gain` by run and question of any pool, [4, runs, questions]: sums and counts by truth."""

    table: FloatArray

    @classmethod
    def of(cls, runs: Sequence[Answers], *, among: Sequence[Answers] = ()) -> Sums:
        """Sums over the served items of runs, each about its own pool; questions of two pools are never the same.

        Sums of some of the runs of `among` have the same questions as those of others of them.
        """
        first: dict[bytes, int] = {}
        count = 0
        for run in among or runs:
            if run.pool.key not in first:
                first[run.pool.key] = count
                count += int(run.pool.group.max()) + 1
        table = np.zeros((4, len(runs), count))
        for r, run in enumerate(runs):
            rows = run.served
            group = first[run.pool.key] + run.pool.group[rows]
            truth, t = run.pool.truth[rows], run.values[rows]
            for i, weights in enumerate((t * truth, truth, t * (1 - truth), 1 - truth)):
                table[i, r] = np.bincount(group, weights, minlength=count)
        return cls(table)

    @property
    def shape(self) -> tuple[int, int]:
        """Runs and questions."""
        return self.table.shape[1], self.table.shape[2]

    def gain(self, runs: FloatArray, questions: FloatArray) -> FloatArray:
        """Gain of each draw, given how often each run [D, R] and question [D, Q] was drawn: pooled, then divided."""
        a, n1, b, n0 = np.einsum("dr,irq,dq->id", runs, self.table, questions, optimize=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((a / n1 - b / n0) / 2)

    def by_run(self) -> FloatArray:
        """Gain of each run alone, [R]."""
        runs, questions = self.shape
        return self.gain(np.eye(runs), np.ones((runs, questions)))


def counts(of: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Counts of each of `of` things in a draw of as many with replacement, [draws, of]."""
    if of == 0:
        return np.zeros((draws, 0))
    # counting the things drawn is several times as fast as `multinomial`, which draws the counts one by one
    places = rng.integers(of, size=(draws, of)) + of * np.arange(draws)[:, None]
    return np.bincount(places.ravel(), minlength=draws * of).reshape(draws, of).astype(np.float64)


def gain(sums: Sums, *, rng: np.random.Generator) -> Interval:
    """Pooled balanced gain; runs and questions are both drawn."""
    runs, questions = sums.shape
    estimate = sums.gain(np.ones((1, runs)), np.ones((1, questions)))
    drawn = sums.gain(counts(runs, rules.DRAWS, rng), counts(questions, rules.DRAWS, rng))
    return Interval.of(float(estimate[0]), drawn)


def share(part: Sums, total: Sums, *, rng: np.random.Generator, looks: int = 1) -> Interval:
    """Gain of `part` over that of `total`, with pooled denominators; they share the draw of questions."""
    (r1, questions), (r2, _) = part.shape, total.shape
    ones = np.ones((1, questions))
    drawn = counts(questions, rules.DRAWS, rng)
    below = total.gain(counts(r2, rules.DRAWS, rng), drawn)
    above = part.gain(counts(r1, rules.DRAWS, rng), drawn)
    mean = _ratio(part.gain(np.ones((1, r1)), ones), total.gain(np.ones((1, r2)), ones))
    return Interval.of(float(mean[0]), _ratio(above, below), looks=looks)


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotients; far out, on the side of `above`, where there is nothing to divide by."""
    some = below > 1e-6
    return np.where(some, above / np.where(some, below, 1.0), 1e6 * np.sign(np.nan_to_num(above)))


@dataclass(frozen=True)
class Regression:
    """Coefficients [p] of an ordinary regression within strata, and their draws [D, p]; n rows, `units` drawn."""

    coefficients: FloatArray
    draws: FloatArray
    n: int
    units: int

    def interval(self, which: int, *, looks: int = 1) -> Interval:
        """One coefficient."""
        return Interval.of(float(self.coefficients[which]), self.draws[:, which], looks=looks)

    def ratio(self, over: int, other: int, *, looks: int = 1) -> Interval:
        """b_over / (b_over + b_other)."""

        def of(b: FloatArray) -> FloatArray:
            total = b[:, over] + b[:, other]
            return np.where(total > 0, b[:, over] / np.where(total > 0, total, 1.0), 0.0)

        return Interval.of(float(of(self.coefficients[None, :])[0]), of(self.draws), looks=looks)


def within(
    values: FloatArray, causes: FloatArray, *, strata: IntArray, units: IntArray, rng: np.random.Generator
) -> Regression | None:
    """Regress `values` [n] on `causes` [n, p] with a mean of its own for each stratum; `units` [n] are drawn.

    None where the causes do not vary within strata, or there are fewer than 10 units.
    """
    _, place = np.unique(strata, return_inverse=True)
    size = np.bincount(place)
    table = np.column_stack([causes, values])
    # a mean of its own for each stratum is the same as taking away the stratum's mean from causes and values alike
    means = np.stack([np.bincount(place, column) / size for column in table.T], axis=1)
    table = table - means[place]
    _, unit = np.unique(units, return_inverse=True)
    number, p = int(unit.max(initial=-1)) + 1, causes.shape[1]
    # products are summed by unit once, so that a bootstrap draw is a weighted sum and no regression of n rows
    products = np.einsum("ni,nj->nij", table[:, :p], table).reshape(len(table), p * (p + 1))
    sums = np.stack([np.bincount(unit, column, minlength=number) for column in products.T], axis=1)
    drawn = np.vstack([np.ones((1, number)), counts(number, rules.DRAWS, rng)]) @ sums
    drawn = drawn.reshape(-1, p, p + 1)
    gram, aim = drawn[:, :, :p], drawn[:, :, p:]
    if number < 10 or np.linalg.eigvalsh(gram[0])[0] < 1e-6 * len(table):
        return None
    # 1e-9: a draw in which the causes happen not to vary stays solvable
    solved = np.asarray(np.linalg.solve(gram + 1e-9 * len(table) * np.eye(p), aim)[:, :, 0], dtype=np.float64)
    return Regression(solved[0], solved[1:], len(table), number)
