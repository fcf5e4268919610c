"""A student: a base model that is asked about items as text, and its own weights once it has been taught."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from w2s import contract
from w2s.contract.questions import Labels
from w2s.errors import BadTargets, BadTemplate
from w2s.models.loading import BaseModel
from w2s.models.losses import Gradient, torch_gradient
from w2s.models.plan import FinetunePlan
from w2s.models.prompting import (
    ASKED,
    PROPOSED,
    Prompting,
    shown_fields,
)
from w2s.models.training import FinetuneRecord, train
from w2s.records import BoolArray, Example, FloatArray, ItemKind, Recipe

if TYPE_CHECKING:
    from w2s.models.batches import Rows
    from w2s.models.trainable import Trainable

FloatStates = npt.NDArray[np.float32]


class TextStudent:
    """One student of `base`. Until it is taught it is the frozen base itself and costs no memory.

    `examples` and `flipped` [n] go together everywhere: a flipped pair is shown with its second answer
    first, and class 1 then means that the one shown first is better. The same seed and calls give the same
    student on a CPU.
    """

    def __init__(self, base: BaseModel, prompting: Prompting, recipe: Recipe, seed: int) -> None:
        self.base, self.prompting, self.recipe, self.seed = base, prompting, recipe, seed
        self._own: Trainable | None = None
        self._calls = 0
        self._generated: dict[tuple[str, bool], dict[str, str]] = {}

    @property
    def frozen(self) -> bool:
        """True if the student still is the base model, so that its answers may be shared between students."""
        return self._own is None and not self._generated

    def finetune(
        self,
        examples: Sequence[Example],
        flipped: BoolArray,
        targets: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        loss: Callable[[Any], Any] | None = None,
        gradient: Gradient | None = None,
        epochs: int | None = None,
        learning_rate: float | None = None,
        order: npt.ArrayLike | None = None,
    ) -> FinetuneRecord:
        """Train on `examples` with `targets`, the probability of class 1, [n].

        `loss` is a torch loss of a `LossBatch`, `gradient` the same as a function of arrays (give at most
        one; without either it is cross-entropy). `order` names each item once and is kept in every epoch;
        without it items are shuffled. Raises `BadTargets` for what cannot be trained on, `TooMuch` for
        epochs out of bounds.
        """
        plan = FinetunePlan.checked(
            len(examples),
            self.recipe,
            targets,
            weights=weights,
            epochs=epochs,
            learning_rate=learning_rate,
            order=order,
        )
        if loss is not None and gradient is not None:
            raise BadTargets("give loss or gradient, not both")
        if loss is not None:
            gradient = torch_gradient(loss)
        labels = self.base.label_tokens(self.prompting.labels)
        rows = self._rows(examples, flipped, self.prompting.template, after=labels.shared)
        own = self._trainable()
        rng = np.random.default_rng([self.seed, self._calls])
        self._calls += 1
        return train(own, rows, labels, plan, self.recipe, rng, gradient, token_budget=self.base.token_budget)

    def predict(self, examples: Sequence[Example], flipped: BoolArray) -> FloatArray:
        """Probability of class 1, [n]."""
        logits = self._log_odds(examples, flipped, self.prompting.template, self.prompting.labels)
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))

    def zero_shot(
        self,
        examples: Sequence[Example],
        flipped: BoolArray,
        *,
        template: str | None = None,
        labels: Labels | None = None,
    ) -> FloatArray:
        """Log-odds of class 1 under `template`, answered by one of `labels` (class 0, class 1), [n].

        Raises `BadTemplate` for a template or labels out of bounds, an unknown field, or a word that the
        model does not know.
        """
        words = self.prompting.zero_shot_labels if labels is None else contract.labels(labels)
        prompt = self.prompting.zero_shot_template if template is None else template
        return self._log_odds(examples, flipped, prompt, words)

    def likelihood(self, examples: Sequence[Example], flipped: BoolArray) -> FloatArray:
        """Mean log-probability of the proposed answer given the question; for pairs first minus second, [n]."""
        if not len(examples):
            return np.zeros(0)
        kind = examples[0].kind
        shown = [shown_fields(e, bool(f)) for e, f in zip(examples, flipped, strict=True)]
        questions = [fields[ASKED[kind]] for fields in shown]
        each = [
            self._answer_likelihood(kind, questions, [fields[name] for fields in shown])
            for name in PROPOSED[kind]
        ]
        return each[0] - each[1] if kind == "pair" else each[0]

    def hidden_states(
        self, examples: Sequence[Example], flipped: BoolArray, layer: int, *, template: str | None = None
    ) -> FloatStates:
        """The residual stream at the label position after block `layer`, float32 [n, hidden].

        `layer` is 1 to the number of layers; the template is the testbed's unless given.
        """
        layer = contract.layer(layer, layers=self.base.layers)
        rows = self._rows(examples, flipped, self.prompting.template if template is None else template)
        from w2s.models.forward import layer_states

        states = np.zeros((len(examples), self.base.hidden), dtype=np.float32)
        for index, ids, last in self._batches(rows):
            states[index] = layer_states(self._module, ids, last, layer).float().cpu().numpy()
        return states

    def generate(
        self,
        examples: Sequence[Example],
        flipped: BoolArray,
        template: str,
        *,
        into: str,
        max_new_tokens: int = 32,
    ) -> None:
        """Write up to a line of text for each item (greedily), which templates of this student name as {`into`}."""
        contract.generated_name(into)
        if any(into in example.fields for example in examples):
            raise BadTemplate(
                f"cannot generate into {into!r}: it is a field of the items; choose another name"
            )
        rows = self._rows(examples, flipped, template, room=max_new_tokens)
        for index, ids, _ in self._batches(rows, same_length=True):
            written = self._module.generate(
                ids, max_new_tokens=max_new_tokens, do_sample=False, use_cache=True
            )[:, ids.shape[1] :]
            for i, text in zip(index, self.base.tokenizer.batch_decode(written, True), strict=True):
                key = (examples[i].id, bool(flipped[i]))
                self._generated.setdefault(key, {})[into] = text.strip().split("\n")[0]

    def perturb(self, seed: int, scale: float) -> None:
        """Move the trained parameters by `scale` along the standard normal direction that `seed` names."""
        self.step({seed: scale})

    def step(self, direction_weights: Mapping[int, float]) -> None:
        """Move along several seeded directions, each by its weight; undone by the opposite weights."""
        directions = contract.directions(direction_weights)
        own = self._trainable()
        for seed, weight in directions.items():
            own.perturb(seed, weight)

    def copy(self) -> TextStudent:
        """A second student in the same state; they part from here."""
        twin = TextStudent(self.base, self.prompting, self.recipe, self.seed)
        twin._own = None if self._own is None else self._own.copy()
        twin._calls = self._calls
        twin._generated = {key: dict(fields) for key, fields in self._generated.items()}
        return twin

    @property
    def _module(self) -> Any:
        return self.base.module if self._own is None else self._own.module

    def _trainable(self) -> Trainable:
        if self._own is None:
            from w2s.models.trainable import Trainable

            self._own = Trainable.of(self.base, self.recipe, self.seed)
        return self._own

    def _rows(
        self,
        examples: Sequence[Example],
        flipped: BoolArray,
        template: str,
        *,
        after: tuple[int, ...] = (),
        room: int = 0,
    ) -> Rows:
        """Token rows of the items under a template, with the tokens `after` it, and `room` left for more."""
        from w2s.models.fitting import fitted

        if len(flipped) != len(examples):
            raise BadTargets(f"{len(flipped)} orders for {len(examples)} items; give one for each item")
        longest = self._longest(room) - len(after)
        tokens = [
            fitted(
                template,
                shown_fields(e, bool(f), self._generated.get((e.id, bool(f)))),
                self.base.encode,
                longest=longest,
            )
            for e, f in zip(examples, flipped, strict=True)
        ]
        return self._padded([row + list(after) for row in tokens] if after else tokens)

    def _longest(self, room: int = 0) -> int:
        """Most tokens of a text: what the recipe allows, and what the model was made for less `room`."""
        made_for = self.base.longest
        if made_for is None:
            return self.recipe.max_length
        if made_for <= room:
            raise BadTemplate(
                f"{room} new tokens leave no room for a text: the model was made for {made_for} in all"
            )
        return min(self.recipe.max_length, made_for - room)

    def _padded(self, tokens: Sequence[Sequence[int]]) -> Rows:
        from w2s.models.batches import Rows

        if not all(tokens):
            raise BadTemplate("an item has no tokens under this template; write some words")
        return Rows(
            tokens,
            pad=self.base.tokenizer.pad_token_id or 0,
            longest=self._longest(),
            device=self.base.device,
        )

    def _batches(self, rows: Rows, *, same_length: bool = False) -> Any:
        """Every row once, without gradients: (index [b], ids [b, l], last [b])."""
        import torch

        with torch.inference_mode():
            for index in rows.by_length(same_length=same_length):
                yield index, *rows.take(index)

    def _log_odds(
        self, examples: Sequence[Example], flipped: BoolArray, template: str, labels: Labels
    ) -> FloatArray:
        from w2s.models.forward import label_reader
        from w2s.models.readout import Readout

        tokens = self.base.label_tokens(labels)
        rows = self._rows(examples, flipped, template, after=tokens.shared)
        found = np.zeros(len(examples))
        read, head = label_reader(self._module), Readout.of(self._module)
        for index, ids, last in self._batches(rows):
            found[index] = head.log_odds(read(ids, last).float(), tokens.zero, tokens.one).cpu().numpy()
        return found

    def _answer_likelihood(
        self, kind: ItemKind, questions: Sequence[str], answers: Sequence[str]
    ) -> FloatArray:
        """Mean log-probability of each answer's tokens after its question, [n]; equal texts are asked once."""
        from w2s.models.likelihood import mean_log_probability, question_and_answer

        asked = list(dict.fromkeys(zip(questions, answers, strict=True)))
        longest = self._longest()
        starts, ends = zip(
            *(question_and_answer(self.base, kind, *texts, longest=longest) for texts in asked), strict=True
        )
        rows = self._padded([start + end for start, end in zip(starts, ends, strict=True)])
        found = np.zeros(len(asked))
        for index, ids, last in self._batches(rows):
            lengths = [min(len(ends[i]), int(rows.lengths[i]) - 1) for i in index]
            found[index] = mean_log_probability(self._module, ids, last, lengths)
        place = {pair: i for i, pair in enumerate(asked)}
        return found[[place[pair] for pair in zip(questions, answers, strict=True)]]
