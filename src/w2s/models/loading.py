"""A base model is a folder or a hub name that `transformers` loads; it stays frozen and serves many students."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s.errors import BadTemplate, Unavailable
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
        return int(self.module.config.num_hidden_layers)

    @property
    def hidden(self) -> int:
        """Width of the hidden states."""
        return int(self.module.config.hidden_size)

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
        """Token ids of `text`, with the special tokens that the tokenizer itself adds."""
        known = self._tokens.get(text)
        if known is None:
            if len(self._tokens) >= _REMEMBERED:
                self._tokens.clear()
            known = self._tokens[text] = list(self.tokenizer(text)["input_ids"])
        return known

    def encode_more(self, text: str) -> list[int]:
        """Token ids of `text` as the continuation of another, without special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def length(self, template: str, example: Example) -> int:
        """Tokens of `example` under `template`."""
        return len(self.encode(render(template, shown_fields(example, False))))

    def label_token(self, label: str) -> int:
        """The token that `label` starts with after a prompt; `BadTemplate` if the model has no such word."""
        tokens = list(self.tokenizer(" " + label.strip(), add_special_tokens=False)["input_ids"])
        if not tokens or tokens[0] == self.tokenizer.unk_token_id:
            raise BadTemplate(f"label {label!r} is not a word of this model; choose one that it knows")
        return int(tokens[0])

    def label_tokens(self, labels: tuple[str, str]) -> tuple[int, int]:
        """First tokens of the labels of class 0 and class 1; `BadTemplate` if they are the same."""
        zero, one = (self.label_token(label) for label in labels)
        if zero == one:
            raise BadTemplate(f"labels {labels!r} start with the same token; choose words that differ sooner")
        return zero, one


def load_model(path: str | Path, *, dtype: str | None = None, device: str = "cpu") -> BaseModel:
    """Load a causal language model and its tokenizer from a checkpoint folder or a hub name.

    `dtype` is float32 on a CPU and bfloat16 elsewhere unless given. Raises `Unavailable` if there is no
    such checkpoint here, or this machine lacks the device.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise Unavailable(f"device {device!r}: this machine has no CUDA device; use device='cpu'")
    kind = getattr(torch, dtype or ("float32" if device == "cpu" else "bfloat16"), None)
    if not isinstance(kind, torch.dtype):
        raise Unavailable(f"dtype {dtype!r} is not one of torch's; use 'float32' or 'bfloat16'")
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(path))
        module = AutoModelForCausalLM.from_pretrained(str(path), dtype=kind)
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise Unavailable(f"cannot load a model from {str(path)!r}: {reason}") from error
    module.to(device).eval().requires_grad_(False)
    return BaseModel(module, tokenizer, str(path))
