"""Who takes part: each researcher with its direction, budget and a hash of its token."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import researchers as table
from w2s.errors import NotFound

State = Literal["waiting", "working", "finished", "stopped"]

LAB = "lab"
"""The author of what the lab itself submits (baselines); it has no token and no budget."""

_FORGET = (
    table.update()
    .where(table.c.name == sa.bindparam("whose"), table.c.failures > 0)
    .values(failures=0, waits_until=None)
)
OPERATOR, FRESH = "operator", "fresh"
"""Authors of what a person submits: to be measured against the record, or by itself against vanilla."""
OPERATORS = (OPERATOR, FRESH)


@dataclass(frozen=True)
class Researcher:
    """One researcher; `minutes` (nominal) and `submissions` are budgets, None without a bound.

    `failures` are the methods of its own that failed one after the other, up to now; while `waits_until` lies
    ahead nothing of it is started or taken in.
    """

    name: str
    direction: str
    model: str
    token_hash: str | None
    state: State
    minutes: float | None
    submissions: int | None
    forum: bool
    failures: int
    waits_until: float | None
    created: float
    started: float | None
    finished: float | None


def hash_token(token: str) -> str:
    """What is stored of a bearer token.

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
) -> Researcher:
    """Take a researcher in; a name that is known already keeps its row and gets the new token."""
    known = tx.execute(sa.select(table.c.name).where(table.c.name == name)).one_or_none()
    token_hash = None if token is None else hash_token(token)
    if known is None:
        tx.execute(
            table.insert().values(
                name=name,
                direction=direction,
                model=model,
                token_hash=token_hash,
                state="waiting",
                minutes=minutes,
                submissions=submissions,
                forum=int(forum),
                failures=0,
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
    """Whose bearer token this is, or None."""
    row = tx.execute(sa.select(table).where(table.c.token_hash == hash_token(token))).one_or_none()
    return None if row is None else _researcher(row)


def all(tx: Transaction) -> list[Researcher]:
    """Every researcher in the order they were taken in, the lab itself left out."""
    rows = tx.execute(sa.select(table).where(table.c.name != LAB).order_by(table.c.created, table.c.name))
    return [_researcher(row) for row in rows]


def begin_again(tx: Transaction, name: str, *, submissions: int | None) -> None:
    """A researcher is started (again) with this budget: it waits until it is heard of."""
    tx.execute(
        table.update()
        .where(table.c.name == name)
        .values(submissions=submissions, state="waiting", finished=None)
    )


def set_state(tx: Transaction, name: str, state: State) -> None:
    """Move a researcher on; the first "working" sets `started`, "finished" and "stopped" `finished`."""
    values: dict[str, object] = {"state": state}
    if state == "working":
        values["started"] = sa.func.coalesce(table.c.started, clock.now())
        values["finished"] = None
    if state in ("finished", "stopped"):
        values["finished"] = clock.now()
    tx.execute(table.update().where(table.c.name == name).values(**values))


def set_failures(tx: Transaction, name: str, failures: int, *, waits_until: float | None) -> None:
    """How many methods of a researcher have failed in a row, and until when it has to wait for that."""
    tx.execute(table.update().where(table.c.name == name).values(failures=failures, waits_until=waits_until))


def forget_failures(tx: Transaction, name: str) -> None:
    """A method of the researcher worked: it waits no longer, and its failures count from 0 again."""
    tx.execute(_FORGET, {"whose": name})


def _researcher(row: sa.Row[tuple[object, ...]]) -> Researcher:
    values = dict(row._mapping)
    return Researcher(**{**values, "forum": bool(values["forum"])})
