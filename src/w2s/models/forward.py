"""Hidden states of a batch, read only where they are needed: at the label position.

Texts are padded on the right. Attention is causal and the label comes last, so no position that is read can
see the padding, and no attention mask is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import torch

from w2s.models import packed, qwen3
from w2s.models.blocks import blocks, decoder

Tensor = torch.Tensor
Reader = Callable[[Tensor, Tensor], Tensor]


class ForwardPass(StrEnum):
    """Which code computes the states of a model."""

    COMPACT = "compact"
    """Ours, for small dense Qwen3 models."""
    PACKED = "packed"
    """Ours, for dense Qwen3 models in half precision on a GPU."""
    TRANSFORMERS = "transformers"
    """That of the model's family in transformers."""


def forward_pass(module: Any) -> ForwardPass:
    """The pass that `module` goes through."""
    if qwen3.handles(module):
        return ForwardPass.COMPACT
    return ForwardPass.PACKED if packed.handles(module) else ForwardPass.TRANSFORMERS


def label_reader(module: Any) -> Reader:
    """A function from token ids [b, l] and label positions [b] to the states there, [b, hidden].

    The states are those that the vocabulary is read from. Make it anew when `module` gets other parameters.
    """
    chosen = forward_pass(module)
    if chosen is ForwardPass.COMPACT:
        return qwen3.LabelReader(module)
    if chosen is ForwardPass.PACKED:
        return packed.PackedReader(module)

    def read(ids: Tensor, last: Tensor) -> Tensor:
        return every_state(module, ids)[torch.arange(len(ids), device=ids.device), last]

    return read


def every_state(module: Any, ids: Tensor) -> Tensor:
    """States that the vocabulary is read from, at every position: [b, l, hidden]."""
    states: Tensor = decoder(module)(input_ids=ids, use_cache=False).last_hidden_state
    return states


def layer_states(module: Any, ids: Tensor, last: Tensor, layer: int) -> Tensor:
    """The residual stream after block `layer` (1 is the first) at position `last` [b]: [b, hidden]."""
    kept: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Any) -> None:
        states = output[0] if isinstance(output, tuple) else output
        kept.append(states[torch.arange(len(ids), device=ids.device), last])

    hook = blocks(module)[layer - 1].register_forward_hook(keep)
    try:
        decoder(module)(input_ids=ids, use_cache=False)
    finally:
        hook.remove()
    return kept[0]
