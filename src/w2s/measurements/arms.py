"""The arms of a measurement: each predicts one world's test items of a split from what it may know.

`floor` and `ceiling` learn from the truth, a method from the weak labels, `zero_shot_plain`, `likelihood` and the
prompts in the corpus's own words ask the frozen strong model, a shortcut reads the texts without any model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from w2s import methods
from w2s.bench import LocalBench
from w2s.blocks import elicitation
from w2s.models import BaseModel, Prompting, TextStudent, load_model
from w2s.records import BoolArray, Example, FloatArray, Recipe, Split
from w2s.testbeds.testbed import CorpusPrompt, Testbed
from w2s.weak_labels import soft_labels

METHODS = (
    "vanilla",
    "zero_shot",
    "confident_labels",
    "logconf",
    "agreement",
    "em_posterior",
    "elicit_then_train",
    "probe",
    "bootstrap",
    "curriculum",
)
PROMPT, SHORTCUT = "prompt: ", "shortcut: "
USUAL = 300
"""Unlabelled items that a prompt's usual answer is the median of."""


@dataclass(frozen=True)
class Setting:
    """One world's part of a split under one seed, with the truth: what an arm is run on, by a trusted process only."""

    testbed: Testbed
    split: Split
    truth: Mapping[str, int]
    seed: int

    @cached_property
    def strong(self) -> BaseModel:
        """The strong model of the split's world."""
        return load_model(self.testbed.worlds[self.split.world].strong)

    @cached_property
    def weak(self) -> BaseModel:
        """The weak model of the split's world."""
        return load_model(self.testbed.worlds[self.split.world].weak)

    @cached_property
    def supervisor(self) -> FloatArray:
        """The supervisor's labels of the unlabelled items and then of the test items: [n_unlabelled + n_test]."""
        asked = (*self.split.unlabelled, *self.split.test)
        return self.taught(self.weak, self.testbed.weak_recipe, self.split.labelled, asked)

    def taught(
        self, base: BaseModel, recipe: Recipe, on: Sequence[Example], asked: Sequence[Example] = ()
    ) -> FloatArray:
        """Answers of `base` on `asked` (by default the test items) after training on the truth of `on`, [n]."""
        return soft_labels(
            base,
            Prompting.of(self.testbed),
            recipe,
            labelled=on,
            truth=self.truth,
            asked=asked or self.split.test,
            seed=self.seed,
        )

    def labels(self, examples: Sequence[Example]) -> FloatArray:
        """The truth of `examples` as 0.0 or 1.0, [n]."""
        return np.array([self.truth[example.id] for example in examples], dtype=np.float64)

    def student(self, base: BaseModel, recipe: Recipe) -> TextStudent:
        """A student that is not taught yet."""
        return TextStudent(base, Prompting.of(self.testbed), recipe, self.seed)


Arm = Callable[[Setting], FloatArray]
"""Probability of class 1 of the split's test items, [n_test]."""


def arms(testbed: Testbed, *, chosen: Sequence[str] = METHODS) -> dict[str, Arm]:
    """Arms that can be measured on `testbed`, by name, in the order of the table; `NotFound` for an unknown method."""
    known: dict[str, Arm] = {"floor": _floor, "ceiling": _ceiling}
    known |= {"zero_shot_plain": _zero_shot_plain, "likelihood": _likelihood}
    known |= {name: _Method(name) for name in chosen if methods.path(name)}
    known |= {PROMPT + prompt.name: _Prompt(prompt) for prompt in testbed.corpus_prompts}
    known |= {SHORTCUT + name: _Shortcut(name) for name in testbed.shortcuts}
    return known


def _floor(setting: Setting) -> FloatArray:
    return setting.supervisor[len(setting.split.unlabelled) :]


def _ceiling(setting: Setting) -> FloatArray:
    return setting.taught(setting.strong, setting.testbed.recipe, setting.split.unlabelled)


def _zero_shot_plain(setting: Setting) -> FloatArray:
    student = setting.student(setting.strong, setting.testbed.recipe)
    return _as_probability(student.zero_shot(setting.split.test, _upright(setting.split.test)))


def _likelihood(setting: Setting) -> FloatArray:
    student = setting.student(setting.strong, setting.testbed.recipe)
    scores = student.likelihood(setting.split.test, _upright(setting.split.test))
    usual = student.likelihood(setting.split.unlabelled, _upright(setting.split.unlabelled))
    return _as_probability(scores - np.median(usual))


@dataclass(frozen=True)
class _Method:
    name: str

    def __call__(self, setting: Setting) -> FloatArray:
        soft = setting.supervisor[: len(setting.split.unlabelled)]
        bench = LocalBench.from_split(setting.testbed, setting.split, soft, seed=setting.seed)
        return methods.load(self.name)(bench).by_id(bench.test.ids)


@dataclass(frozen=True)
class _Prompt:
    """Both orders of a pair, less the prompt's usual answer: as well as an insider would ask."""

    prompt: CorpusPrompt

    def __call__(self, setting: Setting) -> FloatArray:
        soft = setting.supervisor[: len(setting.split.unlabelled)]
        bench = LocalBench.from_split(setting.testbed, setting.split, soft, seed=setting.seed)
        student, labels = bench.strong(), self.prompt.labels

        def asked(template: str) -> FloatArray:
            def ask(items: object) -> FloatArray:
                return student.zero_shot(items, template=template, labels=labels)  # type: ignore[arg-type]

            usual = np.median(elicitation.both_orders(ask, bench.unlabelled[:USUAL]))
            return elicitation.both_orders(ask, bench.test) - float(usual)

        margin = asked(self.prompt.template)
        if self.prompt.less is not None:
            margin = margin - asked(self.prompt.less)
        return _as_probability(margin)


@dataclass(frozen=True)
class _Shortcut:
    name: str

    def __call__(self, setting: Setting) -> FloatArray:
        return np.asarray(
            setting.testbed.shortcuts[self.name](setting.split.world, setting.split.test), dtype=np.float64
        )


def _as_probability(log_odds: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * log_odds)), dtype=np.float64)


def _upright(examples: Sequence[Example]) -> BoolArray:
    return np.zeros(len(examples), dtype=np.bool_)
