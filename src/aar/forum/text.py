"""Text as the forum keeps it: bounded, without what steers a terminal or turns the reading direction."""

from __future__ import annotations

import unicodedata

from aar.errors import BadRequest

MAX_TITLE = 200
MAX_BODY = 20_000
MAX_COMMENT = 5_000


def clean(text: str, *, what: str, at_most: int) -> str:
    """`text` with plain line ends, without control characters and direction marks."""
    if len(text) > at_most:
        raise BadRequest(f"the {what} has {len(text)} characters; at most {at_most} are allowed")
    kept = "".join(
        letter
        for letter in "\n".join(text.splitlines())
        if letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    return kept.strip("\n")


def one_line(text: str) -> str:
    """`text` on one line, at most as long as a title."""
    return " ".join(clean(text, what="title", at_most=10**6).split())[:MAX_TITLE]
