"""A student that checks what it is asked by the contract before anything is sent or computed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import numpy.typing as npt

from w2s import contract
from w2s.bench.protocol import FloatStates
from w2s.contract import Training
from w2s.records import BoolArray, FloatArray, IdArray, Items, Predictions

Asked = Literal["predict", "zero_shot", "likelihood", "hidden_states"]


class CheckedStudent(ABC):
    """The calls of `w2s.bench.Student`; a bench says how they are carried out, with arguments of the right form.

    Every bench's student is one, so that a fault in an argument is refused alike everywhere.
    """

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
        """Train on `items` with `targets` in [0, 1] (the probability of class 1), [n].

        Raises `BadTargets` for what cannot be trained on, `WrongIds` for items outside `bench.unlabelled`,
        `TooMuch` for epochs and items out of bounds.
        """
        ids, flipped = contract.item_ids(items)
        training = contract.training(
            len(ids), targets, weights=weights, epochs=epochs, learning_rate=learning_rate, order=order
        )
        self._train(ids, flipped, training, None if loss is None else contract.loss(loss))

    def predict(self, items: Items) -> Predictions:
        """Probability of class 1 of each item, in the order in which it is shown."""
        return Predictions(items, self._ask("predict", *contract.item_ids(items)))

    def zero_shot(
        self, items: Items, *, template: str | None = None, labels: tuple[str, str] | None = None
    ) -> FloatArray:
        """Log-odds of class 1 under a question of your own, [n]; the testbed's if `template` is None."""
        words = None if labels is None else contract.labels(labels)
        return self._ask("zero_shot", *contract.item_ids(items), template=_form(template), labels=words)

    def likelihood(self, items: Items) -> FloatArray:
        """Mean log-probability of the proposed answer (for pairs: first minus second), [n]."""
        return self._ask("likelihood", *contract.item_ids(items))

    def hidden_states(self, items: Items, layer: int, *, template: str | None = None) -> FloatStates:
        """Residual stream at the label position after block `layer` (1 is the first), float32 [n, hidden].

        In a random orthonormal basis of the run, the same for all students and templates, another one for each layer.
        """
        number = contract.whole_number("layer", layer)
        ids, flipped = contract.item_ids(items)
        states = self._ask("hidden_states", ids, flipped, template=_form(template), layer=number)
        return cast(FloatStates, states)

    def generate(self, items: Items, template: str, *, into: str) -> None:
        """Let the student write a field that templates of this student may name as {`into`}."""
        text, name = contract.template(template), contract.generated_name(into)
        self._generate(*contract.item_ids(items), text, name)

    def perturb(self, seed: int, scale: float) -> None:
        """Move the trained parameters by `scale` along the direction that `seed` names in this run."""
        self._step({contract.seed(seed): contract.scale(scale)})

    def step(self, direction_weights: Mapping[int, float]) -> None:
        """Move along several seeded directions at once, each by its weight."""
        self._step(contract.directions(direction_weights))

    @abstractmethod
    def _train(
        self, ids: IdArray, flipped: BoolArray, training: Training, loss: Callable[[Any], Any] | None
    ) -> None:
        """Fine-tune on the items `ids`, [n]."""

    @abstractmethod
    def _ask(
        self,
        op: Asked,
        ids: IdArray,
        flipped: BoolArray,
        *,
        template: str | None = None,
        labels: tuple[str, str] | None = None,
        layer: int | None = None,
    ) -> FloatArray:
        """Answer about the items `ids`, [n] or [n, hidden]."""

    @abstractmethod
    def _generate(self, ids: IdArray, flipped: BoolArray, template: str, into: str) -> None:
        """Write the field `into` for the items `ids`."""

    @abstractmethod
    def _step(self, directions: Mapping[int, float]) -> None:
        """Move along seeded directions, each by its scale."""


def _form(template: str | None) -> str | None:
    return None if template is None else contract.template(template)
