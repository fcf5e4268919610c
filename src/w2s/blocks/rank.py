"""States of low effective rank: a student that explains the items by few directions is pressed to find the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from w2s.blocks.losses import Batch, cross_entropy
from w2s.errors import BadTargets

if TYPE_CHECKING:
    from torch import Tensor


class StatesBatch(Batch, Protocol):
    """A batch with the states that its log-odds were read from."""

    @property
    def hidden(self) -> Tensor | None:
        """States at the label position, requiring a gradient, [b, h]."""


class LowRank:
    """Cross-entropy plus `weight` * effective rank of the batch's states at the label position.

    A weight of 0 is cross-entropy. The effective rank of b states lies between 1 and min(b, h), so the price grows
    with the batch. In the lab the states of a batch are sent to the loss and their gradient back. Source: the low-rank
    direction of the April 2026 study; effective rank of Roy and Vetterli 2007.
    """

    wants_hidden = True

    def __init__(self, *, weight: float = 0.01) -> None:
        if not weight >= 0:
            raise BadTargets(f"weight {weight} of the effective rank must be at least 0")
        self.weight = weight

    def __call__(self, batch: StatesBatch) -> Tensor:
        """Loss of one batch; `BadTargets` if it comes without states."""
        if batch.hidden is None:
            raise BadTargets("the batch has no hidden states; the loss asks for them by wants_hidden = True")
        return cross_entropy(batch) + self.weight * effective_rank(batch.hidden)


def effective_rank(states: Tensor) -> Tensor:
    """exp of the entropy of the singular values of states [b, h] as shares of their sum: 1 to min(b, h).

    >>> import torch
    >>> round(float(effective_rank(torch.eye(3))), 4), round(float(effective_rank(torch.ones(3, 3))), 4)
    (3.0, 1.0)
    """
    import torch

    values = torch.linalg.svdvals(states)
    share = values / values.sum().clamp_min(1e-12)
    return torch.exp(torch.special.entr(share.clamp_min(1e-12)).sum())
