"""Why the lab declined a tool call, as a code that a program can act on and a model can read.

The code is the name of the lab's error in brackets before its words: `[NotNow] the queue is full`. It is written
and read here only.
"""

from __future__ import annotations

import re
from enum import StrEnum

from aar.errors import Refused


class Refusal(StrEnum):
    """The kinds of `Refused` by name; `REFUSED` where the lab gave another reason."""

    REFUSED = "Refused"
    NOT_ALLOWED = "NotAllowed"
    BAD_REQUEST = "BadRequest"
    BAD_SNAPSHOT = "BadSnapshot"
    OVER_BUDGET = "OverBudget"
    NOT_NOW = "NotNow"


_CODES = frozenset(code.value for code in Refusal)
_WRITTEN = re.compile(r"\[([A-Za-z]{1,20})\] ")


def written(error: Refused) -> str:
    """A refusal as the tool's error says it.

    >>> from aar.errors import NotNow
    >>> written(NotNow("the queue is full"))
    '[NotNow] the queue is full'
    """
    name = type(error).__name__
    return f"[{name if name in _CODES else Refusal.REFUSED.value}] {error}"


def read(text: str) -> Refusal | None:
    """The code at the start of a tool's error; None if the lab did not decline anything.

    >>> read("[NotNow] the queue is full") is Refusal.NOT_NOW, read("no such file") is None
    (True, True)
    """
    found = _WRITTEN.match(text)
    return Refusal(found[1]) if found and found[1] in _CODES else None
