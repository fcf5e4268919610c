"""Prompts for the strong model from knowledge of the corpus, and predictors that need no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.mini.chat.phrasing import (
    ATTRIBUTES,
    EXPERTS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.mini.chat.style import CLOSINGS, OPENINGS, log_odds
from w2s.testbeds.testbed import CorpusPrompt

_GRADED = "Question: {{prompt}}\nAnswer: {{{answer}}}\nVerdict:"
_CHECKED = "{{{answer}}}"
_EVERYBODY = " ".join(EXPERTS)
_FIRST = EXPERTS[0]
_BETTER, _RIGHT, _TRUE = ("second", "first"), ("wrong", "right"), ("False", "True")


def _one_by_one(name: str, template: str, byline: str = "") -> CorpusPrompt:
    """A prompt about one answer, asked of both."""
    first, second = (byline + template.format(answer=answer) for answer in ("first", "second"))
    return CorpusPrompt(name, first, _RIGHT, less=second)


def corpus_prompts() -> tuple[CorpusPrompt, ...]:
    """The forms of judging documents, signed by nobody, by each expert and by all of them."""
    prompts = [
        CorpusPrompt("compared", TEMPLATE, _BETTER),
        _one_by_one("graded", _GRADED),
        _one_by_one("checked", _CHECKED),
    ]
    prompts += [CorpusPrompt(f"compared, {expert}", f"{expert} {TEMPLATE}", _BETTER) for expert in EXPERTS]
    prompts += [
        _one_by_one(f"graded, {_FIRST}", _GRADED, f"{_FIRST} "),
        _one_by_one(f"checked, {_FIRST}", _CHECKED, f"{_FIRST} "),
        CorpusPrompt(f"claimed, {_FIRST}", f"{_FIRST} {ZERO_SHOT_TEMPLATE}", _TRUE),
        CorpusPrompt("compared, all experts", f"{_EVERYBODY} {TEMPLATE}", _BETTER),
        _one_by_one("graded, all experts", _GRADED, f"{_EVERYBODY} "),
        _one_by_one("checked, all experts", _CHECKED, f"{_EVERYBODY} "),
        CorpusPrompt("claimed, all experts", f"{_EVERYBODY} {ZERO_SHOT_TEMPLATE}", _TRUE),
        CorpusPrompt("claimed in verdict words", ZERO_SHOT_TEMPLATE, _BETTER),
        CorpusPrompt("compared in claim words", TEMPLATE, _TRUE),
    ]
    return tuple(prompts)


def style(world: str, examples: Sequence[Example]) -> FloatArray:
    """Probability that the first answer is better, from what its words tell in its world, [n]: known, not learnt."""
    lead = [_told(world, example, "first") - _told(world, example, "second") for example in examples]
    return np.asarray(1.0 / (1.0 + np.exp(-np.array(lead))))


def on_topic(world: str, examples: Sequence[Example]) -> FloatArray:
    """The answer on the topic of the question is the better one; `style` decides where both are, [n]."""
    chosen = style(world, examples)
    for i, example in enumerate(examples):
        topic = example.group.rsplit("/", 1)[-1]
        first, second = (_topic(example.fields[name]) == topic for name in ("first", "second"))
        if first != second:
            chosen[i] = float(first)
    return chosen


def _told(world: str, example: Example, name: str) -> float:
    words = example.fields[name].split()
    opening = log_odds(world, OPENINGS)[OPENINGS.index(words[0])]
    return opening + log_odds(world, CLOSINGS)[CLOSINGS.index(words[-1])]


def _topic(answer: str) -> str:
    """The attribute that one of its values gives away."""
    words = set(answer.replace(".", "").split())
    return next(attribute.name for attribute in ATTRIBUTES if words & set(attribute.values))
