"""One fine-tune as a method asks for it, checked against the contract before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aar.students import checks
from w2s import contract, wire
from w2s.records import FloatArray, IntArray, Recipe


@dataclass(frozen=True)
class Training:
    """Data and settings of a training.

    Attributes:
        targets: Target of each item, [n].
        weights: Weight of each item, [n]; None for equal weights.
        order: Order of the items; None for a drawn one.
        epochs: Passes over the items.
        learning_rate: Learning rate.
        effort: Passes times learning rate, in units of the recipe's.
        custom: True for a loss of the method's own.
        wants_hidden: True if that loss reads hidden states.
    """

    targets: FloatArray
    weights: FloatArray | None
    order: IntArray | None
    epochs: int
    learning_rate: float
    effort: float
    custom: bool
    wants_hidden: bool


def training(header: wire.Header, arrays: Mapping[str, wire.Array], *, n: int, recipe: Recipe) -> Training:
    """Read a request for a fine-tune on `n` items; what is not given is the recipe's."""
    given: dict[str, Any] = {"targets": checks.vector(arrays, "targets", "f8")}
    if "weights" in arrays:
        given["weights"] = checks.vector(arrays, "weights", "f8")
    if "order" in arrays:
        given["order"] = checks.vector(arrays, "order", "i8")
    if "epochs" in header:
        given["epochs"] = checks.field(header, "epochs", int)
    if "learning_rate" in header:
        given["learning_rate"] = checks.number(header, "learning_rate")
    call = contract.training(n, **given)
    epochs = recipe.epochs if call.epochs is None else call.epochs
    rate = recipe.learning_rate if call.learning_rate is None else call.learning_rate
    custom = checks.field(header, "custom", bool)
    return Training(
        call.targets,
        call.weights,
        call.order,
        epochs=epochs,
        learning_rate=rate,
        effort=epochs * rate / (recipe.epochs * recipe.learning_rate),
        custom=custom,
        wants_hidden=custom and checks.field(header, "wants_hidden", bool),
    )
