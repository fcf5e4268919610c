"""The targets that a run trained on, recorded where no method can reach: what the audits read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from aar.students.handles import Chosen
from w2s.records import FloatArray, IntArray

CALLS = 16
"""Parts of fine-tune calls that are kept one by one; later ones are kept together by the student taught."""


@dataclass
class _Sums:
    target: FloatArray
    weight: FloatArray

    @property
    def means(self) -> FloatArray:
        means = np.full(len(self.target), 0.5)
        np.divide(self.target, self.weight, out=means, where=self.weight > 0)
        return means


class TargetRecord:
    """Weighted mean of the targets of each unlabelled row over all fine-tune calls of a run, and of each part of one.

    A target of a swapped pair is recorded for the pair's own order. A row that no call selected counts
    .5, with weight 0. A call is one part unless it says more than one thing of an item: each epoch of a custom loss is
    a part, and so is the first, the second and each further time that a call names an item with another target, in the
    order in which it trains.

    Covered: decoys. A call weighs by its passes and its learning rate, whatever the size of its weights, so that one
    that hardly trains hides nothing, and each of the first parts is kept by itself, so that many decoys do not hide
    one, be they other calls, other epochs or other targets of the same item. What comes after those is kept for each
    student by itself: a decoy hides only the targets of its own student, and makes it forget them. Not covered: a
    method that fits a model of its own, whose targets stay in its process.
    """

    def __init__(self, n_unlabelled: int) -> None:
        self.calls = 0
        self._all = _Sums(np.zeros(n_unlabelled), np.zeros(n_unlabelled))
        self._each: list[_Sums] = []
        self._later: dict[int, _Sums] = {}

    def add(
        self,
        chosen: Chosen,
        targets: FloatArray,
        weights: FloatArray | None,
        *,
        student: int,
        effort: float,
        order: IntArray | None = None,
    ) -> None:
        """Record a call on `student`: `targets` as given, or as a custom loss implies them in each epoch, [epochs, n].

        Rows are parallel to `chosen`. `weights` are None under a custom loss, which need not heed them; `order` is
        that in which the call trains; `effort` is how much it does, passes times learning rate in units of the
        recipe's.
        """
        weight = np.ones(len(chosen)) if weights is None else weights / weights.mean()
        self.calls += 1
        for epoch in targets:
            upright = np.where(chosen.flipped, 1.0 - epoch, epoch)
            times = _times(chosen.rows, upright, order)
            for time in range(int(times.max()) + 1):
                part = times == time
                share = effort / len(targets) * weight[part]
                for sums in (self._all, self._part(student)):
                    np.add.at(sums.target, chosen.rows[part], share * upright[part])
                    np.add.at(sums.weight, chosen.rows[part], share)

    def _part(self, student: int) -> _Sums:
        """Sums for the next part of a call on `student`."""
        new = _Sums(np.zeros_like(self._all.target), np.zeros_like(self._all.weight))
        if len(self._each) < CALLS:
            self._each.append(new)
            return new
        return self._later.setdefault(student, new)

    def arrays(self, predictions: FloatArray) -> dict[str, FloatArray]:
        """Arrays that audits read of a run that ended with `predictions`; these are its targets if it has none."""
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
        """Mean targets part by part, then student by student, [parts, n_unlabelled]; .5 where none selected a row."""
        return np.stack([sums.means for sums in (*self._each, *self._later.values())])


def _times(rows: IntArray, targets: FloatArray, order: IntArray | None) -> IntArray:
    """For each entry how often its row stood before it, in training order, [n]; all 0 where no row has two targets.

    >>> _times(np.array([7, 8, 7]), np.array([0.0, 1.0, 1.0]), None).tolist()
    [0, 0, 1]
    >>> _times(np.array([7, 8, 7]), np.array([1.0, 1.0, 1.0]), None).tolist()
    [0, 0, 0]
    """
    least, most = np.full(rows.max() + 1, np.inf), np.full(rows.max() + 1, -np.inf)
    np.minimum.at(least, rows, targets)
    np.maximum.at(most, rows, targets)
    counts = np.zeros(len(rows), dtype=np.int64)
    if (least[rows] == most[rows]).all():
        return counts
    seen: Counter[int] = Counter()
    for i in range(len(rows)) if order is None else order.tolist():
        counts[i] = seen[int(rows[i])]
        seen[int(rows[i])] += 1
    return counts
