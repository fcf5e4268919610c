"""The tokens by which a model answers with one of two words: what both words share, and where they part.

A word is read as the continuation of a prompt, since some tokenizers put a mark before a text's first word only, and
split a word off its space. Labels may share their first tokens (" unsafe", " unsure"): the shared ones are then put
after the prompt, and the model is asked for the first token by which they differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from w2s.errors import BadTemplate

Encoder = Callable[[str], list[int]]
"""Token ids of a text, without special tokens."""

_PROMPT_END = ":"
"""Templates end in a sign; a word after it is the start of an answer."""


@dataclass(frozen=True)
class LabelTokens:
    """Tokens of two labels.

    Attributes:
        shared: Tokens that both start with, put after the prompt.
        zero: Token of class 0 that follows.
        one: Token of class 1 that follows.
    """

    shared: tuple[int, ...]
    zero: int
    one: int


def label_tokens(labels: tuple[str, str], encode: Encoder, *, unknown: int | None) -> LabelTokens:
    """Tokens of `labels` (class 0, class 1) after a prompt; `unknown` is the token of a word without tokens.

    Raises `BadTemplate` for a word that the model does not know, and for two words of which one is the start of the
    other, or both are the same.
    """
    zero, one = (_continuation(label, encode) for label in labels)
    shared = 0
    while shared < min(len(zero), len(one)) and zero[shared] == one[shared]:
        shared += 1
    for label, tokens in zip(labels, (zero, one), strict=True):
        if not tokens or (unknown is not None and unknown in tokens[: shared + 1]):
            raise BadTemplate(f"label {label!r} is not a word of this model; choose one that it knows")
    if shared == min(len(zero), len(one)):
        raise BadTemplate(
            f"labels {labels!r} cannot be told apart: to this model one is the start of the other; choose other words"
        )
    return LabelTokens(tuple(zero[:shared]), zero[shared], one[shared])


def _continuation(label: str, encode: Encoder) -> list[int]:
    """Tokens of `label` after the end of a prompt."""
    before, whole = encode(_PROMPT_END), encode(f"{_PROMPT_END} {label.strip()}")
    if whole[: len(before)] == before:
        return whole[len(before) :]
    return encode(" " + label.strip())
