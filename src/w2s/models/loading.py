"""A base model is a folder or a hub name that `transformers` loads; it stays frozen and serves many students."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s.errors import Unavailable
from w2s.models.blocks import text_config
from w2s.models.checkpoint import read_checkpoint
from w2s.models.labels import LabelTokens, label_tokens
from w2s.models.prompting import render, shown_fields
from w2s.records import Example

if TYPE_CHECKING:
    import torch

_REMEMBERED = 200_000
TOKEN_BUDGET = 16_384
"""Tokens of one step of a 4 B model with adapters in about 60 GB; activations need no checkpointing then."""


@dataclass(eq=False)
class BaseModel:
    """A loaded model that no student changes, its tokenizer, and the tokens of every text it has seen.

    `token_budget` is how many tokens (padding counted) one pass of training may hold: a larger batch is
    trained on in parts, whose gradients add up to the same step.
    """

    module: Any
    tokenizer: Any
    source: str
    token_budget: int = TOKEN_BUDGET
    _tokens: dict[str, list[int]] = field(default_factory=dict, repr=False)

    @property
    def layers(self) -> int:
        """Number of blocks; hidden states are numbered 1 to this."""
        return int(text_config(self.module).num_hidden_layers)

    @property
    def hidden(self) -> int:
        """Width of the hidden states."""
        return int(text_config(self.module).hidden_size)

    @property
    def device(self) -> torch.device:
        """Device that holds the weights."""
        device: torch.device = next(self.module.parameters()).device
        return device

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the weights as loaded, the configuration and the vocabulary: what a cache is keyed by."""
        import torch

        digest = hashlib.sha256(self.module.config.to_json_string().encode())
        for name, value in sorted(self.module.state_dict().items()):
            digest.update(f"{name}{value.dtype}{tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().view(torch.uint8).numpy())
        for word, token in sorted(self.tokenizer.get_vocab().items()):
            digest.update(f"{word}\0{token}\0".encode())
        return digest.hexdigest()

    def blank(self, seed: int) -> BaseModel:
        """The same architecture and tokenizer with weights drawn from `seed`: a model that knows nothing."""
        import torch
        from transformers import AutoModelForCausalLM

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = AutoModelForCausalLM.from_config(self.module.config)
        module.to(self.device, self.module.dtype).eval().requires_grad_(False)
        return BaseModel(module, self.tokenizer, f"random {seed}", self.token_budget, self._tokens)

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, with the special tokens that the tokenizer itself puts before it."""
        known = self._tokens.get(text)
        if known is None:
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            tokens = list(self.tokenizer(text)["input_ids"])
            known = self._tokens[text] = tokens[: len(tokens) - self._closing]
        return known

    @cached_property
    def _closing(self) -> int:
        """Number of special tokens that the tokenizer puts after a text; a label has to follow the text itself."""
        whole, bare = self.tokenizer("a")["input_ids"], self.encode_more("a")
        ends = [i + len(bare) for i in range(len(whole)) if whole[i : i + len(bare)] == bare]
        return len(whole) - ends[-1] if bare and ends else 0

    def encode_more(self, text: str) -> list[int]:
        """Token ids of `text` as the continuation of another, without special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def length(self, template: str, example: Example) -> int:
        """Tokens of `example` under `template`."""
        return len(self.encode(render(template, shown_fields(example, False))))

    def label_tokens(self, labels: tuple[str, str]) -> LabelTokens:
        """Tokens by which the model answers with one of `labels`; `BadTemplate` for words that it cannot tell apart."""
        return label_tokens(labels, self.encode_more, unknown=self.tokenizer.unk_token_id)

    @property
    def longest(self) -> int | None:
        """Positions that the model was made for; None where its configuration names no limit."""
        positions = getattr(text_config(self.module), "max_position_embeddings", None)
        return int(positions) if positions else None


def load_model(path: str | Path, *, dtype: str | None = None, device: str = "cpu") -> BaseModel:
    """Load a causal language model and its tokenizer from a checkpoint folder or a hub name.

    `dtype` is float32 on a CPU and bfloat16 elsewhere unless given. Raises `Unavailable` if there is no
    such checkpoint here, if it is not whole, if it needs code or pickles of its own, or if this machine lacks the
    device.
    """
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise Unavailable(f"device {device!r}: this machine has no CUDA device; use device='cpu'")
    kind = getattr(torch, dtype or ("float32" if device == "cpu" else "bfloat16"), None)
    if not isinstance(kind, torch.dtype):
        raise Unavailable(f"dtype {dtype!r} is not one of torch's; use 'float32' or 'bfloat16'")
    module, tokenizer = read_checkpoint(str(path), kind)
    module.to(device).eval().requires_grad_(False)
    return BaseModel(module, tokenizer, str(path))
