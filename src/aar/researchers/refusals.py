"""Refusals of tools: a code that a program acts on, with words that a model reads.

In a conversation both are one text, `[NotNow] the queue is full`, which is written and read here only.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import ParamSpec, TypeVar

from aar.errors import Refused

P = ParamSpec("P")
T = TypeVar("T")


class Refusal(StrEnum):
    """The codes: the lab's errors by name (`REFUSED` where it gave another reason), and those of the workspace."""

    REFUSED = "Refused"
    NOT_ALLOWED = "NotAllowed"
    BAD_REQUEST = "BadRequest"
    BAD_SNAPSHOT = "BadSnapshot"
    OVER_BUDGET = "OverBudget"
    NOT_NOW = "NotNow"
    NO_FILE = "NoFile"
    """A file cannot be read or written."""
    TOO_MUCH = "TooMuch"
    """A file is larger than a tool reads."""
    NO_END = "NoEnd"
    """A command took longer than it may."""


_CODES = frozenset(code.value for code in Refusal)
_WRITTEN = re.compile(r"\[([A-Za-z]{1,20})\] ")


@dataclass(frozen=True)
class Declined:
    """The result of a tool that did nothing.

    >>> Declined(Refusal.NOT_NOW, "the queue is full").text
    '[NotNow] the queue is full'
    """

    code: Refusal
    message: str

    @classmethod
    def of(cls, error: Refused) -> Declined:
        """The lab's refusal as a value."""
        name = type(error).__name__
        return cls(Refusal(name) if name in _CODES else Refusal.REFUSED, str(error))

    @property
    def text(self) -> str:
        """Code and words as a conversation has them."""
        return f"[{self.code.value}] {self.message}"


def declines(tool: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T | Declined]]:
    """Let a tool give the lab's refusals as values."""

    @wraps(tool)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T | Declined:
        try:
            return await tool(*args, **kwargs)
        except Refused as refusal:
            return Declined.of(refusal)

    return call


def read(text: str) -> Refusal | None:
    """The code at the start of a tool's error; None if nothing was declined.

    >>> read("[NotNow] the queue is full") is Refusal.NOT_NOW, read("no such file") is None
    (True, True)
    """
    match = _WRITTEN.match(text)
    return Refusal(match[1]) if match and match[1] in _CODES else None
