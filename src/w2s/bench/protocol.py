"""A method's view of a testbed in one run: handles, weak labels, and students to teach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from w2s.records import FloatArray, Items, Predictions, Recipe, WeakLabels

FloatStates = npt.NDArray[np.float32]


class Student(Protocol):
    """A model that is asked about items and taught on them, wherever it lives."""

    def finetune(
        self,
        items: Items,
        targets: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        loss: Callable[[Any], Any] | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        order: npt.ArrayLike | None = None,
    ) -> None:
        """Train on `items` of `bench.unlabelled` with `targets`, the probability of class 1, [n].

        `loss(batch)` gets a `w2s.models.LossBatch` and returns a torch number; cross-entropy if None.
        `order` names each item once by its index and is kept in every epoch; shuffled if None. Raises
        `BadTargets`, `WrongIds`, `TooMuch`.
        """

    def predict(self, items: Items) -> Predictions:
        """Probability of class 1 of each item, in the order in which it is shown."""

    def zero_shot(
        self, items: Items, *, template: str | None = None, labels: tuple[str, str] | None = None
    ) -> FloatArray:
        """Log-odds of class 1 under a question of your own, [n]; the testbed's if `template` is None.

        Templates name the item's fields, as in "{question} {choice} Right?"; `labels` are the words for
        class 0 and class 1. Raises `BadTemplate`, `TooMuch`.
        """

    def likelihood(self, items: Items) -> FloatArray:
        """Mean log-probability of the proposed answer (for pairs: first minus second), [n]."""

    def hidden_states(self, items: Items, layer: int, *, template: str | None = None) -> FloatStates:
        """Residual stream at the label position after block `layer` (1 is the first), float32 [n, hidden].

        In a random orthonormal basis of the run, the same for all students and templates, another one for each layer.
        """

    def generate(self, items: Items, template: str, *, into: str) -> None:
        """Let the student write a field that templates of this student may name as {`into`}."""

    def perturb(self, seed: int, scale: float) -> None:
        """Move the trained parameters by `scale` along the direction that `seed` names in this run."""

    def step(self, direction_weights: Mapping[int, float]) -> None:
        """Move along several seeded directions at once, each by its weight."""

    def copy(self) -> Student:
        """A second student in the same state; they part from here."""


class Bench(Protocol):
    """One run of a method: the items it trains on, the items it predicts, and the models it may ask.

    Attributes:
        seed: Seed of the run.
        rng: Generator for the method's own draws.
        recipe: Recipe of a fine-tune of the strong model.
        kind: Kind of the items: "pair" or "verification".
        labels: Words of the labels, as (class 0, class 1).
        layers: Number of blocks of the strong model.
        unlabelled: Items to train on.
        test: Items to predict.
        weak: Weak labels of the unlabelled items.
        supervisors: Weak labels of all supervisors of the run, `weak` first.
    """

    seed: int
    rng: np.random.Generator
    recipe: Recipe
    kind: str
    labels: tuple[str, str]
    layers: int
    unlabelled: Items
    test: Items
    weak: WeakLabels
    supervisors: list[WeakLabels]

    def strong(self) -> Student:
        """A new student: the strong model, not yet fine-tuned."""

    def weak_model(self) -> Student:
        """A new student from the weak model, not yet fine-tuned."""

    def log(self, **numbers: float) -> None:
        """Keep numbers with the run: 32 names at most, to 3 significant digits."""


def student_seed(bench_seed: int, number: int) -> int:
    """Seed of the student that is made after `number` others in a run, here as in the lab."""
    return bench_seed + 1000 * number
