"""An item becomes text through a template that names its fields, and is answered by one of two labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from w2s.contract import check_fields, parts
from w2s.contract.questions import Labels
from w2s.errors import BadTemplate
from w2s.records import Example

ANSWERED = {"pair": "Question: {prompt}\nAnswer:", "verification": "Question: {question}\nAnswer:"}
"""Prompt before an answer whose likelihood is asked, by kind of item."""
ASKED = {"pair": "prompt", "verification": "question"}
"""The field that holds the question, by kind of item."""
PROPOSED = {"pair": ("first", "second"), "verification": ("choice",)}
"""The fields that hold proposed answers, by kind of item."""


class HasPrompts(Protocol):
    """A testbed's part that holds the prompts of its items."""

    @property
    def template(self) -> str:
        """Label-as-text prompt, ending where the label is written."""

    @property
    def labels(self) -> Labels:
        """Words for class 0 and class 1."""

    @property
    def zero_shot_template(self) -> str:
        """Prompt that the frozen model is asked with."""

    @property
    def zero_shot_labels(self) -> Labels:
        """Words for class 0 and class 1 under the zero-shot prompt."""


@dataclass(frozen=True)
class Prompting:
    """Prompts of items: templates that end where the label is written, labels as (class 0, class 1)."""

    template: str
    labels: Labels
    zero_shot_template: str
    zero_shot_labels: Labels

    @classmethod
    def of(cls, testbed: HasPrompts) -> Prompting:
        """The prompts of a testbed."""
        return cls(testbed.template, testbed.labels, testbed.zero_shot_template, testbed.zero_shot_labels)


def shown_fields(
    example: Example, flipped: bool, generated: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Fields as they are shown: a flipped pair with its second answer first, and what was generated for it."""
    fields = dict(example.fields)
    if flipped:
        if example.kind != "pair":
            raise BadTemplate("only pairs have another order; this item is a proposed answer")
        fields["first"], fields["second"] = fields["second"], fields["first"]
    if generated:
        fields |= generated
    return fields


def render(template: str, fields: Mapping[str, str]) -> str:
    """The text of `template` with its fields filled in; `BadTemplate` if one is missing.

    >>> render("Q: {question} A:", {"question": "Why?"})
    'Q: Why? A:'
    """
    pieces: list[str] = []
    for literal, name in parts(template):
        pieces.append(literal)
        if name is not None:
            if name not in fields:
                check_fields(template, fields)
            pieces.append(fields[name])
    return "".join(pieces)
