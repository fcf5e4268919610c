"""What a person asked or told of researchers while they worked, as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aar.database import Transaction
from aar.errors import BrokenChain
from aar.ledger import Entry, entries

_OF_THE_RUN = ("run", "charge", "submission", "reference")
"""Entries that only a lab writes that runs, or the last of its launchers."""


@dataclass(frozen=True)
class Word:
    """One thing that a person asked or told.

    Attributes:
        at: When, in seconds since 1970.
        what: pause, resume, stop, tell, post or reply.
        researchers: Whom it concerned; of a post or a reply whoever reads the forum.
        text: What was told; empty for the others. It is a person's own text.
    """

    at: float
    what: str
    researchers: Sequence[str]
    text: str


@dataclass(frozen=True)
class Told:
    """Everything that a person asked or told, in order, and the time of the last entry that a running lab made."""

    words: Sequence[Word] = ()
    last: float = 0.0


def told(tx: Transaction) -> Told:
    """Read them from the ledger; nothing from one that cannot be read, which the report says at its top."""
    try:
        chain = list(entries(tx))
    except BrokenChain:
        return Told()
    return Told(
        [word for entry in chain if entry.kind == "note" and (word := _word(entry)) is not None],
        max((_at(entry) for entry in chain if entry.kind in _OF_THE_RUN), default=0.0),
    )


def _word(entry: Entry) -> Word | None:
    posted = entry.body.get("posted")
    if isinstance(posted, Mapping):
        what = "reply" if "comment" in posted else "post"
        text = "\n".join(str(posted[part]) for part in ("title", "text") if posted.get(part))
        return Word(_at(entry), what, [f"forum, post {posted['post']}"], text)
    body = entry.body.get("steered")
    if not isinstance(body, Mapping):
        return None
    return Word(_at(entry), str(body["what"]), [str(name) for name in body["researchers"]], str(body["text"]))


def _at(entry: Entry) -> float:
    return datetime.fromisoformat(entry.at).timestamp()
