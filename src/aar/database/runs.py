"""The queue and the results of method runs: content addressed, so that one run is never made twice.

A run is `queued` once, `running` while an engine has it, and ends `done` (predictions are in its blob),
`failed` (the method's own fault), `lost` (given up after too many tries; nobody's fault) or `cancelled`
(nobody wants its result any more). Ends are written through `aar.ledger.record_run`. Only a lost one, and a
practice run that was withdrawn, is ever queued again, through `aar.ledger.record_again`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from aar.database import clock, shares
from aar.database.connection import Transaction
from aar.database.schema import runs as table
from aar.run_records import Cause, RunEnd
from w2s.errors import NotFound

State = Literal["queued", "running", "done", "failed", "lost", "cancelled"]
End = Literal["done", "failed", "lost", "cancelled"]

ENDED: tuple[End, ...] = ("done", "failed", "lost", "cancelled")

Priority = Literal["practice", "opening", "sealed", "audit", "dev", "baseline"]

PRIORITIES: tuple[Priority, ...] = ("practice", "opening", "sealed", "audit", "dev", "baseline")
"""Order of runs: practice (somebody waits for it, and each researcher has one at a time), then baselines without
which nothing can be judged, then confirmations and their audits, then dev runs; the other runs of baselines get the
cores that nobody else wants."""

ASKED_FOR: tuple[Priority, ...] = ("practice", "dev")
"""Priorities of researchers' own requests; such a run does not start while its researcher is in cool-down."""


@dataclass(frozen=True)
class Run:
    """One run of one code on one split and seed pair, with everything that the engine has to be told of it.

    Attributes:
        key: Hash of what makes it this run.
        submission: Whose run it is, None for practice.
        code_hash: Hash of the code.
        commit: The snapshot that holds the code.
        researcher: Who pays for it.
        split: The split that it runs on.
        pair_index: Number of its pair of seeds, from 0.
        supervisor_seed: The supervisor that it asks.
        student_seed: Seed of the student, in hexadecimal digits; drawn when it was queued.
        salt: Salt of the ids that the method sees, in hexadecimal digits; drawn when it was queued.
        intervention: What an audit changes, "none" otherwise.
        seeds_of: Hash of another code whose seeds and salt it was given, "" for its own.
        priority: Index in `PRIORITIES`.
        nominal_cost: Estimate in nominal minutes.
        companions: Whether it asks the companions of its supervisor too.
        ready: Whether all supervisors that it asks are trained.
        state: Where it is.
        tries: How often it was started.
        place: Where it was last started.
        end: What was measured of it, and why it ended.
        figures: Numbers that its researcher may see; on practice only.
        blob: Name of its arrays.
        created: When it was queued.
        started: When it was last started.
        finished: When it ended.
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
    salt: str | None = field(repr=False)
    intervention: str
    seeds_of: str
    priority: int
    nominal_cost: float
    companions: int
    ready: int
    state: State
    tries: int
    place: str | None
    end: RunEnd
    figures: Mapping[str, Any]
    blob: str | None
    created: float
    started: float | None
    finished: float | None

    @property
    def plain(self) -> bool:
        """True if the run measures its code's own worth: no intervention, and its own seeds."""
        return self.intervention == "none" and not self.seeds_of

    @property
    def may_run_again(self) -> bool:
        """Whether it is queued anew when somebody asks for it: it was lost, or it is a practice run taken back."""
        taken_back = self.state == "cancelled" and self.end.cause is Cause.WITHDRAWN
        return self.state == "lost" or (taken_back and self.split == "practice")


PLAIN = sa.and_(table.c.intervention == "none", table.c.seeds_of == "")
"""The same in SQL."""


# built once: a statement costs more to build than to execute, and these are executed for every run
_FIND = sa.select(table).where(table.c.key == sa.bindparam("wanted"))
_FINISH = table.update().where(table.c.key == sa.bindparam("wanted"))


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
    salt: str | None = None,
    submission: str | None = None,
    intervention: str = "none",
    seeds_of: str = "",
    priority: Priority = "dev",
    companions: bool = False,
    ready: bool = True,
) -> bool:
    """Put a run in the queue; False where the same run is known already. One that is not `ready` is not taken.

    One that still waits moves up if it is wanted with a higher priority now.
    """
    rank = PRIORITIES.index(priority)
    known = find(tx, key)
    if known is not None:
        if known.state == "queued" and known.priority > rank:
            shares.join(tx, priority=rank, researcher=known.researcher)
            tx.execute(table.update().where(table.c.key == key).values(priority=rank))
        return False
    shares.join(tx, priority=rank, researcher=researcher)
    tx.execute(
        table.insert().values(
            key=key,
            submission=submission,
            code_hash=code_hash,
            commit=commit,
            researcher=researcher,
            split=split,
            pair_index=pair_index,
            supervisor_seed=supervisor_seed,
            student_seed=student_seed,
            salt=salt,
            intervention=intervention,
            seeds_of=seeds_of,
            priority=rank,
            nominal_cost=nominal_cost,
            companions=int(companions),
            ready=int(ready),
            state="queued",
            tries=0,
            end={},
            figures={},
            created=clock.now(),
        )
    )
    return True


