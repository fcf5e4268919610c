"""Two models on the same items, one seed each: only the items on which they disagree say which is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s.records import FloatArray


@dataclass(frozen=True)
class Disagreement:
    """Items that only `a` and only `b` got right, of `n`, and the two-sided p of "as often the one as the other"."""

    only_a: int
    only_b: int
    n: int
    p: float

    @property
    def rate(self) -> float:
        """Share of the items on which the two disagree: what `items_needed` and `detectable_gain` ask for."""
        return (self.only_a + self.only_b) / self.n


def mcnemar(a: FloatArray, b: FloatArray) -> Disagreement:
    """McNemar's test (1947), exact at every count: under no difference `only_a` is Binomial(only_a + only_b, 1/2).

    `a`, `b` [n]: correctness, 0 or 1, of the same items in the same order; `ValueError` for anything else, one half
    included. Covered: the two models as they are. Not covered: another seed of either, and items that come in
    clusters (of one question or prompt), which it counts as independent; for both use `paired_gain`.

    >>> found = mcnemar(np.array([1.0, 1, 1, 1, 1, 0]), np.array([0.0, 0, 0, 0, 0, 0]))
    >>> found.only_a, found.only_b, found.p
    (5, 0, 0.0625)
    """
    from scipy.stats import binomtest  # half a second to import

    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.ndim != 1 or first.shape != second.shape or not first.size:
        raise ValueError(
            f"correctness of shapes {first.shape} and {second.shape}; both need [n], the same items"
        )
    if not (np.isin(first, (0.0, 1.0)).all() and np.isin(second, (0.0, 1.0)).all()):
        raise ValueError("correctness other than 0 and 1; leave out items that a model abstained on")
    only_a, only_b = int(np.sum(first > second)), int(np.sum(first < second))
    p = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return Disagreement(only_a=only_a, only_b=only_b, n=first.size, p=p)
