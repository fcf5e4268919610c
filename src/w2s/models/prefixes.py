"""Tokens that follow the same beginning in several texts of a batch are computed once.

What a causal model computes at a position depends on the tokens up to it alone, so texts that begin alike
(the words of the template, a question that is asked about several answers) share those positions, and
padding needs none. The numbers are the same; only sums are taken in another order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Prefixes:
    """The distinct beginnings (nodes) in a batch of right-padded rows [b, l], in order of first appearance.

    `tokens` [m] is the last token of each and `position` [m] where it stands; `node` [b * l] says which
    beginning ends at a place of the batch (0 where there is only padding); `first` [m] is the first such
    place; `again` [e] are the other places and `again_node` [e] their nodes.
    """

    tokens: torch.Tensor
    position: torch.Tensor
    node: torch.Tensor
    first: torch.Tensor
    again: torch.Tensor
    again_node: torch.Tensor

    @classmethod
    def of(cls, ids: torch.Tensor, last: torch.Tensor) -> Prefixes:
        """Of token ids [b, l] whose texts end at position `last` [b]; nothing is shared that differs."""
        table, ends = ids.numpy(), last.numpy()
        length = table.shape[1]
        real = np.flatnonzero((np.arange(length) <= ends[:, None]).ravel())
        node, first = _by_hash(table, real)
        if not _exact(table, real, node, first):
            node, first = np.zeros(table.size, dtype=np.int64), real
            node[real] = np.arange(len(real))
        repeated = np.ones(table.size, dtype=bool)
        repeated[first] = False
        again = real[repeated[real]]
        return cls(
            tokens=torch.from_numpy(table.ravel()[first]),
            position=torch.from_numpy(first % length),
            node=torch.from_numpy(node),
            first=torch.from_numpy(first),
            again=torch.from_numpy(again),
            again_node=torch.from_numpy(node[again]),
        )

    def spread(self, x: torch.Tensor) -> torch.Tensor:
        """`x` [m, c] of the nodes at every place of the batch, [b * l, c]; padding gets the first node's."""
        result: torch.Tensor = _Spread.apply(x, self)  # type: ignore[no-untyped-call]
        return result

    def total(self, x: torch.Tensor) -> torch.Tensor:
        """Sum of `x` [b * l, c] over the places of each node, [m, c]; padding is left out."""
        return x.index_select(0, self.first).index_add_(0, self.again_node, x.index_select(0, self.again))


def _by_hash(table: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Node of every place [b * l] and first place of every node [m], by a hash of the tokens so far."""
    with np.errstate(over="ignore"):
        powers = np.cumprod(np.full(table.shape[1], _MIX))
        hashes = np.cumsum((table.astype(np.uint64) + np.uint64(1)) * powers, axis=1).ravel()[real]
    _, start, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(start)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    node = np.zeros(table.size, dtype=np.int64)
    node[real] = rank[inverse]
    return node, real[start[order]]


def _exact(table: np.ndarray, real: np.ndarray, node: np.ndarray, first: np.ndarray) -> bool:
    """True if equal nodes have equal tokens and follow equal nodes: then their beginnings are equal."""
    parent = np.empty(table.shape, dtype=np.int64)
    parent[:, 0], parent[:, 1:] = -1, node.reshape(table.shape)[:, :-1]
    same = first[node[real]]
    before, token = parent.ravel(), table.ravel()
    return bool((token[real] == token[same]).all() and (before[real] == before[same]).all())


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor, prefixes: Prefixes) -> torch.Tensor:
        ctx.prefixes = prefixes  # type: ignore[attr-defined]
        return x.index_select(0, prefixes.node)

    @staticmethod
    def backward(ctx: object, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        prefixes: Prefixes = ctx.prefixes  # type: ignore[attr-defined]
        return prefixes.total(grads[0]), None
