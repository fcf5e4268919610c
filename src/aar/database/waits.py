"""Waits of undecided submissions, as the scorer sees them; words are made where it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from aar.database import clock, upsert
from aar.database.connection import Transaction
from aar.database.schema import waits as table


class Reason(StrEnum):
    """Reason for which a verdict can wait."""

    DEV_RUNS = "dev_runs"
    SEALED_RUNS = "sealed_runs"
    REFERENCES = "references"
    """Floors and ceilings of a split."""
    BASELINES = "baselines"
    """The first standing of the record."""
    OPPONENT_RUNS = "opponent_runs"
    """Runs of the submission that it is compared with."""
    AUDIT_RUNS = "audit_runs"
    DUPLICATE_RUNS = "duplicate_runs"
    """Runs with the seeds of an earlier submission."""
    EARLIER_VERDICT = "earlier_verdict"
    """The verdict on the submission that it repeats."""


@dataclass(frozen=True)
class Wait:
    """One submission that waits since `at`; `what` holds the details of the reason as a JSON object."""

    submission: str
    reason: Reason
    what: Mapping[str, Any]
    at: float


def put(tx: Transaction, submission: str, reason: Reason, what: Mapping[str, Any] | None = None) -> bool:
    """Note what a submission waits for; False, and nothing is written, where that stands already."""
    values = {"reason": reason.value, "what": dict(what or {})}
    row = tx.execute(sa.select(table).where(table.c.submission == submission)).one_or_none()
    if row is not None and (row.reason, row.what) == (values["reason"], values["what"]):
        return False
    upsert.put(tx, table, {"submission": submission}, {**values, "at": clock.now()})
    return True


def clear(tx: Transaction, submission: str) -> None:
    """A submission waits for nothing any more."""
    tx.execute(table.delete().where(table.c.submission == submission))


def all(tx: Transaction) -> dict[str, Wait]:
    """Waits of all waiting submissions, by submission."""
    return {
        row.submission: Wait(row.submission, Reason(row.reason), row.what, row.at)
        for row in tx.execute(sa.select(table).order_by(table.c.at, table.c.submission))
    }
