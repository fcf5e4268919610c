"""How a run ended, as whoever ran it left it in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aar.database import Transaction, meta


class Ending(StrEnum):
    """Why a run went on no longer."""

    COMPLETE = "complete"
    """Everything that was handed in is judged, and nobody may hand in more."""
    TIME = "time"
    """The upper bound on the run's time cut it off."""
    INTERRUPTED = "interrupted"
    """A person or the system stopped it."""
    RESEARCHERS_FAILED = "researchers_failed"
    """Every researcher kept dying."""
    RUNNING = "running"
    """It goes on, or everything was killed at once."""


@dataclass(frozen=True)
class Ended:
    """A researcher who ended before its time: `code` says how, `words` is the last line it printed."""

    code: str
    words: str


def ending(tx: Transaction, *, undecided: bool) -> Ending:
    """How the run ended; where nobody said so, interrupted if something is undecided."""
    found = meta.find(tx, "ending", None)
    code = found.get("code") if isinstance(found, Mapping) else None
    if code in list(Ending):
        return Ending(code)
    return Ending.INTERRUPTED if undecided else Ending.COMPLETE


def researchers_ended(tx: Transaction) -> dict[str, Ended]:
    """Researchers who ended before their time, by name."""
    found = meta.find(tx, "researchers_ended", {})
    if not isinstance(found, Mapping):
        return {}
    return {
        str(name): Ended(str(one.get("code", "")), str(one.get("words", "")))
        for name, one in found.items()
        if isinstance(one, Mapping)
    }
