"""Muon in float32: torch's own works in bfloat16, which is 20 times slower on cores without bfloat16 units.

Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks" (momentum, then five
Newton-Schulz steps towards the nearest orthogonal matrix).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon:
    """Steps for matrices only; those of one shape are orthogonalised together."""

    def __init__(
        self,
        matrices: Iterable[torch.nn.Parameter],
        *,
        learning_rate: float,
        momentum: float = 0.95,
        weight_decay: float = 0.05,
    ) -> None:
        import torch

        self.learning_rate = learning_rate
        self._momentum = momentum
        self._decay = weight_decay
        self._stacks: dict[tuple[int, ...], list[torch.nn.Parameter]] = defaultdict(list)
        for matrix in matrices:
            self._stacks[tuple(matrix.shape)].append(matrix)
        self._velocity = {shape: torch.zeros(len(stack), *shape) for shape, stack in self._stacks.items()}

    def step(self) -> None:
        """Update every matrix from its gradient (Nesterov momentum), then forget the gradients."""
        import torch

        with torch.no_grad():
            for shape, stack in self._stacks.items():
                gradient = torch.stack([_gradient(matrix) for matrix in stack])
                velocity = self._velocity[shape].lerp_(gradient, 1 - self._momentum)
                update = orthogonal(gradient.lerp(velocity, self._momentum))
                update *= max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, change in zip(stack, update, strict=True):
                    matrix.mul_(1 - self.learning_rate * self._decay)
                    matrix.sub_(change, alpha=self.learning_rate)
                    matrix.grad = None


def _gradient(matrix: torch.nn.Parameter) -> torch.Tensor:
    if matrix.grad is None:
        raise RuntimeError("Muon.step() before backward(): a matrix has no gradient")
    return matrix.grad


def orthogonal(stack: torch.Tensor, *, steps: int = 5) -> torch.Tensor:
    """The nearest orthogonal matrices, roughly (singular values in about .7 to 1.2), [k, rows, columns]."""
    a, b, c = QUINTIC
    tall = stack.shape[-2] > stack.shape[-1]
    x = stack.mT if tall else stack
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: torch.Tensor = x.mT if tall else x
    return result
