"""The models that one service keeps loaded, and what the frozen ones said, reused across runs.

A frozen model's answers are computed for a whole pool at a time in the split's own order, so that what a
run is told does not depend on what was asked before it, to the bit.
"""

from __future__ import annotations

import gc
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from aar.students.handles import Chosen
from w2s.errors import NotFound
from w2s.records import Example, Recipe

if TYPE_CHECKING:
    from w2s.models import BaseModel, TextStudent
    from w2s.testbeds import Testbed

Which = Literal["strong", "weak"]
Answers = npt.NDArray[Any]
_CACHE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Question:
    """Question to a frozen model; two equal questions have the same answer."""

    op: Literal["predict", "zero_shot", "likelihood", "hidden_states"]
    template: str | None = None
    labels: tuple[str, str] | None = None
    layer: int | None = None

    def ask(
        self, student: TextStudent, examples: Sequence[Example], flipped: npt.NDArray[np.bool_]
    ) -> Answers:
        """The student's answer, parallel to `examples`: [n], or [n, hidden] for hidden states."""
        if self.op == "zero_shot":
            return student.zero_shot(examples, flipped, template=self.template, labels=self.labels)
        if self.op == "hidden_states":
            assert self.layer is not None
            return student.hidden_states(examples, flipped, self.layer, template=self.template)
        if self.op == "likelihood":
            return student.likelihood(examples, flipped)
        return student.predict(examples, flipped)


class Shelf:
    """Base models by world, made into students on demand, and the cache of frozen answers.

    `examples` of a split are named by the split in the cache, so one shelf serves one folder of splits.
    `pace` is how many seconds the latest fine-tune took for each pass over an item.
    """

    def __init__(self, testbed: Testbed) -> None:
        self.testbed = testbed
        self._models: dict[tuple[Which, str], BaseModel] = {}
        self._answers: OrderedDict[tuple[object, ...], Answers] = OrderedDict()
        self.pace: dict[Which, float] = {}

    @property
    def trains(self) -> bool:
        """True if a fine-tune of its students changes what they know."""
        return True

    def paced(self, which: Which, visits: int, seconds: float) -> None:
        """A fine-tune that trained sets the pace; one that did not takes as long, so that no clock tells."""
        if self.trains:
            self.pace[which] = seconds / visits
        else:
            time.sleep(max(0.0, self.pace.get(which, 0.0) * visits - seconds))

    def blind(self, seed: int) -> Shelf:
        """A shelf of the same models, randomly initialised from `seed`, for one run."""
        return _BlindShelf(self, seed)

    def model(self, which: Which, world: str) -> BaseModel:
        """The weak or strong model of `world`, loaded once; `NotFound` for a world the testbed lacks."""
        if (which, world) not in self._models:
            from w2s.models import load_model

            if world not in self.testbed.worlds:
                raise NotFound.among("world", world, self.testbed.worlds)
            place = self.testbed.worlds[world]
            self._models[which, world] = load_model(place.strong if which == "strong" else place.weak)
        return self._models[which, world]

    def recipe(self, which: Which) -> Recipe:
        """Recipe for students of the weak or strong model."""
        return self.testbed.recipe if which == "strong" else self.testbed.weak_recipe

    def student(self, which: Which, world: str, seed: int) -> TextStudent:
        """A new student of its own, not yet fine-tuned."""
        from w2s.models import Prompting, TextStudent

        prompting = Prompting(
            template=self.testbed.template,
            labels=self.testbed.labels,
            zero_shot_template=self.testbed.zero_shot_template,
            zero_shot_labels=self.testbed.zero_shot_labels,
        )
        return TextStudent(self.model(which, world), prompting, self.recipe(which), seed)

    def frozen(
        self,
        question: Question,
        which: Which,
        world: str,
        pools: Sequence[tuple[str, Sequence[Example]]],
        chosen: Chosen,
    ) -> Answers:
        """Answer of the frozen model about `chosen`, whose rows run through `pools` (name, examples) in turn."""
        result: Answers | None = None
        start = 0
        for name, examples in pools:
            end = start + len(examples)
            for flip in (False, True):
                in_part = (chosen.rows >= start) & (chosen.rows < end) & (chosen.flipped == flip)
                if in_part.any():
                    answers = self._pool(question, which, world, name, examples, flip)
                    if result is None:
                        result = np.empty((len(chosen), *answers.shape[1:]), dtype=answers.dtype)
                    result[in_part] = answers[chosen.rows[in_part] - start]
            start = end
        assert result is not None
        return result

    def cached(self, key: tuple[object, ...], make: Callable[[], Answers]) -> Answers:
        """The value of `key`, made if it is not there; whole or not at all, the oldest dropped first."""
        if key not in self._answers:
            value = make()
            self._answers[key] = value
            while sum(array.nbytes for array in self._answers.values()) > _CACHE_BYTES:
                self._answers.popitem(last=False)
            return value
        self._answers.move_to_end(key)
        return self._answers[key]

    def clear(self) -> None:
        """Forget models and answers: after a run that was interrupted in the middle of a computation."""
        self._models.clear()
        self._answers.clear()
        gc.collect()  # models hang in cycles: a service whose runs keep failing would grow until the next full pass

    def _pool(
        self, question: Question, which: Which, world: str, name: str, examples: Sequence[Example], flip: bool
    ) -> Answers:
        def make() -> Answers:
            student = self.student(which, world, seed=0)
            return question.ask(student, examples, np.full(len(examples), flip))

        return self.cached((question, which, world, name, flip), make)


class _BlindShelf(Shelf):
    """Randomly initialised models, cached for one run; nothing is trained, at the real models' pace."""

    def __init__(self, real: Shelf, seed: int) -> None:
        super().__init__(real.testbed)
        self._real, self._seed = real, seed
        self.pace = real.pace

    @property
    def trains(self) -> bool:
        return False

    def model(self, which: Which, world: str) -> BaseModel:
        if (which, world) not in self._models:
            self._models[which, world] = self._real.model(which, world).blank(self._seed)
        return self._models[which, world]
