"""The targets that a run trained on, recorded where no method can reach: what the audits read."""

from __future__ import annotations

import numpy as np

from aar.students.handles import Chosen
from w2s.records import FloatArray


class TargetRecord:
    """Weighted mean of the targets of each unlabelled row over all fine-tune calls of a run.

    A target of a swapped pair is recorded for the pair's own order. A row that no call selected counts
    .5, with weight 0.
    """

    def __init__(self, n_unlabelled: int) -> None:
        self.calls = 0
        self._sum = np.zeros(n_unlabelled)
        self._weight = np.zeros(n_unlabelled)

    def add(self, chosen: Chosen, targets: FloatArray, weights: FloatArray | None) -> None:
        """Record one call: `targets` as given, or as a custom loss implies them, [n] parallel to `chosen`."""
        upright = np.where(chosen.flipped, 1.0 - targets, targets)
        weight = np.ones(len(chosen)) if weights is None else weights
        self.calls += 1
        np.add.at(self._sum, chosen.rows, weight * upright)
        np.add.at(self._weight, chosen.rows, weight)

    @property
    def weights(self) -> FloatArray:
        """Total weight of each unlabelled row, [n_unlabelled]."""
        return self._weight.copy()

    @property
    def means(self) -> FloatArray:
        """Mean target of each unlabelled row, [n_unlabelled]; .5 where the weight is 0."""
        found = np.full(len(self._sum), 0.5)
        np.divide(self._sum, self._weight, out=found, where=self._weight > 0)
        return found
