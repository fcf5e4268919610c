"""End of a run, as recorded in the database by the process that ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aar.database import Transaction, meta


class Ending(StrEnum):
    """Reason for a run's end."""

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
    """End of the run; where none is recorded, interrupted if a submission is undecided."""
    stored = meta.find(tx, "ending", None)
    code = stored.get("code") if isinstance(stored, Mapping) else None
    if code in list(Ending):
        return Ending(code)
    return Ending.INTERRUPTED if undecided else Ending.COMPLETE


def researchers_ended(tx: Transaction) -> dict[str, Ended]:
    """Researchers who ended before their time, by name."""
    stored = meta.find(tx, "researchers_ended", {})
    if not isinstance(stored, Mapping):
        return {}
    return {
        str(name): Ended(str(value.get("code", "")), str(value.get("words", "")))
        for name, value in stored.items()
        if isinstance(value, Mapping)
    }
