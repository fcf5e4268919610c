"""Finished trainings on the truth: supervisors and ceilings of each split, and what they took.

The rows are the lab's note of what its references' processes said (`aar.lab.references`); what counts is the file
in the vault. A run is ready to be taken once every supervisor that it asks is here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from aar.database import clock, upsert
from aar.database.connection import Transaction
from aar.database.schema import runs
from aar.database.schema import trainings as table
from aar.seeds import supervisors_of

Role = Literal["supervisor", "ceiling"]
Place = tuple[Role, str, int]
"""Role, split, and number of a training."""


@dataclass(frozen=True)
class Training:
    """One training that is done; `seconds` by the clock and `core_seconds` of processor time, 0 if not known."""

    role: Role
    split: str
    k: int
    seconds: float
    core_seconds: float
    at: float


def all(tx: Transaction) -> list[Training]:
    """Every training that is done, in the order in which they ended."""
    return [Training(**row._mapping) for row in tx.execute(sa.select(table).order_by(table.c.at))]


def add(
    tx: Transaction, role: Role, split: str, k: int, *, seconds: float = 0.0, core_seconds: float = 0.0
) -> None:
    """Note a training that ended; runs that waited for this supervisor alone are ready from now on."""
    took = {"seconds": seconds, "core_seconds": core_seconds, "at": clock.now()}
    upsert.add(tx, table, {"role": role, "split": split, "k": k}, took)
    if role == "supervisor":
        _mark(tx, split)


def keep(tx: Transaction, there: Collection[Place]) -> None:
    """After a start: exactly these are done. Notes of others go, and runs that ask them wait again."""
    known: set[Place] = {(row.role, row.split, row.k) for row in all(tx)}
    for role, split, k in known - set(there):
        tx.execute(table.delete().where(table.c.role == role, table.c.split == split, table.c.k == k))
    for role, split, k in sorted(set(there) - known):
        add(tx, role, split, k)
    for split in ("practice", "dev", "sealed"):
        _mark(tx, split)


def supervisors(tx: Transaction, split: str) -> set[int]:
    """The supervisors of a split that are trained."""
    query = sa.select(table.c.k).where(table.c.role == "supervisor", table.c.split == split)
    return {int(k) for k in tx.scalars(query)}


def asked_by(supervisor: int, *, companions: bool) -> tuple[int, ...]:
    """The supervisors that a run asks: its own, and its companions if its code names them.

    >>> asked_by(1, companions=False), asked_by(1, companions=True)
    ((1,), (1, 10002, 10003))
    """
    return supervisors_of(supervisor) if companions else (supervisor,)


def wanted(tx: Transaction) -> dict[Place, int]:
    """Supervisors that runs in the queue wait for, each with the highest priority (the lowest rank) among these."""
    waiting = (
        sa.select(
            runs.c.split,
            runs.c.supervisor_seed,
            runs.c.companions,
            sa.func.min(runs.c.priority).label("rank"),
        )
        .where(runs.c.state == "queued", runs.c.ready == 0)
        .group_by(runs.c.split, runs.c.supervisor_seed, runs.c.companions)
    )
    ranks: dict[Place, int] = {}
    for row in tx.execute(waiting):
        for k in asked_by(row.supervisor_seed, companions=bool(row.companions)):
            place: Place = ("supervisor", str(row.split), k)
            ranks[place] = min(ranks.get(place, row.rank), row.rank)
    return ranks


def _mark(tx: Transaction, split: str) -> None:
    """Set `ready` of every queued run of a split anew."""
    there = supervisors(tx, split)
    queued = sa.and_(runs.c.state.in_(("queued", "running")), runs.c.split == split)
    kinds = sa.select(runs.c.supervisor_seed, runs.c.companions, runs.c.ready).where(queued).distinct()
    for row in tx.execute(kinds).all():
        ready = there.issuperset(asked_by(row.supervisor_seed, companions=bool(row.companions)))
        if ready != bool(row.ready):
            same = sa.and_(runs.c.supervisor_seed == row.supervisor_seed, runs.c.companions == row.companions)
            tx.execute(runs.update().where(queued, same).values(ready=int(ready)))
