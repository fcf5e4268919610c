"""Items that lie close together in the frozen strong model's hidden states should have the same label.

`nearest(states, ...)` finds each item's neighbours once; `Neighbours.mean(soft)` then says what they say of it.
Labels that disagree with their neighbourhood are more often wrong than those that agree, as far as truth is
what the geometry is made of: where the states group items by topic, so do the neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.errors import BadTargets
from w2s.records import BoolArray, FloatArray, IntArray

_ROWS = 512
"""Items whose distances to all others are held at once."""


@dataclass(frozen=True)
class Neighbours:
    """The nearest items of each item, nearest first: `index` [n, k], positions in the states they came from.

    `mirrored` [n, k] is true where the neighbour is that item's mirror image (a pair in the other order),
    whose class is the opposite one; `distance` [n, k] is squared, in the states' own unit.
    """

    index: IntArray
    mirrored: BoolArray
    distance: FloatArray

    @property
    def density(self) -> FloatArray:
        """Minus the mean squared distance of the neighbours, [n]: high in crowded places, low for what stands apart."""
        return -np.asarray(self.distance.mean(axis=1))

    def agreement(self, labels: FloatArray) -> FloatArray:
        """Share of the neighbours whose label is the item's own, [n]; `labels` are 0 or 1."""
        hard = (np.asarray(labels) > 0.5).astype(np.float64)
        share = self.mean(hard)
        return np.where(hard > 0, share, 1.0 - share)

    def mean(self, soft: FloatArray) -> FloatArray:
        """Mean probability of class 1 among the neighbours of each item, [n]; the item's own is not in it.

        `soft` [n] is a probability of class 1; a mirror image counts as 1 - soft.
        """
        values = np.asarray(soft, dtype=np.float64)
        if values.shape != self.index.shape[:1]:
            raise BadTargets(f"soft of shape {values.shape} for {len(self.index)} items; give one for each")
        seen = values[self.index]
        return np.asarray(np.where(self.mirrored, 1.0 - seen, seen).mean(axis=1))


def nearest(
    states: npt.NDArray[np.floating],
    *,
    k: int = 50,
    groups: IntArray | None = None,
    odd: bool = False,
) -> Neighbours:
    """The `k` items nearest to each by Euclidean distance between `states` [n, h], never of its own group.

    `groups` [n] are codes of the question or prompt; answers to one question lie together whatever they are
    worth, so they would outvote everything else. Without `groups` only the item itself is left out. `odd`
    says that swapping a pair turns its state round (`elicitation.both_orders`): then every pair is also there
    in the other order, at -state and with the opposite class, and the result does not depend on which order
    happened to be shown. Takes n^2 h multiplications, and memory for 512 n distances at a time. Raises
    `BadTargets` where fewer than `k` items are left. Source: the k-nearest-neighbour filter of EleutherAI/w2s.

    >>> nearest(np.array([[0.0], [1.0], [5.0]]), k=1).index.tolist()
    [[1], [0], [1]]
    """
    x = np.asarray(states, dtype=np.float64)
    if x.ndim != 2 or not np.isfinite(x).all():
        raise BadTargets(f"states of shape {x.shape}; give finite numbers, [n, h]")
    n = len(x)
    group = np.arange(n) if groups is None else np.asarray(groups)
    if group.shape != (n,):
        raise BadTargets(f"groups of shape {group.shape} for {n} items; give one for each")
    copies = 2 if odd else 1
    _, sizes = np.unique(group, return_counts=True)
    fewest = copies * (n - int(sizes.max(initial=0)))
    if not 1 <= k <= fewest:
        raise BadTargets(f"{k} neighbours wanted; an item of the largest group has {fewest} outside of it")
    size = (x**2).sum(axis=1)
    nearest_first = np.empty((n, k), dtype=np.int64)
    distance = np.empty((n, k))
    for start in range(0, n, _ROWS):
        rows = slice(start, start + _ROWS)
        product = 2.0 * x[rows] @ x.T
        # |x - y|^2 without |x|^2, which is the same for all y; the mirror image of y is -y.
        far = np.hstack([size - product, size + product][:copies])
        far[np.tile(group[rows, None] == group, copies)] = np.inf
        some = np.argpartition(far, k - 1, axis=1)[:, :k]
        rank = np.argsort(np.take_along_axis(far, some, axis=1), axis=1, kind="stable")
        nearest_first[rows] = np.take_along_axis(some, rank, axis=1)
        distance[rows] = np.take_along_axis(far, nearest_first[rows], axis=1) + size[rows, None]
    return Neighbours(
        index=nearest_first % n, mirrored=nearest_first >= n, distance=np.maximum(distance, 0.0)
    )
