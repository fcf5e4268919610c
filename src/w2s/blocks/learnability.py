"""Learning of each item by a student in training: its loss at the first visit less that at the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from w2s.blocks.losses import Batch, cross_entropy
from w2s.errors import BadTargets
from w2s.records import FloatArray

if TYPE_CHECKING:
    from torch import Tensor


class IndexedBatch(Batch, Protocol):
    """A batch that also says which items it holds."""

    @property
    def index(self) -> Tensor:
        """Positions in the items of the call, int64 [b]."""


class LossTrace:
    """Cross-entropy that remembers each of `n` items' loss at its first and at its last visit.

    Make a new one for each fine-tune: `student.finetune(items, targets, loss=trace)`, then `trace.learned`.
    """

    def __init__(self, n: int) -> None:
        self.first, self.last = np.full(n, np.nan), np.full(n, np.nan)

    def __call__(self, batch: IndexedBatch) -> Tensor:
        """Cross-entropy of one batch."""
        index = batch.index.cpu().numpy()
        logits = batch.logits.detach().cpu().numpy().astype(np.float64)
        targets = batch.targets.cpu().numpy().astype(np.float64)
        loss = np.logaddexp(0.0, logits) - targets * logits
        self.first[index] = np.where(np.isnan(self.first[index]), loss, self.first[index])
        self.last[index] = loss
        return cross_entropy(batch)

    @property
    def learned(self) -> FloatArray:
        """First loss less last loss, in nats, [n]; `BadTargets` while an item was never visited."""
        missing = int(np.isnan(self.first).sum())
        if missing:
            raise BadTargets(
                f"{missing} of {len(self.first)} items were not trained on yet; fine-tune on them first"
            )
        return np.asarray(self.first - self.last)


def smoothing(learned: FloatArray, *, fraction: float = 0.4, power: float = 2.0) -> FloatArray:
    """Amount of smoothing of each item's label towards one half, 0 to 1, [n] (for `targets.soften`).

    Of the `fraction` of items that were learned least, with u their rank from 0 (least) to 1: (1 - u) ** power;
    0 for all others. Source: the epiplexity method of the April 2026 study; how rank becomes an amount is set here.

    >>> smoothing(np.array([0.3, 0.1, 0.2, 0.9]), fraction=0.5).tolist()
    [0.0, 1.0, 0.25, 0.0]
    """
    if not 0 < fraction <= 1 or power < 0:
        raise BadTargets(f"fraction {fraction} goes from above 0 to 1 and power {power} from 0")
    values = np.asarray(learned, dtype=np.float64)
    count = max(1, round(fraction * len(values)))
    least = np.argsort(values, kind="stable")[:count]
    amount = np.zeros(len(values))
    amount[least] = (1.0 - np.arange(count) / count) ** power
    return amount
