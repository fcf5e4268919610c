"""Outcome of a submission: decided here once, from its status, its figures and what its runs left.

Words are made from an outcome elsewhere (`aar.reports.findings`); nothing is read out of a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from aar.database.submissions import Ended
from aar.reports.contents import Contents, Entry
from w2s.records import Estimate


class Outcome(StrEnum):
    """Every way in which a submission can end, the most promising first."""

    VERIFIED = "verified"
    UNCONFIRMED = "unconfirmed"
    """Passed on dev; the run ended before sealed had spoken."""
    NOT_REPRODUCED = "not_reproduced"
    NO_IMPROVEMENT = "no_improvement"
    PENDING = "pending"
    REPEATS = "repeats"
    VIOLATION = "violation"
    FAILED = "failed"
    LOST = "lost"
    """The lab lost its runs; the code is not blamed."""
    CANCELLED = "cancelled"
    """Withdrawn by its author, or cancelled by the person who runs the lab."""


UNDECIDED = (Outcome.UNCONFIRMED, Outcome.PENDING)

_ENDED_WITHOUT_SCORE: Mapping[Ended, Outcome] = {
    Ended.CANCELLED: Outcome.CANCELLED,
    Ended.WITHDRAWN: Outcome.CANCELLED,
    Ended.LOST: Outcome.LOST,
}
"""Outcomes where the status alone is `failed`."""


def outcome(entry: Entry) -> Outcome:
    """Outcome of a submission."""
    row = entry.submission
    if row.status == "pending":
        return Outcome.UNCONFIRMED if row.stage == "sealed" else Outcome.PENDING
    if entry.overruled:  # a person's word stands above whatever the figures say
        return Outcome(row.status)
    if entry.dev is not None and entry.dev.same_as is not None:
        return Outcome.REPEATS
    if row.ended is not None and row.ended in _ENDED_WITHOUT_SCORE:
        return _ENDED_WITHOUT_SCORE[row.ended]
    return Outcome(row.status)


def leads_first(contents: Contents) -> list[Entry]:
    """Every submission, by outcome, and within one as they are ranked."""
    order = list(Outcome)
    return sorted(contents.entries, key=lambda entry: order.index(outcome(entry)))


def counted(entries: Iterable[Entry]) -> Counter[Outcome]:
    """Number of submissions by outcome."""
    return Counter(outcome(entry) for entry in entries)


def undecided(contents: Contents) -> list[Entry]:
    """Submissions without a verdict yet."""
    return [entry for entry in contents.entries if outcome(entry) in UNDECIDED]


def best_lead(contents: Contents) -> Entry | None:
    """The first submission that is not verified and may yet be better than the record; None where there is none."""
    return next((entry for entry in leads_first(contents) if _leads(entry)), None)


def sealed_gain(entry: Entry) -> Estimate | None:
    """Gain of a submission over the record on unseen items: in PGR, else in accuracy."""
    return None if entry.sealed is None else entry.sealed.gain or entry.sealed.accuracy_gain


def dev_gain(entry: Entry) -> Estimate | None:
    """Gain of a submission over the record on dev: in PGR, else in accuracy."""
    return None if entry.dev is None else entry.dev.gain or entry.dev.accuracy_gain


def ended_early(entry: Entry) -> bool:
    """True if the confirmation was ended at half of its seeds, since no chance was left."""
    wanted = entry.dev.sealed_seeds if entry.dev is not None else None
    return entry.sealed is not None and wanted is not None and entry.sealed.seeds < wanted


def _leads(entry: Entry) -> bool:
    result = outcome(entry)
    if result is Outcome.NOT_REPRODUCED:
        gain = sealed_gain(entry)
        return gain is not None and gain.mean > 0 and not ended_early(entry)
    if result is Outcome.NO_IMPROVEMENT:
        gain = dev_gain(entry)
        return gain is not None and gain.mean > 0
    return result is Outcome.UNCONFIRMED
