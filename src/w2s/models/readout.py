"""From hidden states to the scores of tokens, as the model's own head computes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from w2s.models.blocks import text_config

Tensor = torch.Tensor


@dataclass(frozen=True)
class Readout:
    """The head of a model, with the parameters that it has now.

    Attributes:
        weight: Vocabulary projection [vocabulary, hidden]; tied to the embeddings where the model ties them.
        bias: Bias of each token [vocabulary], or None.
        scale: Factor of all scores (Cohere, Granite).
        cap: Scores s become cap * tanh(s / cap) (Gemma 2); None without.
    """

    weight: Tensor
    bias: Tensor | None
    scale: float
    cap: float | None

    @classmethod
    def of(cls, module: Any) -> Readout:
        """The head of a causal language model."""
        layer, config = module.get_output_embeddings(), text_config(module)
        scale = float(getattr(config, "logit_scale", None) or 1.0)
        scale /= float(getattr(config, "logits_scaling", None) or 1.0)
        cap = getattr(config, "final_logit_softcapping", None)
        return cls(layer.weight, getattr(layer, "bias", None), scale, float(cap) if cap else None)

    def direction(self, zero: int, one: int) -> Tensor:
        """Direction in which the score of token `one` over token `zero` grows, float32 [hidden]; before any cap."""
        direction = (self.weight[one] - self.weight[zero]).float()
        return direction if self.scale == 1.0 else direction * self.scale

    def log_odds(self, states: Tensor, zero: int, one: int) -> Tensor:
        """Score of token `one` minus that of token `zero` at float32 states [b, hidden], [b]."""
        if self.cap is not None:
            return self._score(states, one) - self._score(states, zero)
        found: Tensor = states @ self.direction(zero, one)
        return found if self.bias is None else found + self.scale * (self.bias[one] - self.bias[zero]).float()

    def log_probabilities(self, states: Tensor) -> Tensor:
        """Log-probability of each token at float32 states [n, hidden]: [n, vocabulary]."""
        scores = states @ self.weight.float().T
        return torch.log_softmax(self._finished(scores, self.bias), dim=-1)

    def _score(self, states: Tensor, token: int) -> Tensor:
        bias = None if self.bias is None else self.bias[token]
        return self._finished(states @ self.weight[token].float(), bias)

    def _finished(self, scores: Tensor, bias: Tensor | None) -> Tensor:
        if bias is not None:
            scores = scores + bias.float()
        if self.scale != 1.0:
            scores = scores * self.scale
        return scores if self.cap is None else self.cap * torch.tanh(scores / self.cap)
