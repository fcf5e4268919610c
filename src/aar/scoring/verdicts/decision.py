"""A decision, and what it waits for where it cannot be taken yet: values that `record` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aar.database.figures import Figures
from aar.database.standing import Standing
from aar.database.submissions import Ended, Status
from aar.database.verdicts import ReferenceKind, VerdictStage
from aar.database.waits import Reason
from aar.database.wanted_runs import WantedRun
from w2s.records import SplitName


@dataclass(frozen=True)
class NewVerdict:
    """One verdict as it will be written.

    Attributes:
        submission: Id of the submission that it is about.
        stage: The split that it was decided on.
        status: The result; "pending" on dev sends the submission on to sealed.
        reply: What the author is told, made in `replies`; nothing reads it.
        figures: What people see.
        rule: Code of the rule that was broken, None without one.
        ended: How it ends the submission, where it does.
        would_be: Whether it beat the record on dev.
    """

    submission: str
    stage: VerdictStage
    status: Status
    reply: str
    figures: Figures
    rule: str | None = None
    ended: Ended = Ended.DECIDED
    would_be: bool = False


@dataclass(frozen=True)
class NewReference:
    """A floor, a ceiling or a baseline as it was measured on one split."""

    split: SplitName
    name: str
    kind: ReferenceKind
    figures: Figures


@dataclass(frozen=True)
class Decision:
    """Content of one transaction: verdicts, references that were measured, and the new standing, if it moves."""

    verdicts: tuple[NewVerdict, ...] = ()
    references: tuple[NewReference, ...] = ()
    standing: Standing | None = None


@dataclass(frozen=True)
class Waiting:
    """Reason for a missing decision, with details as a JSON object, and the runs that the lab should make for it."""

    reason: Reason
    what: Mapping[str, Any] = field(default_factory=dict)
    runs: tuple[WantedRun, ...] = ()


def verdict(
    submission: str,
    stage: VerdictStage,
    status: Status,
    reply: str,
    figures: Figures,
    *,
    rule: str | None = None,
    ended: Ended = Ended.DECIDED,
    would_be: bool = False,
    standing: Standing | None = None,
) -> Decision:
    """The decision that consists of one verdict, with the standing that follows from it."""
    new = NewVerdict(submission, stage, status, reply, figures, rule, ended, would_be)
    return Decision(verdicts=(new,), standing=standing)
