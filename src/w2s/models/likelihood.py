"""How likely a model finds a proposed answer after its question."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from w2s.models.fitting import fitted
from w2s.models.forward import every_state
from w2s.models.loading import BaseModel
from w2s.models.prompting import ANSWERED, ASKED, render
from w2s.models.readout import Readout
from w2s.records import FloatArray, ItemKind


def question_and_answer(
    base: BaseModel, kind: ItemKind, question: str, answer: str, *, longest: int
) -> tuple[list[int], list[int]]:
    """Tokens of a prompt and of its answer, `longest` together; where they are more each loses its middle."""
    fields = {ASKED[kind]: question}
    start, end = base.encode(render(ANSWERED[kind], fields)), base.encode_more(" " + answer)
    if len(start) + len(end) > longest:
        half = longest - min(len(start), longest // 2)
        end = fitted("{answer}", {"answer": " " + answer}, base.encode_more, longest=half)
        start = fitted(ANSWERED[kind], fields, base.encode, longest=longest - len(end))
    return start, end


def mean_log_probability(
    module: Any, ids: torch.Tensor, last: torch.Tensor, lengths: list[int]
) -> FloatArray:
    """Mean log-probability of the last `lengths` [b] tokens of each row of `ids` [b, l] that ends at `last` [b], [b].

    It is 0 for a row of which no token counts.
    """
    count = torch.tensor(lengths, device=ids.device)
    position = torch.arange(1, ids.shape[1], device=ids.device)
    counted = (position <= last[:, None]) & (position > (last - count)[:, None])
    states = every_state(module, ids)[:, :-1][counted].float()
    each = Readout.of(module).log_probabilities(states).gather(1, ids[:, 1:][counted][:, None])[:, 0]
    row = counted.nonzero()[:, 0]
    total = torch.zeros(len(ids), device=ids.device).index_add_(0, row, each)
    return np.asarray((total / count.clamp(min=1)).double().cpu().numpy())
