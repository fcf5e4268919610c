"""Runs that the scorer wants of a submission besides the plain ones; the lab queues whatever stands here.

An audit wants runs under an intervention, and a would-be record that may repeat an earlier submission is run once more
with the seeds that were drawn for that one's code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import wanted_runs as table


@dataclass(frozen=True, order=True)
class WantedRun:
    """Run `k` of a split under an intervention, with the seeds of another code where `seeds_of` names one."""

    split: str
    k: int
    intervention: str = "none"
    seeds_of: str = ""


def add(tx: Transaction, submission: str, runs: Iterable[WantedRun]) -> None:
    """Want these runs of a submission; those that are wanted already stay."""
    for run in runs:
        upsert.add(tx, table, {"submission": submission, **asdict(run)}, {})


def of(tx: Transaction, submission: str) -> list[WantedRun]:
    """The runs that are wanted of one submission."""
    return all(tx, submission=submission).get(submission, [])


def all(tx: Transaction, *, submission: str | None = None) -> dict[str, list[WantedRun]]:
    """Every wanted run by submission, in an order that does not change."""
    query = sa.select(table).order_by(*table.primary_key.columns)
    if submission is not None:
        query = query.where(table.c.submission == submission)
    wanted: dict[str, list[WantedRun]] = {}
    for row in tx.execute(query):
        run = WantedRun(row.split, row.k, row.intervention, row.seeds_of)
        wanted.setdefault(row.submission, []).append(run)
    return wanted