def get(tx: Transaction, key: str) -> Run:
    """One run; `NotFound` where there is none."""
    run = find(tx, key)
    if run is None:
        raise NotFound(f"no run {key!r}; a run is named by the key that queueing it gave")
    return run


def find(tx: Transaction, key: str) -> Run | None:
    """One run, or None."""
    row = tx.execute(_FIND, {"wanted": key}).one_or_none()
    return None if row is None else _run(row)


def all(
    tx: Transaction,
    *,
    state: State | None = None,
    split: str | None = None,
    code_hash: str | None = None,
    researcher: str | None = None,
    submission: str | None = None,
) -> list[Run]:
    """Runs by priority, then age; a submission's are found by its `code_hash`, also those that others paid for."""
    query = sa.select(table).order_by(table.c.priority, table.c.created, table.c.pair_index, table.c.key)
    for column, wanted in (
        (table.c.state, state),
        (table.c.split, split),
        (table.c.code_hash, code_hash),
        (table.c.researcher, researcher),
        (table.c.submission, submission),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [_run(row) for row in tx.execute(query)]


def requeue(tx: Transaction, key: str) -> None:
    """Back into the queue, its tries kept: the sandbox or service was lost, the method is not blamed."""
    run = find(tx, key)
    if run is None or run.state != "running":
        return
    tx.execute(table.update().where(table.c.key == key).values(state="queued", place=None))
    shares.settle(tx, priority=run.priority, researcher=run.researcher, nominal=-run.nominal_cost)


def renew(tx: Transaction, key: str, *, submission: str | None, researcher: str, priority: Priority) -> None:
    """A run as if it had just been queued; call `aar.ledger.record_again`, which asks whether it may run again."""
    rank = PRIORITIES.index(priority)
    shares.join(tx, priority=rank, researcher=researcher)
    nothing: dict[str, Any] = dict.fromkeys(("place", "started", "finished"))
    tx.execute(
        table.update()
        .where(table.c.key == key, table.c.state.in_(("lost", "cancelled")))
        .values(
            state="queued",
            tries=0,
            submission=submission,
            researcher=researcher,
            priority=rank,
            end={},
            created=clock.now(),
            **nothing,
        )
    )


def requeue_running(tx: Transaction) -> int:
    """After a crash of the lab: every run that was under way is queued again; how many."""
    running = all(tx, state="running")
    for run in running:
        requeue(tx, run.key)
    return len(running)


def cancelled(tx: Transaction, keys: Sequence[str]) -> list[str]:
    """Those of `keys` that are cancelled."""
    return list(tx.scalars(sa.select(table.c.key).where(table.c.key.in_(keys), table.c.state == "cancelled")))


def without_salt(tx: Transaction) -> list[Run]:
    """Runs that are still to come and have no salt: an earlier version queued them."""
    waiting = sa.and_(table.c.state.in_(("queued", "running")), table.c.salt.is_(None))
    return [_run(row) for row in tx.execute(sa.select(table).where(waiting))]


def set_salt(tx: Transaction, key: str, salt: str) -> None:
    """Give a run that has no salt the one that was drawn for it."""
    tx.execute(table.update().where(table.c.key == key, table.c.salt.is_(None)).values(salt=salt))


def finish(tx: Transaction, key: str, values: Mapping[str, Any]) -> Run:
    """Write a run's end; call `aar.ledger.record_run`, which also writes the ledger."""
    # read again, not RETURNING: SQLite returns whole numbers of a REAL column as integers there
    tx.execute(_FINISH, {"wanted": key, **values})
    return get(tx, key)


def _run(row: sa.Row[Any]) -> Run:
    return Run(**{**row._mapping, "end": RunEnd.from_json(row.end)})
