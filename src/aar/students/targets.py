"""The targets that a run trained on, recorded where no method can reach: what the audits read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aar.students.handles import Chosen
from w2s.records import FloatArray

CALLS = 16
"""Fine-tune calls that are kept one by one; later ones are kept together with the last of them."""


@dataclass
class _Sums:
    target: FloatArray
    weight: FloatArray

    @property
    def means(self) -> FloatArray:
        found = np.full(len(self.target), 0.5)
        np.divide(self.target, self.weight, out=found, where=self.weight > 0)
        return found


class TargetRecord:
    """Weighted mean of the targets of each unlabelled row over all fine-tune calls of a run, and of each call.

    A target of a swapped pair is recorded for the pair's own order. A row that no call selected counts
    .5, with weight 0.

    Covered: decoys. A call weighs by its passes and its learning rate, whatever the size of its weights, so that one
    that hardly trains hides nothing, and each of the first calls is kept by itself, so that many decoys do not bury
    one. Not covered: a method that teaches 16 students true decoys and hands in the answers of the next.
    """

    def __init__(self, n_unlabelled: int) -> None:
        self.calls = 0
        self._all = _Sums(np.zeros(n_unlabelled), np.zeros(n_unlabelled))
        self._each: list[_Sums] = []

    def add(self, chosen: Chosen, targets: FloatArray, weights: FloatArray | None, *, effort: float) -> None:
        """Record one call: `targets` as given, or as a custom loss implies them, [n] parallel to `chosen`.

        `weights` are None under a custom loss, which need not heed them; `effort` is how much the call trains,
        passes times learning rate in units of the recipe's.
        """
        upright = np.where(chosen.flipped, 1.0 - targets, targets)
        weight = np.ones(len(chosen)) if weights is None else weights / weights.mean()
        self.calls += 1
        if len(self._each) < CALLS:
            self._each.append(_Sums(np.zeros_like(self._all.target), np.zeros_like(self._all.weight)))
        for sums in (self._all, self._each[-1]):
            np.add.at(sums.target, chosen.rows, effort * weight * upright)
            np.add.at(sums.weight, chosen.rows, effort * weight)

    def arrays(self, predictions: FloatArray) -> dict[str, FloatArray]:
        """What the audits read of a run that ended with `predictions`, which stand for its targets if it has none."""
        if not self.calls:
            weight = np.ones(len(predictions))
            return {"predictions": predictions, "targets": predictions, "target_weight": weight}
        return {
            "predictions": predictions,
            "targets": self.means,
            "target_weight": self.weights,
            "call_targets": self.each,
        }

    @property
    def weights(self) -> FloatArray:
        """Total weight of each unlabelled row, [n_unlabelled]."""
        return self._all.weight.copy()

    @property
    def means(self) -> FloatArray:
        """Mean target of each unlabelled row, [n_unlabelled]; .5 where the weight is 0."""
        return self._all.means

    @property
    def each(self) -> FloatArray:
        """Mean targets call by call, [calls, n_unlabelled]; .5 where a call did not select a row."""
        return np.stack([sums.means for sums in self._each])
