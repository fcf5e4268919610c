"""A fine-tune call before it runs: targets, weights, epochs, learning rate and order, checked and filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from w2s.contract import training
from w2s.records import FloatArray, IntArray, Recipe


@dataclass(frozen=True)
class FinetunePlan:
    """A checked fine-tune call: every array has one entry an item."""

    targets: FloatArray
    weights: FloatArray
    epochs: int
    learning_rate: float
    order: IntArray | None

    @classmethod
    def checked(
        cls,
        n: int,
        recipe: Recipe,
        targets: Any,
        *,
        weights: Any = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        order: Any = None,
    ) -> FinetunePlan:
        """The plan of a call that the contract allows; what is not given is the recipe's.

        Raises `BadTargets` for what cannot be trained on, `TooMuch` for epochs out of bounds.
        """
        call = training(n, targets, weights=weights, epochs=epochs, learning_rate=learning_rate, order=order)
        return cls(
            call.targets,
            np.ones(n) if call.weights is None else call.weights,
            recipe.epochs if call.epochs is None else call.epochs,
            recipe.learning_rate if call.learning_rate is None else call.learning_rate,
            call.order,
        )
