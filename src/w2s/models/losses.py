"""A loss sees one batch's log-odds and gives back a value and its gradient: numpy in, numpy out.

The training loop knows no other kind of loss, so one that is computed in another process trains the
student to the same bits as one that is computed here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2s import contract
from w2s.errors import BadTargets

if TYPE_CHECKING:
    import torch

Float32Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LossArrays:
    """One batch as it leaves the training loop.

    `logits` [b] are log-odds of class 1, `targets` [b] probabilities of class 1, `weights` [b]; `index` [b]
    are positions in the items of the call; `progress` is the share of the steps that are done; `hidden`
    [b, h] are the states that the logits were read from, or None if the loss does not want them.
    """

    logits: Float32Array
    targets: Float32Array
    weights: Float32Array
    index: npt.NDArray[np.int64]
    progress: float
    hidden: Float32Array | None = None


@dataclass(frozen=True)
class LossGradient:
    """Value of the loss, and its derivatives: `logits` [b] and, where hidden states were used, `hidden` [b, h]."""

    value: float
    logits: Float32Array
    hidden: Float32Array | None = None


@dataclass(frozen=True)
class LossBatch:
    """One batch as a custom loss sees it: torch tensors, `logits` (and `hidden`) requiring a gradient."""

    logits: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    index: torch.Tensor
    progress: float
    hidden: torch.Tensor | None = None


Gradient = Callable[[LossArrays], LossGradient]


def cross_entropy(batch: LossArrays) -> LossGradient:
    """Cross-entropy against the targets, the mean over the batch by weight: the loss where none is given.

    >>> import numpy as np
    >>> one = np.ones(1, dtype=np.float32)
    >>> cross_entropy(LossArrays(0 * one, one, one, np.zeros(1, dtype=np.int64), 0.0)).logits
    array([-0.5], dtype=float32)
    """
    share = batch.weights / max(float(batch.weights.sum()), 1e-12)
    each = np.logaddexp(0.0, batch.logits) - batch.targets * batch.logits
    gradient = share * (_sigmoid(batch.logits) - batch.targets)
    return LossGradient(float((share * each).sum()), gradient.astype(np.float32))


class TorchGradient:
    """A torch loss as a function from arrays to arrays; `wants_hidden` says whether it reads hidden states."""

    def __init__(self, loss: Callable[[Any], Any]) -> None:
        self._loss = contract.loss(loss)
        self.wants_hidden = bool(getattr(loss, "wants_hidden", False))

    def __call__(self, batch: LossArrays) -> LossGradient:
        """Value and derivatives; `BadTargets` if the loss is no finite torch scalar that depends on the batch."""
        import torch

        logits = torch.tensor(batch.logits, dtype=torch.float32, requires_grad=True)
        hidden = None
        if batch.hidden is not None:
            hidden = torch.tensor(batch.hidden, dtype=torch.float32, requires_grad=True)
        value = self._loss(
            LossBatch(
                logits=logits,
                targets=torch.tensor(batch.targets, dtype=torch.float32),
                weights=torch.tensor(batch.weights, dtype=torch.float32),
                index=torch.tensor(batch.index, dtype=torch.int64),
                progress=batch.progress,
                hidden=hidden,
            )
        )
        if not isinstance(value, torch.Tensor) or value.numel() != 1 or not value.requires_grad:
            raise BadTargets(
                "the loss has to return one torch number computed from batch.logits or batch.hidden; "
                f"it returned {type(value).__name__}"
            )
        value.sum().backward()  # type: ignore[no-untyped-call]
        through = None if hidden is None else _numpy(hidden)
        return checked(LossGradient(float(value.detach()), _numpy(logits), through), batch)


def checked(answer: LossGradient, batch: LossArrays) -> LossGradient:
    """The `answer` to `batch`, of its shape and finite; `BadTargets` otherwise."""
    for gradient, like, name in (
        (answer.logits, batch.logits, "logits"),
        (answer.hidden, batch.hidden, "hidden"),
    ):
        if gradient is None:
            continue
        if like is None or gradient.shape != like.shape:
            raise BadTargets(
                f"the gradient of the loss for {name} has shape {gradient.shape}, not the batch's"
            )
        if not np.isfinite(gradient).all():
            raise BadTargets(f"the gradient of the loss for {name} is NaN or infinite")
    if not math.isfinite(answer.value):
        raise BadTargets(f"the loss is {answer.value} at progress {batch.progress:.2f}")
    return answer


def torch_gradient(loss: Callable[[Any], Any]) -> TorchGradient:
    """Adapt `loss(batch: LossBatch) -> torch scalar` to the training loop."""
    return TorchGradient(loss)


def _numpy(leaf: torch.Tensor) -> Float32Array:
    if leaf.grad is None:
        return np.zeros(tuple(leaf.shape), dtype=np.float32)
    gradient: Float32Array = leaf.grad.numpy()
    return gradient


def _sigmoid(x: Float32Array) -> Float32Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float32)
