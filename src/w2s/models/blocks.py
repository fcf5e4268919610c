"""Where the blocks of a causal language model are, whatever its family calls them, and which layers adapters go to."""

from __future__ import annotations

from typing import Any

from w2s.errors import Unavailable

_EVERY_LINEAR_LAYER = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Linear layers of a block in the family of Llama: those of attention and of the feed-forward part, all of them."""
_ROUTERS = ("gate", "router")
"""Layers that choose experts: a few numbers an expert, which recipes leave alone."""


def text_config(module: Any) -> Any:
    """The configuration of the language model, also where others stand beside it."""
    return module.config.get_text_config()


def decoder(module: Any) -> Any:
    """The model without its vocabulary: embeddings, blocks, last norm."""
    return module.get_decoder()


def blocks(module: Any) -> Any:
    """The list of the model's blocks, first one first; `Unavailable` if there is no such list."""
    from torch import nn

    count = int(text_config(module).num_hidden_layers)
    for _, part in decoder(module).named_children():
        if isinstance(part, nn.ModuleList) and len(part) == count:
            return part
    raise Unavailable(
        f"a model of type {module.config.model_type!r} has no list of {count} blocks; take another model"
    )


def adapted_layers(module: Any) -> list[str]:
    """Names of the layers that adapters go to: every linear layer of every block.

    In the family of Llama these are the seven that the study's recipe names. Raises `Unavailable` for a model whose
    blocks have no linear layers.
    """
    found: dict[str, None] = {}
    for block in blocks(module):
        for path, part in block.named_modules():
            name = path.rpartition(".")[2]
            if _is_linear(part) and name not in _ROUTERS:
                found[name] = None
    if not found:
        raise Unavailable(
            f"a model of type {module.config.model_type!r} has no linear layers that adapters could go to; train all "
            "of it (lora_rank = 0), or take another model"
        )
    if set(found) <= set(_EVERY_LINEAR_LAYER):
        return list(_EVERY_LINEAR_LAYER)  # this order gives the adapters their draws
    return list(found)


def _is_linear(part: Any) -> bool:
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    return isinstance(part, nn.Linear | Conv1D)
