"""The parameters that one student may change, laid out as a single vector.

One vector makes the optimizer, the clipping of the gradient, a seeded direction and a copy one operation each.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from w2s.models.blocks import adapted_layers
from w2s.models.loading import BaseModel
from w2s.records import Recipe


class Trainable:
    """A module of a student's own: every weight of it, or the base's weights with adapters of its own.

    `vector` [p] is what is trained; the module's parameters are views of it.
    """

    def __init__(self, module: Any, *, adapted: bool) -> None:
        self.module, self._adapted = module, adapted
        parameters = [p for p in module.parameters() if p.requires_grad]
        self.vector = torch.nn.Parameter(torch.cat([p.detach().flatten() for p in parameters]))
        self.vector.grad = torch.zeros_like(self.vector)
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.data = self.vector.data[start:end].view_as(parameter)
            parameter.grad = self.vector.grad[start:end].view_as(parameter)
            start = end

    @classmethod
    def of(cls, base: BaseModel, recipe: Recipe, seed: int) -> Trainable:
        """Everything trainable, in float32; or adapters of rank `recipe.lora_rank` on the base's own weights."""
        if recipe.lora_rank is None:
            module = copy.deepcopy(base.module).float().requires_grad_(True)
            return cls(module, adapted=False)
        from peft import LoraConfig, inject_adapter_in_model

        layers = adapted_layers(base.module)
        module = _with_shared_weights(base.module)
        config = LoraConfig(
            r=recipe.lora_rank,
            lora_alpha=recipe.lora_alpha or recipe.lora_rank,
            lora_dropout=0.0,
            target_modules=layers,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = inject_adapter_in_model(config, module)
        for name, parameter in module.named_parameters():
            if "lora_" in name:
                parameter.data = parameter.data.float()
            parameter.requires_grad_("lora_" in name)
        return cls(module, adapted=True)

    def copy(self) -> Trainable:
        """The same weights again; they part from here."""
        shared = [p for p in self.module.parameters() if not p.requires_grad]
        module = copy.deepcopy(self.module, {id(p): p for p in shared})
        return Trainable(module, adapted=self._adapted)

    def perturb(self, seed: int, scale: float) -> None:
        """Add `scale` times a standard normal direction named by `seed`; with adapters, to their B matrices."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                if parameter.requires_grad and (not self._adapted or "lora_B" in name):
                    noise = torch.randn(parameter.shape, generator=generator)
                    parameter.add_(noise.to(parameter.device), alpha=scale)


def _with_shared_weights(module: Any) -> Any:
    """A module of its own whose parameters are those of `module`, so that adapters cost only themselves."""
    return copy.deepcopy(module, {id(p): p for p in module.parameters()})
