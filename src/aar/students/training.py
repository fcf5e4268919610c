"""One fine-tune as a method asks for it, checked against the contract before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aar.students import checks
from w2s import wire
from w2s.records import FloatArray, IntArray, Recipe


@dataclass(frozen=True)
class Training:
    """What to train on and how; `effort` is passes times learning rate in units of the recipe's."""

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
    targets = checks.vector(arrays, "targets", "f8")
    given: dict[str, wire.Array] = {name: arrays[name] for name in ("weights", "order") if name in arrays}
    checks.parallel(n, targets=targets, **given)
    checks.targets(targets)
    weights = checks.weights(checks.vector(given, "weights", "f8")) if "weights" in given else None
    order = checks.order(checks.vector(given, "order", "i8"), n) if "order" in given else None
    epochs = checks.epochs(checks.field(header, "epochs", int)) if "epochs" in header else recipe.epochs
    rate = recipe.learning_rate
    if "learning_rate" in header:
        rate = checks.learning_rate(checks.number(header, "learning_rate"))
    custom = checks.field(header, "custom", bool)
    return Training(
        targets,
        weights,
        order,
        epochs=epochs,
        learning_rate=rate,
        effort=epochs * rate / (recipe.epochs * recipe.learning_rate),
        custom=custom,
        wants_hidden=custom and checks.field(header, "wants_hidden", bool),
    )
