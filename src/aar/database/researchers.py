"""Researchers that take part: each researcher with its direction, budget and a hash of its token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.progress import EndReason
from aar.database.schema import researchers as table
from w2s.errors import NotFound

State = Literal["waiting", "working", "resting", "finished", "stopped"]
AT_WORK: frozenset[State] = frozenset({"waiting", "working", "resting"})
"""States of those who may still do something."""


class Role(StrEnum):
    """In which role an author acts; it decides what is counted, charged and compared."""

    RESEARCHER = "researcher"
    """Works under a budget; what it submits is judged against the record."""
    BASELINE = "baseline"
    """The lab itself, which submits the baselines; it has no token and no budget."""
    OPERATOR = "operator"
    """A person whose submissions are measured against the record."""
    FRESH = "fresh"
    """A person whose submissions are measured by themselves, against vanilla."""
    PERSON = "person"
    """A person who reads, writes on the forum and steers researchers; it hands nothing in."""

    @property
    def is_person(self) -> bool:
        """True if what it writes are a person's words."""
        return self.is_operator or self is Role.PERSON

    @property
    def is_operator(self) -> bool:
        """True if a person acts, for whom no budget and no Ladder counts."""
        return self in (Role.OPERATOR, Role.FRESH)


LAB, OPERATOR, FRESH = "lab", "operator", "fresh"
"""Names of the authors that no researcher may have."""

MOST_WAIT_SECONDS = 300.0
"""Longest cool-down of a researcher; one that ends later was written before the clock was set back, and is over."""

RESERVED: Mapping[str, Role] = {LAB: Role.BASELINE, OPERATOR: Role.OPERATOR, FRESH: Role.FRESH}
"""The role of each reserved name: the one place where a name decides anything."""

_FORGET = (
    table.update()
    .where(table.c.name == sa.bindparam("whose"), table.c.failures > 0)
    .values(failures=0, waits_until=None)
)


@dataclass(frozen=True)
class Researcher:
    """One author.

    Attributes:
        name: What others call it.
        role: In which role it acts.
        direction: What it was given to work on.
        model: The model that chooses its next step.
        token_hash: Hash of its bearer token, None without one.
        state: Where it is between its start and its end.
        reason: Why it rests or has ended, by its own word; None while it works.
        detail: What it said about that, one line; may be empty.
        minutes: Budget in nominal minutes, None without a bound.
        submissions: Budget of submissions, None without a bound.
        forum: Whether it reads and writes the forum.
        outside: Whether it joins from elsewhere: no process of the run, nothing to start and nobody's model to pay.
        failures: How many of its methods failed one after the other, up to now.
        waits_until: Until then nothing of it is started or taken in.
        paused: Since when a person has paused it, None if nobody has.
        worked: Seconds that it had worked before `works_since`.
        works_since: Time of the run's clock since when it works, in seconds; None while it does not.
        created: When it was taken in.
        started: When it began to work.
        finished: When it ended; what it says of its end afterwards moves it no more.
    """

    name: str
    role: Role
    direction: str
    model: str
    token_hash: str | None
    state: State
    reason: EndReason | None
    detail: str
    minutes: float | None
    submissions: int | None
    forum: bool
    outside: bool
    failures: int
    waits_until: float | None
    paused: float | None
    worked: float
    works_since: float | None
    created: float
    started: float | None
    finished: float | None

    @property
    def is_working(self) -> bool:
        """True if its hours are counted: a process of the run that has begun, has not ended, and nobody has paused."""
        return not self.outside and self.state in ("working", "resting") and self.paused is None

    def worked_at(self, clock_s: float) -> float:
        """Seconds that it has worked when the run's clock stands at `clock_s`.

        A clock that was noted before the work began was noted by a lab that was then killed.
        """
        return self.worked + (0.0 if self.works_since is None else max(0.0, clock_s - self.works_since))


def hash_token(token: str) -> str:
    """Stored form of a bearer token.

    >>> hash_token("secret")[:8]
    '2bb80d53'
    """
    return hashlib.sha256(token.encode()).hexdigest()


def add(
    tx: Transaction,
    name: str,
    *,
    direction: str = "",
    model: str = "",
    token: str | None = None,
    minutes: float | None = None,
    submissions: int | None = None,
    forum: bool = True,
    outside: bool = False,
    role: Role = Role.RESEARCHER,
) -> Researcher:
    """Take an author in; a name that is known already keeps its row and gets the new token.

    A reserved name has its own role, whatever `role` is.
    """
    known = tx.execute(sa.select(table.c.name).where(table.c.name == name)).one_or_none()
    token_hash = None if token is None else hash_token(token)
    if known is None:
        tx.execute(
            table.insert().values(
                name=name,
                role=RESERVED.get(name, role).value,
                direction=direction,
                model=model,
                token_hash=token_hash,
                state="waiting",
                detail="",
                minutes=minutes,
                submissions=submissions,
                forum=int(forum),
                outside=outside,
                failures=0,
                worked=0.0,
                created=clock.now(),
            )
        )
    elif token_hash is not None:
        tx.execute(table.update().where(table.c.name == name).values(token_hash=token_hash))
    return get(tx, name)


