"""Losses that let the student disagree with its supervisor, for `student.finetune(..., loss=...)`.

Each is a callable of one batch that gives a torch scalar, the mean over the batch weighted by its
weights; torch is imported when it is first called. Make a new object for each fine-tune: some keep a
running buffer.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from w2s.errors import BadTargets

if TYPE_CHECKING:
    from torch import Tensor


class Batch(Protocol):
    """Input of a loss: all [b]; `logits` are log-odds of class 1, `progress` runs from 0 to 1."""

    @property
    def logits(self) -> Tensor:
        """Log-odds of class 1, requiring a gradient, [b]."""

    @property
    def targets(self) -> Tensor:
        """Probability of class 1 to train on, [b]."""

    @property
    def weights(self) -> Tensor:
        """Weight of each item, [b]."""

    @property
    def progress(self) -> float:
        """Share of the steps that are done, 0 to 1."""


def cross_entropy(batch: Batch) -> Tensor:
    """Cross-entropy of the student against the targets: what `finetune` uses without a loss."""
    return _against(batch, batch.targets)


class LogConfidence:
    """Cross-entropy against (1 - a) targets + a 1[f > t]: the student hardens its own guess.

    f is the student's probability; t is the running quantile of f that leaves as large a share above it as
    the targets have of class 1, over the last `buffer` items (one batch of 32 alone would be noise).
    a = weight * min(1, progress / warmup): it rises linearly and reaches its full weight exactly at the
    end of the warm-up, where the released code of the source jumps. Source: Burns et al. 2023 (2312.09390).
    """

    def __init__(self, *, weight: float = 0.5, warmup: float = 0.2, buffer: int = 512) -> None:
        if not 0 <= weight <= 1 or not 0 <= warmup <= 1 or buffer < 1:
            raise BadTargets(f"weight {weight} and warmup {warmup} go from 0 to 1, buffer {buffer} from 1")
        self.weight, self.warmup = weight, warmup
        self._seen: deque[tuple[float, float]] = deque(maxlen=buffer)

    def alpha(self, progress: float) -> float:
        """Weight of the student's own guess at `progress` (0 to 1)."""
        return self.weight if self.warmup == 0 else self.weight * min(1.0, progress / self.warmup)

    def __call__(self, batch: Batch) -> Tensor:
        """Loss of one batch; its items also enter the running buffer."""
        alpha = self.alpha(batch.progress)
        guess = (batch.logits.detach() > self._threshold(batch)).to(batch.targets.dtype)
        return _against(batch, (1.0 - alpha) * batch.targets + alpha * guess)

    def _threshold(self, batch: Batch) -> float:
        logits, aims = batch.logits.detach().tolist(), batch.targets.tolist()
        self._seen.extend(zip(logits, aims, strict=True))
        ranked = sorted(logit for logit, _ in self._seen)
        above = round(sum(aim for _, aim in self._seen))
        if above == 0:
            return ranked[-1]
        if above == len(ranked):
            return ranked[0] - 1.0
        return (ranked[-above] + ranked[-above - 1]) / 2.0


class ConfidenceWindow:
    """Cross-entropy only where the student is still unsure: max(f, 1 - f) < .5 + radius.

    Keeps the student from fitting labels that it already contradicts. A radius of .5 is cross-entropy.
    Source: EleutherAI/w2s.
    """

    def __init__(self, *, radius: float = 0.15) -> None:
        if not 0 < radius <= 0.5:
            raise BadTargets(f"radius {radius} is a distance from probability one half; give up to .5")
        self.radius = radius

    def __call__(self, batch: Batch) -> Tensor:
        """Loss of one batch; 0 where nothing lies within the window."""
        import torch

        distance = (torch.sigmoid(batch.logits.detach()) - 0.5).abs()
        inside = distance <= self.radius if self.radius == 0.5 else distance < self.radius
        return _against(batch, batch.targets, inside.to(batch.weights.dtype))


class Product:
    """Cross-entropy against a target proportional to student^own * weak^weak, class by class.

    Log-odds of the target = own * logit(f) + weak * logit(p_w), so a doubtful weak label is settled by the
    student. `own` 0 and `weak` 1 is cross-entropy. Source: product loss of openai/weak-to-strong.
    """

    def __init__(self, *, own: float = 1.0, weak: float = 1.0) -> None:
        self.own, self.weak = own, weak

    def __call__(self, batch: Batch) -> Tensor:
        """Loss of one batch."""
        import torch

        teacher = torch.logit(batch.targets, eps=1e-6)
        return _against(batch, torch.sigmoid(self.own * batch.logits.detach() + self.weak * teacher))


class ReverseKL:
    """KL(student, teacher) instead of KL(teacher, student): seeks a mode, forgives labels it leaves out.

    sum over classes of f log(f / p), with the targets' log-odds divided by `temperature` and moved `edge`
    away from 0 and 1 (the divergence from a hard label is infinite). Source: 2502.11107.
    """

    def __init__(self, *, temperature: float = 1.0, edge: float = 0.02) -> None:
        if temperature <= 0 or not 0 < edge < 0.5:
            raise BadTargets(f"temperature {temperature} must be above 0 and edge {edge} between 0 and .5")
        self.temperature, self.edge = temperature, edge

    def __call__(self, batch: Batch) -> Tensor:
        """Loss of one batch."""
        import torch
        from torch.nn.functional import logsigmoid

        teacher = torch.logit(batch.targets.clamp(self.edge, 1.0 - self.edge)) / self.temperature
        student = torch.sigmoid(batch.logits)
        for_1 = student * (logsigmoid(batch.logits) - logsigmoid(teacher))
        for_0 = (1.0 - student) * (logsigmoid(-batch.logits) - logsigmoid(-teacher))
        return _mean(batch, for_1 + for_0)


def _against(batch: Batch, aims: Tensor, chosen: Tensor | None = None) -> Tensor:
    from torch.nn.functional import binary_cross_entropy_with_logits

    each = binary_cross_entropy_with_logits(batch.logits, aims, reduction="none")
    return _mean(batch, each if chosen is None else each * chosen)


def _mean(batch: Batch, each: Tensor) -> Tensor:
    return (batch.weights * each).sum() / batch.weights.sum().clamp_min(1e-12)
