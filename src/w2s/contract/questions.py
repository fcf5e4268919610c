"""Templates, labels and names of fields: what a method may ask in words of its own.

Covered: length, form, unknown fields, formatting of a field, lone surrogates, the text of an item as a constant. Not
covered: whether the model knows the words, and an item's text that is paraphrased or split over several templates.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from w2s import bounds
from w2s.errors import BadTemplate
from w2s.records import ItemKind

Labels = tuple[str, str]
_NAME = re.compile(rf"[a-z][a-z_]{{0,{bounds.GENERATED_CHARS - 1}}}")


def fields_of(kind: ItemKind) -> tuple[str, ...]:
    """Names of the fields that every item of `kind` has."""
    return ("prompt", "first", "second") if kind == "pair" else ("question", "choice")


@lru_cache(maxsize=1024)
def parts(text: str) -> tuple[tuple[str, str | None], ...]:
    """A template as (constant text, field or None) in turn.

    Raises `BadTemplate` for one that is too long, malformed, or formats a field instead of naming it.

    >>> parts("Q: {question} A:")
    (('Q: ', 'question'), (' A:', None))
    """
    if not text:
        raise BadTemplate("an item has no tokens under an empty template; write some words")
    if len(text) > bounds.TEMPLATE_CHARS:
        raise BadTemplate(f"template of {len(text)} characters; at most {bounds.TEMPLATE_CHARS} are allowed")
    if not _is_utf8(text):
        raise BadTemplate(f"template {text!r} is not UTF-8; leave out lone surrogates")
    try:
        parsed = list(string.Formatter().parse(text))
    except ValueError as error:
        raise BadTemplate(f"template {text!r}: {error}; write {{{{ for a brace") from None
    for _, name, spec, conversion in parsed:
        if name is not None and (spec or conversion or not name.isidentifier()):
            raise BadTemplate(f"template {text!r}: name a field alone, as in {{question}}")
    return tuple((literal, name) for literal, name, _, _ in parsed)


def template(text: Any) -> str:
    """A template of the right form; `BadTemplate` otherwise. Its fields are checked by `check_fields`."""
    if not isinstance(text, str):
        raise BadTemplate(f"template is a {type(text).__name__}; give a string that names the items' fields")
    parts(text)
    return str(text)


def check_fields(text: str, fields: Collection[str]) -> None:
    """Raise `BadTemplate` if the template `text` names anything but `fields`."""
    unknown = {name for _, name in parts(text) if name is not None} - set(fields)
    if unknown:
        raise BadTemplate(
            f"template names {', '.join(f'{{{name}}}' for name in sorted(unknown))}; these items have "
            f"{', '.join(f'{{{name}}}' for name in sorted(fields))}"
        )


def check_constants(text: str, item_texts: Iterable[str]) -> None:
    """Raise `BadTemplate` if the template `text` holds one of `item_texts`, which are `squeezed`, as a constant."""
    constant = squeezed("\n".join(literal for literal, _ in parts(text)))
    if any(item in constant for item in item_texts):
        raise BadTemplate("template holds the text of an item as a constant; name its field instead")


def squeezed(text: str) -> str:
    """`text` in lower case, with single spaces.

    >>> squeezed("Is  THIS\\nit?")
    'is this it?'
    """
    return " ".join(text.lower().split())


def labels(values: Any) -> Labels:
    """Two different short strings for class 0 and class 1; `BadTemplate` otherwise.

    >>> labels(["No", "Yes"])
    ('No', 'Yes')
    """
    words = tuple(values) if isinstance(values, Collection) else ()
    if len(words) != 2 or not all(isinstance(word, str) for word in words) or words[0] == words[1]:
        raise BadTemplate("labels are two different strings, for class 0 and class 1")
    if not all(0 < len(word) <= bounds.LABEL_CHARS for word in words):
        raise BadTemplate(f"a label has 1 to {bounds.LABEL_CHARS} characters")
    if not all(map(_is_utf8, words)):
        raise BadTemplate(f"labels {words!r} are not UTF-8; leave out lone surrogates")
    return str(words[0]), str(words[1])


def generated_name(name: Any) -> str:
    """A name that a field may be generated into: lower-case letters and underscores; `BadTemplate` otherwise."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadTemplate(
            f"cannot generate into this name; use 1 to {bounds.GENERATED_CHARS} lower-case letters"
        )
    return str(name)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
