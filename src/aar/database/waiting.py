"""Runs that wait or are under way: counts and durations, without reading every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from aar.database.connection import Transaction
from aar.database.runs import ASKED_FOR, PLAIN, PRIORITIES, Priority
from aar.database.schema import runs as table

LATEST = 100
"""Runs that durations are averaged over."""


@dataclass(frozen=True)
class Line:
    """One researcher's waiting runs at one priority; `nominal` in minutes, by the estimates."""

    priority: Priority
    researcher: str
    runs: int
    nominal: float


def counts(tx: Transaction) -> Mapping[str, int]:
    """Number of runs in each state."""
    rows = tx.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
    return {str(state): int(count) for state, count in rows}


def queued(tx: Transaction, *, researcher: str | None = None) -> int:
    """Number of waiting runs, of all or of one researcher's own requests: its confirmations are not among them."""
    query = sa.select(sa.func.count()).where(table.c.state == "queued")
    if researcher is not None:
        asked_for = [PRIORITIES.index(priority) for priority in ASKED_FOR]
        query = query.where(table.c.priority.in_(asked_for), table.c.researcher == researcher)
    return int(tx.scalar(query.select_from(table)) or 0)


def unfinished(tx: Transaction, *, split: str) -> bool:
    """True if any run on a split still waits or is under way."""
    there = sa.select(sa.literal(1)).where(table.c.state.in_(("queued", "running")), table.c.split == split)
    return tx.execute(there.limit(1)).first() is not None


def unfinished_codes(tx: Transaction) -> frozenset[tuple[str, str]]:
    """Code and split of every run without an intervention that waits or is under way, practice left out."""
    there = sa.select(table.c.code_hash, table.c.split).where(
        table.c.state.in_(("queued", "running")), table.c.split != "practice", PLAIN
    )
    return frozenset((str(code), str(split)) for code, split in tx.execute(there.distinct()))


def known(tx: Transaction, *, code_hash: str, split: str) -> bool:
    """True if a code was ever queued on a split."""
    there = sa.select(sa.literal(1)).where(table.c.code_hash == code_hash, table.c.split == split)
    return tx.execute(there.limit(1)).first() is not None


def lines(tx: Transaction) -> list[Line]:
    """The queue by priority and researcher, the first to go first."""
    rows = tx.execute(
        sa.select(table.c.priority, table.c.researcher, sa.func.count(), sa.func.sum(table.c.nominal_cost))
        .where(table.c.state == "queued")
        .group_by(table.c.priority, table.c.researcher)
        .order_by(table.c.priority, table.c.researcher)
    )
    return [Line(PRIORITIES[rank], who, int(count), float(cost)) for rank, who, count, cost in rows]


def seconds_a_run(tx: Transaction, *, practice: bool) -> float | None:
    """Measured mean of the latest runs that came to an end; None before the first. For people only."""
    kind = table.c.split == "practice" if practice else table.c.split != "practice"
    latest = (
        sa.select(table.c.end["seconds"].as_float().label("seconds"))
        .where(table.c.state == "done", kind)
        .order_by(table.c.finished.desc())
        .limit(LATEST)
        .subquery()
    )
    mean = tx.scalar(sa.select(sa.func.avg(latest.c.seconds)))
    return None if mean is None else float(mean)