def get(tx: Transaction, name: str) -> Researcher:
    """One researcher; `NotFound` with the nearest names."""
    row = tx.execute(sa.select(table).where(table.c.name == name)).one_or_none()
    if row is None:
        raise NotFound.among("researcher", name, tx.scalars(sa.select(table.c.name)))
    return _researcher(row)


def by_token(tx: Transaction, token: str) -> Researcher | None:
    """Researcher with this bearer token, or None."""
    row = tx.execute(sa.select(table).where(table.c.token_hash == hash_token(token))).one_or_none()
    return None if row is None else _researcher(row)


def all(tx: Transaction) -> list[Researcher]:
    """Everybody in the order they were taken in, persons included, the lab itself left out."""
    rows = tx.execute(
        sa.select(table).where(table.c.role != Role.BASELINE.value).order_by(table.c.created, table.c.name)
    )
    return [_researcher(row) for row in rows]


def team(tx: Transaction) -> list[Researcher]:
    """Those who do research, in the order they were taken in: neither the lab nor a person who submits."""
    return [researcher for researcher in all(tx) if researcher.role is Role.RESEARCHER]


def own(tx: Transaction) -> list[Researcher]:
    """The team without those who join from elsewhere: a run's end waits for these alone."""
    return [researcher for researcher in team(tx) if not researcher.outside]


def roles(tx: Transaction) -> dict[str, Role]:
    """The role of every author by name, the lab included."""
    return {row.name: Role(row.role) for row in tx.execute(sa.select(table.c.name, table.c.role))}


def begin_again(tx: Transaction, name: str, *, submissions: int | None, model: str) -> None:
    """A researcher is started (again) with this budget and model: it waits until it is heard of."""
    tx.execute(
        table.update()
        .where(table.c.name == name)
        .values(submissions=submissions, model=model, state="waiting", reason=None, detail="", finished=None)
    )


def set_state(
    tx: Transaction, name: str, state: State, *, reason: EndReason | None = None, detail: str = ""
) -> None:
    """Move a researcher on; the first "working" sets `started`, the first "finished" or "stopped" after it `finished`.

    A process that is given up ("stopped") keeps the reason that it has given itself.
    """
    values: dict[str, object] = {"state": state}
    if state != "stopped" or reason is not None:
        values |= {"reason": None if reason is None else reason.value, "detail": detail}
    if state == "working":
        values["started"] = sa.func.coalesce(table.c.started, clock.now())
        values["finished"] = None
    if state in ("finished", "stopped"):
        values["finished"] = sa.func.coalesce(table.c.finished, clock.now())
    tx.execute(table.update().where(table.c.name == name).values(**values))


def pause(tx: Transaction, name: str) -> None:
    """A person wants no further turn of the researcher for now."""
    tx.execute(
        table.update().where(table.c.name == name, table.c.paused.is_(None)).values(paused=clock.now())
    )


def go_on(tx: Transaction, name: str) -> None:
    """It may go on; one that had finished or was stopped waits to be started again."""
    tx.execute(table.update().where(table.c.name == name).values(paused=None))
    ended = (table.c.name == name, table.c.state.in_(("finished", "stopped")))
    tx.execute(table.update().where(*ended).values(state="waiting", reason=None, detail="", finished=None))


def note_work(tx: Transaction, name: str, *, worked: float, since: float | None) -> None:
    """Store the seconds that a researcher has worked, and since when it works by the run's clock."""
    tx.execute(table.update().where(table.c.name == name).values(worked=worked, works_since=since))


def set_failures(tx: Transaction, name: str, failures: int, *, waits_until: float | None) -> None:
    """Store a researcher's number of failed methods in a row, and the end of its cool-down."""
    tx.execute(table.update().where(table.c.name == name).values(failures=failures, waits_until=waits_until))


def forget_failures(tx: Transaction, name: str) -> None:
    """A method of the researcher worked: it waits no longer, and its failures count from 0 again."""
    tx.execute(_FORGET, {"whose": name})


def _researcher(row: sa.Row[tuple[object, ...]]) -> Researcher:
    values = dict(row._mapping)
    reason = None if values["reason"] is None else EndReason(str(values["reason"]))
    typed = {"role": Role(str(values["role"])), "reason": reason, "forum": bool(values["forum"])}
    return Researcher(**{**values, **typed})
