"""End of a run, as recorded in the database by the process that ran it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aar.database import Transaction, meta, researchers
from aar.database.progress import EndReason


class Ending(StrEnum):
    """Reason for a run's end."""

    COMPLETE = "complete"
    """Everything that was handed in is judged, and nobody may hand in more."""
    TIME = "time"
    """The upper bound on the run's time cut it off."""
    BUDGET = "budget"
    """A budget of money, tokens or hours of work was used up before everything that could be was handed in."""
    INTERRUPTED = "interrupted"
    """A person or the system stopped it."""
    RESEARCHERS_FAILED = "researchers_failed"
    """Every researcher kept dying."""
    RUNNING = "running"
    """It goes on, or everything was killed at once."""


FAILED = "failed"
"""How a researcher ended whose process kept dying."""


@dataclass(frozen=True)
class Ended:
    """A researcher who ended before its time.

    Attributes:
        code: `FAILED`, or the `EndReason` that it gave itself.
        words: The last line that it printed, or what it said.
    """

    code: str
    words: str

    @property
    def fault(self) -> bool:
        """True unless its model had had enough by itself."""
        return self.code != EndReason.OWN_STOP


def ending(tx: Transaction, *, undecided: bool) -> Ending:
    """End of the run; where none is recorded, interrupted if a submission is undecided."""
    stored = meta.find(tx, "ending", None)
    code = stored.get("code") if isinstance(stored, Mapping) else None
    if code in list(Ending):
        return Ending(code)
    return Ending.INTERRUPTED if undecided else Ending.COMPLETE


def researchers_ended(tx: Transaction) -> dict[str, Ended]:
    """Researchers who ended before their time, by name: those that were given up, and those that said why."""
    ended = {
        who.name: Ended(who.reason.value, who.detail)
        for who in researchers.team(tx)
        if who.reason is not None and not who.reason.regular and who.state not in ("waiting", "working")
    }
    stored = meta.find(tx, "researchers_ended", {})
    given_up = stored.items() if isinstance(stored, Mapping) else ()
    died = {
        str(name): Ended(str(value.get("code", "")), str(value.get("words", "")))
        for name, value in given_up
        if isinstance(value, Mapping)
    }
    return died | ended  # its own reason says more than the last line that it printed
