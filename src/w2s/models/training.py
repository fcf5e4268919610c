"""Fine-tuning: label as text, loss on the log-odds of the two label words, linear schedule with warm-up.

The log-odds are the difference of the two label words' logits at the label position: the normaliser over the
vocabulary cancels, so only two of its rows are ever computed, and a custom loss and the built-in one see the
same thing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from w2s.models.labels import LabelTokens
from w2s.models.losses import Gradient, LossGradient
from w2s.models.plan import FinetunePlan
from w2s.records import FloatArray, IntArray, Recipe

if TYPE_CHECKING:
    import torch

    from w2s.models.batches import Rows
    from w2s.models.trainable import Trainable


_CLIP = 1.0
_FAINT = 0.1
"""Mean distance from the targets below which that of a custom loss is taken for a question of its scale."""
_WINDOW = 8
"""Batches that are sorted by length among themselves, so that little is spent on padding."""


@dataclass(frozen=True)
class FinetuneRecord:
    """Record of a fine-tune call: the targets it amounted to in each epoch, steps taken, mean loss of its last epoch.

    `by_epoch` is [epochs, n] for a custom loss, whose targets may change, and [1, n] for the built-in one. With a
    custom loss an item's implied target is sigmoid(logit) - b * dL/dlogit; a gradient with respect to hidden states
    counts by its part along the readout, and one so small that only the optimiser would notice is enlarged first.
    """

    by_epoch: FloatArray
    steps: int
    loss: float

    @property
    def implied_targets(self) -> FloatArray:
        """Mean over the epochs, [n]."""
        return np.asarray(self.by_epoch.mean(axis=0))


def train(
    trainable: Trainable,
    rows: Rows,
    labels: LabelTokens,
    plan: FinetunePlan,
    recipe: Recipe,
    rng: np.random.Generator,
    gradient: Gradient | None,
    *,
    token_budget: int,
) -> FinetuneRecord:
    """Train on `rows`, at most `token_budget` tokens at once; deterministic on a CPU for a state of `rng`.

    Raises `BadTargets` where the loss or its gradient is not finite or has another shape than the batch;
    the student is then half trained.
    """
    import torch

    from w2s.models.steps import Steps

    vector = trainable.vector
    assert vector.grad is not None
    optimizer = torch.optim.AdamW(
        [vector], lr=plan.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    steps = plan.epochs * math.ceil(len(rows) / recipe.batch_size)
    implied = np.zeros((plan.epochs, len(rows)))
    losses: list[float] = []
    backward = Steps(trainable, rows, labels, plan, gradient, token_budget=token_budget)
    for index in _visits(plan, rows.lengths, recipe.batch_size, rng):
        done = len(losses)
        optimizer.param_groups[0]["lr"] = plan.learning_rate * schedule(done, steps, recipe.warmup)
        vector.grad.zero_()
        batch, answer = backward(index, progress=done / steps)
        norm = torch.linalg.vector_norm(vector.grad)
        vector.grad.mul_((_CLIP / (norm + 1e-6)).clamp(max=1.0))
        optimizer.step()
        losses.append(answer.value)
        if gradient is not None:
            share = 0.5 * (1.0 + np.tanh(0.5 * batch.logits.astype(np.float64)))
            direction = _along_readout(answer, backward.readout)
            implied[done * plan.epochs // steps, batch.index] = share - _enlarged(direction)
    aims = plan.targets[None, :] if gradient is None else np.clip(implied, 0.0, 1.0)
    return FinetuneRecord(aims, steps, float(np.mean(losses[-(steps // plan.epochs) :])))


def _enlarged(direction: FloatArray) -> FloatArray:
    """The gradient of a batch as distances of the student from its targets, [b]: times b, as of a mean.

    AdamW divides by a gradient's size, so that a loss a thousand times smaller teaches as much. Where the distances
    are below `_FAINT` in the mean they are stretched to it.

    >>> _enlarged(np.array([1e-6, -1e-6]))
    array([ 0.1, -0.1])
    """
    distance = len(direction) * direction
    mean = float(np.abs(distance).mean())
    return distance * (_FAINT / mean) if 0.0 < mean < _FAINT else distance


def _along_readout(answer: LossGradient, direction: torch.Tensor) -> FloatArray:
    """Derivative of the loss with respect to the log-odds, [b], what goes through the hidden states included.

    A step of the states along the readout's `direction` r moves the log-odds by |r|^2, so a gradient g with
    respect to them counts as g.r / |r|^2: otherwise a loss could teach through them and leave no trace.
    """
    found: FloatArray = answer.logits.astype(np.float64)
    if answer.hidden is not None:
        r = direction.detach().float().cpu().numpy().astype(np.float64)
        found = found + answer.hidden.astype(np.float64) @ r / float(r @ r)
    return found


def schedule(step: int, steps: int, warmup: float) -> float:
    """Share of the peak learning rate at `step` of `steps`: up over the warm-up, then down to 0.

    >>> [schedule(step, 10, 0.2) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.125]
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    return (steps - step) / max(1, steps - rise)


def _visits(plan: FinetunePlan, lengths: IntArray, size: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """Positions of each batch: in the given order, or shuffled anew each epoch into batches of similar length."""
    n = len(lengths)
    for _ in range(plan.epochs):
        if plan.order is not None:
            yield from (plan.order[start : start + size] for start in range(0, n, size))
            continue
        shuffled = rng.permutation(n)
        batches = []
        for start in range(0, n, size * _WINDOW):
            window = shuffled[start : start + size * _WINDOW]
            window = window[np.argsort(lengths[window], kind="stable")]
            batches += [window[at : at + size] for at in range(0, len(window), size)]
        for place in rng.permutation(len(batches)):
            yield batches[place]
