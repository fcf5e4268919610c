"""An item becomes text through a template that names its fields, and is answered by one of two labels."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from w2s.bounds import LABEL_CHARS, TEMPLATE_CHARS
from w2s.errors import BadTemplate
from w2s.records import Example, ItemKind

Labels = tuple[str, str]

ANSWERED = {"pair": "Question: {prompt}\nAnswer:", "verification": "Question: {question}\nAnswer:"}
"""What an answer follows when its likelihood is asked, by kind of item."""
PROPOSED = {"pair": ("first", "second"), "verification": ("choice",)}
"""The fields that hold proposed answers, by kind of item."""


class HasPrompts(Protocol):
    """What of a testbed says how its items are asked."""

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
    """How items are asked: templates that end where the label is written, labels as (class 0, class 1)."""

    template: str
    labels: Labels
    zero_shot_template: str
    zero_shot_labels: Labels

    @classmethod
    def of(cls, testbed: HasPrompts) -> Prompting:
        """The prompts of a testbed."""
        return cls(testbed.template, testbed.labels, testbed.zero_shot_template, testbed.zero_shot_labels)


@lru_cache(maxsize=1024)
def parts(template: str) -> tuple[tuple[str, str | None], ...]:
    """A template as (constant text, field or None) in turn.

    Raises `BadTemplate` for one that is too long, malformed, or formats a field instead of naming it.

    >>> parts("Q: {question} A:")
    (('Q: ', 'question'), (' A:', None))
    """
    if len(template) > TEMPLATE_CHARS:
        raise BadTemplate(f"template of {len(template)} characters; at most {TEMPLATE_CHARS} are allowed")
    try:
        found = list(string.Formatter().parse(template))
    except ValueError as error:
        raise BadTemplate(f"template {template!r}: {error}; write {{{{ for a brace") from None
    for _, name, spec, conversion in found:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise BadTemplate(f"template {template!r}: name a field alone, as in {{question}}")
    return tuple((literal, name) for literal, name, _, _ in found)


def check_template(template: str, fields: Collection[str]) -> None:
    """Raise `BadTemplate` unless `template` is within bounds and names only `fields`."""
    unknown = {name for _, name in parts(template) if name is not None} - set(fields)
    if unknown:
        raise BadTemplate(
            f"template names {', '.join(f'{{{name}}}' for name in sorted(unknown))}; these items have "
            f"{', '.join(f'{{{name}}}' for name in sorted(fields))}"
        )


def check_labels(labels: Collection[str]) -> Labels:
    """Two different short strings, (class 0, class 1); `BadTemplate` otherwise."""
    words = tuple(labels)
    if len(words) != 2 or words[0] == words[1] or not all(isinstance(word, str) for word in words):
        raise BadTemplate(f"labels {words!r}: give two different strings, for class 0 and class 1")
    if not all(0 < len(word) <= LABEL_CHARS for word in words):
        raise BadTemplate(f"labels {words!r}: a label has 1 to {LABEL_CHARS} characters")
    return words[0], words[1]


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
                check_template(template, fields)
            pieces.append(fields[name])
    return "".join(pieces)


def fields_of(kind: ItemKind) -> tuple[str, ...]:
    """Names of the fields that every item of `kind` has."""
    return ("prompt", "first", "second") if kind == "pair" else ("question", "choice")
