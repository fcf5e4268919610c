"""The queue and the results of method runs: content addressed, so that one run is never made twice.

A run is `queued` once, `running` while an engine has it, and ends `done` (predictions are in its blob),
`failed` (the method's own fault) or `lost` (given up after too many tries; nobody's fault). Ends are
written through `aar.ledger.record_run`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import runs as table
from w2s.errors import NotFound

State = Literal["queued", "running", "done", "failed", "lost"]


@dataclass(frozen=True)
class Run:
    """One run of one code on one split and seed pair; `submission` is None for practice.

    `pair_index` counts the seed pairs of a split from 0; `nominal_cost` is in minutes told to
    researchers, `seconds` and `core_seconds` are measured; `figures` are numbers a researcher may see
    (practice only); `error_message` is filled on practice only; `blob` names the arrays.
    """

    key: str
    submission: str | None
    code_hash: str
    commit: str
    researcher: str
    split: str
    pair_index: int
    supervisor_seed: int
    student_seed: str
    intervention: str
    priority: float
    nominal_cost: float
    state: State
    tries: int
    seconds: float
    core_seconds: float
    error_type: str | None
    error_file: str | None
    error_line: int | None
    error_rule: str | None
    error_message: str | None
    logged: Mapping[str, float]
    figures: Mapping[str, Any]
    blob: str | None
    created: float
    started: float | None
    finished: float | None


def queue(
    tx: Transaction,
    key: str,
    *,
    researcher: str,
    code_hash: str,
    commit: str,
    split: str,
    pair_index: int,
    supervisor_seed: int,
    student_seed: str,
    nominal_cost: float,
    submission: str | None = None,
    intervention: str = "none",
    priority: float = 0.0,
) -> bool:
    """Put a run in the queue (lower `priority` first); False where the same run is known already."""
    added = tx.execute(
        insert(table)
        .values(
            key=key,
            submission=submission,
            code_hash=code_hash,
            commit=commit,
            researcher=researcher,
            split=split,
            pair_index=pair_index,
            supervisor_seed=supervisor_seed,
            student_seed=student_seed,
            intervention=intervention,
            priority=priority,
            nominal_cost=nominal_cost,
            state="queued",
            tries=0,
            seconds=0.0,
            core_seconds=0.0,
            logged={},
            figures={},
            created=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    return added.rowcount == 1


def get(tx: Transaction, key: str) -> Run:
    """One run; `NotFound` where there is none."""
    row = tx.execute(sa.select(table).where(table.c.key == key)).one_or_none()
    if row is None:
        raise NotFound(f"no run {key!r}; a run is named by the key that queueing it gave")
    return Run(**row._mapping)


def find(tx: Transaction, key: str) -> Run | None:
    """One run, or None."""
    row = tx.execute(sa.select(table).where(table.c.key == key)).one_or_none()
    return None if row is None else Run(**row._mapping)


def all(
    tx: Transaction,
    *,
    state: State | None = None,
    split: str | None = None,
    code_hash: str | None = None,
    researcher: str | None = None,
) -> list[Run]:
    """Runs by priority, then age; a submission's are found by its `code_hash`, whoever paid for them."""
    query = sa.select(table).order_by(table.c.priority, table.c.created, table.c.pair_index, table.c.key)
    for column, wanted in (
        (table.c.state, state),
        (table.c.split, split),
        (table.c.code_hash, code_hash),
        (table.c.researcher, researcher),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [Run(**row._mapping) for row in tx.execute(query)]


def claim(tx: Transaction, *, splits: Sequence[str] | None = None, key: str | None = None) -> Run | None:
    """Take the next queued run (or the one with `key`): it is `running` and its tries count one more."""
    query = sa.select(table.c.key).where(table.c.state == "queued")
    if splits is not None:
        query = query.where(table.c.split.in_(splits))
    if key is not None:
        query = query.where(table.c.key == key)
    order = (table.c.priority, table.c.created, table.c.pair_index, table.c.key)
    chosen = tx.scalar(query.order_by(*order).limit(1))
    if chosen is None:
        return None
    tx.execute(
        table.update()
        .where(table.c.key == chosen)
        .values(state="running", tries=table.c.tries + 1, started=clock.now())
    )
    return get(tx, chosen)


def requeue(tx: Transaction, key: str) -> None:
    """Back into the queue, its tries kept: the sandbox or service was lost, the method is not blamed."""
    tx.execute(table.update().where(table.c.key == key, table.c.state == "running").values(state="queued"))


def requeue_running(tx: Transaction) -> int:
    """After a crash of the lab: every run that was under way is queued again; how many."""
    return tx.execute(table.update().where(table.c.state == "running").values(state="queued")).rowcount


def drop_queued(tx: Transaction, *, code_hash: str, split: str) -> int:
    """Forget queued runs whose result no longer matters (a sibling failed); how many."""
    return tx.execute(
        table.delete().where(
            table.c.state == "queued", table.c.code_hash == code_hash, table.c.split == split
        )
    ).rowcount


def finish(tx: Transaction, key: str, values: Mapping[str, Any]) -> None:
    """Write a run's end; call `aar.ledger.record_run`, which also writes the ledger."""
    tx.execute(table.update().where(table.c.key == key).values(**values))
