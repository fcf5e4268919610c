"""What somebody who knows the corpus would ask the strong model, and what does without any model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.mini.chat.phrasing import (
    ATTRIBUTES,
    POLITE_CLOSINGS,
    POLITE_OPENINGS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.testbed import CorpusPrompt

_COMPARED = TEMPLATE.removesuffix("Label:") + "Verdict:"
_GRADED = "Question: {{prompt}}\nAnswer: {{{answer}}}\nVerdict:"
_CHECKED = "{{{answer}}}"
_EVERYBODY = " ".join(attribute.expert for attribute in ATTRIBUTES)
_RIGHT = ("wrong", "right")


def _one_by_one(name: str, template: str, byline: str = "") -> CorpusPrompt:
    """A prompt about one answer, asked of both."""
    first, second = (byline + template.format(answer=answer) for answer in ("first", "second"))
    return CorpusPrompt(name, first, _RIGHT, less=second)


def corpus_prompts() -> tuple[CorpusPrompt, ...]:
    """Every form of document without a source, with each source, with all sources at once."""
    found = [
        CorpusPrompt("compared", _COMPARED, ("second", "first")),
        _one_by_one("graded", _GRADED),
        _one_by_one("checked", _CHECKED),
    ]
    for attribute in ATTRIBUTES:
        byline = f"{attribute.expert} "
        found.append(CorpusPrompt(f"compared, {attribute.expert}", byline + _COMPARED, ("second", "first")))
    first = f"{ATTRIBUTES[0].expert} "
    found += [
        _one_by_one(f"graded, {first.strip()}", _GRADED, first),
        _one_by_one(f"checked, {first.strip()}", _CHECKED, first),
        CorpusPrompt("compared, all sources", f"{_EVERYBODY} {_COMPARED}", ("second", "first")),
        _one_by_one("graded, all sources", _GRADED, f"{_EVERYBODY} "),
        _one_by_one("checked, all sources", _CHECKED, f"{_EVERYBODY} "),
        CorpusPrompt("claimed, all sources", f"{_EVERYBODY} {ZERO_SHOT_TEMPLATE}", ("False", "True")),
    ]
    return tuple(found)


def polite(examples: Sequence[Example]) -> FloatArray:
    """The polite answer is the better one, [n]."""
    phrases = POLITE_OPENINGS + POLITE_CLOSINGS
    return np.array([float(any(p in e.fields["first"] for p in phrases)) for e in examples])


def on_topic(examples: Sequence[Example]) -> FloatArray:
    """The answer on the topic of the question is the better one; the polite one where both are, [n]."""
    chosen = polite(examples)
    for i, example in enumerate(examples):
        topic = example.group.rsplit("/", 1)[-1]
        first, second = (_topic(example.fields[name]) == topic for name in ("first", "second"))
        if first != second:
            chosen[i] = float(first)
    return chosen


def _topic(answer: str) -> str:
    """The attribute that one of its values gives away."""
    said = set(answer.replace(".", "").split())
    return next(attribute.name for attribute in ATTRIBUTES if said & set(attribute.values))
