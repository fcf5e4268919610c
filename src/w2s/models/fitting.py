"""A text that is too long loses the middle of its longest fields: never its question, or a whole answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from w2s.contract import parts
from w2s.errors import BadTemplate
from w2s.models.prompting import render

CUT = " ... "
"""Stands where text was left out."""
_LEAST = 8
"""Characters that a field keeps."""

Encoder = Callable[[str], list[int]]


def fitted(template: str, fields: Mapping[str, str], encode: Encoder, *, longest: int) -> list[int]:
    """Tokens of `template` with its `fields`, at most `longest` of them.

    A text that fits is left as it is. Otherwise every field keeps at most so many characters as make it fit, half of
    them from its start and half from its end: the longest field is cut first, and two long answers alike. Raises
    `BadTemplate` where the words of the template alone are too long.
    """
    tokens = encode(render(template, fields))
    if len(tokens) <= longest:
        return tokens
    named = {name for _, name in parts(template) if name is not None}

    def cut_to(most: int) -> list[int]:
        return encode(
            render(
                template, {name: _cut(text, most) if name in named else text for name, text in fields.items()}
            )
        )

    fits, found, too_many = _LEAST, cut_to(_LEAST), max((len(fields[name]) for name in named), default=_LEAST)
    if len(found) > longest:
        raise BadTemplate(
            f"a text has {len(found)} tokens though its fields were cut to {_LEAST} letters, and {longest} are "
            "allowed; write a shorter template, or raise max_length in testbed.toml"
        )
    while too_many - fits > 1:
        most = (fits + too_many) // 2
        tokens = cut_to(most)
        if len(tokens) <= longest:
            fits, found = most, tokens
        else:
            too_many = most
    return found


def _cut(text: str, most: int) -> str:
    """The first and the last half of `most` characters of `text`, or `text` if that would not be shorter."""
    if len(text) <= most + len(CUT):
        return text
    head = (most + 1) // 2
    return text[:head] + CUT + text[len(text) - (most - head) :]
