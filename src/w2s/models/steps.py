"""The gradient of one batch, in as many parts as the token budget makes of it; the sum is the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from w2s.models.batches import Rows
from w2s.models.forward import label_reader
from w2s.models.labels import LabelTokens
from w2s.models.losses import Gradient, LossArrays, LossGradient, checked, cross_entropy
from w2s.models.plan import FinetunePlan
from w2s.models.readout import Readout
from w2s.models.trainable import Trainable
from w2s.records import IntArray

Tensor = torch.Tensor


class Steps:
    """Adds the gradient of a batch to that of `trainable`; `readout` [hidden] is the labels' direction.

    The log-odds of the labels are read off the hidden states at the label position; a batch of more than
    `token_budget` tokens is taken in parts. The built-in loss is a sum over items, so each part is passed
    through once; a loss of one's own may depend on the batch as a whole and is asked once for all of it,
    which costs a second forward pass where there is more than one part.
    """

    def __init__(
        self,
        trainable: Trainable,
        rows: Rows,
        labels: LabelTokens,
        plan: FinetunePlan,
        gradient: Gradient | None,
        *,
        token_budget: int,
    ) -> None:
        self._read, self._head = label_reader(trainable.module), Readout.of(trainable.module)
        self._labels = labels
        self._device = trainable.vector.device.type
        self._rows, self._gradient, self._budget = rows, gradient, token_budget
        self._wants_hidden = bool(getattr(gradient, "wants_hidden", False))
        self._targets, self._weights = plan.targets.astype(np.float32), plan.weights.astype(np.float32)

    @property
    def readout(self) -> Tensor:
        """Direction along which the log-odds grow with the hidden states, float32 [hidden]."""
        return self._head.direction(self._labels.zero, self._labels.one)

    def __call__(self, index: IntArray, *, progress: float) -> tuple[LossArrays, LossGradient]:
        """Add the gradient of the rows `index`; what the loss saw (in the order of its `index`) and said."""
        parts = self._rows.parts(index, tokens=self._budget)
        if len(parts) == 1 or self._gradient is None:
            return self._once(parts, progress)
        return self._twice(parts, progress)

    def _once(self, parts: Sequence[IntArray], progress: float) -> tuple[LossArrays, LossGradient]:
        total = float(sum(self._weights[part].sum() for part in parts))
        batches, answers = [], []
        for part in parts:
            states, logits = self._forward(part)
            batch = self._arrays(part, [(states, logits)], progress)
            answer = checked((self._gradient or cross_entropy)(batch), batch)
            if len(parts) > 1:  # its mean is over the part's weights; the step's is over the batch's
                share = np.float32(batch.weights.sum() / max(total, 1e-12))
                answer = LossGradient(answer.value * float(share), answer.logits * share)
            self._backward(states, logits, answer, slice(None))
            batches.append(batch)
            answers.append(answer)
        if len(parts) == 1:
            return batches[0], answers[0]
        whole = LossArrays(
            logits=np.concatenate([batch.logits for batch in batches]),
            targets=np.concatenate([batch.targets for batch in batches]),
            weights=np.concatenate([batch.weights for batch in batches]),
            index=np.concatenate(parts),
            progress=progress,
        )
        logits_back = np.concatenate([answer.logits for answer in answers])
        return whole, LossGradient(sum(answer.value for answer in answers), logits_back)

    def _twice(self, parts: Sequence[IntArray], progress: float) -> tuple[LossArrays, LossGradient]:
        assert self._gradient is not None
        with torch.no_grad():
            seen = [self._forward(part) for part in parts]
        batch = self._arrays(np.concatenate(parts), seen, progress)
        answer = checked(self._gradient(batch), batch)
        start = 0
        for part in parts:
            states, logits = self._forward(part)
            self._backward(states, logits, answer, slice(start, start + len(part)))
            start += len(part)
        return batch, answer

    def _forward(self, index: IntArray) -> tuple[Tensor, Tensor]:
        """Hidden states [b, hidden] at the label position and log-odds [b], float32."""
        mixed = self._device != "cpu"
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=mixed):
            states = self._read(*self._rows.take(index))
        states = states.float()
        return states, self._head.log_odds(states, self._labels.zero, self._labels.one)

    def _backward(self, states: Tensor, logits: Tensor, answer: LossGradient, part: slice) -> None:
        leaves, back = [logits], [torch.from_numpy(answer.logits[part]).to(logits.device)]
        if answer.hidden is not None:
            leaves.append(states)
            back.append(torch.from_numpy(answer.hidden[part]).to(logits.device))
        torch.autograd.backward(leaves, back)

    def _arrays(self, index: IntArray, seen: Sequence[tuple[Tensor, Tensor]], progress: float) -> LossArrays:
        return LossArrays(
            logits=np.concatenate([logits.detach().cpu().numpy() for _, logits in seen]),
            targets=self._targets[index],
            weights=self._weights[index],
            index=index,
            progress=progress,
            hidden=(
                np.concatenate([states.detach().cpu().numpy() for states, _ in seen])
                if self._wants_hidden
                else None
            ),
        )
