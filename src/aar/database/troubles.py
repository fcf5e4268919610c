"""Trouble of researchers with their models' providers: from the first failure until the provider answers again."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.progress import ProviderTrouble
from aar.database.schema import troubles as table


@dataclass(frozen=True)
class Trouble:
    """One outage, as one researcher has it.

    Attributes:
        researcher: Who has it.
        kind: What it is now.
        detail: What the provider said last, one line.
        permanent: Whether somebody has to act before it can end.
        since: Time of the first failure, in seconds since 1970.
        next_try: Time of the next request, in seconds since 1970.
        ended: Time when the provider answered again; None while it does not.
    """

    researcher: str
    kind: ProviderTrouble
    detail: str
    permanent: bool
    since: float
    next_try: float
    ended: float | None


def begin(
    tx: Transaction,
    researcher: str,
    kind: ProviderTrouble,
    *,
    detail: str,
    permanent: bool,
    next_try_seconds: float,
) -> None:
    """Note a failure; one after another without an answer between them is one trouble."""
    at = clock.now()
    values = {
        "kind": kind.value,
        "detail": detail,
        "permanent": permanent,
        "next_try": at + next_try_seconds,
    }
    if not tx.execute(table.update().where(*_now(researcher)).values(**values)).rowcount:
        tx.execute(table.insert().values(researcher=researcher, since=at, **values))


def end(tx: Transaction, researcher: str) -> None:
    """The provider has answered; nothing where there was no trouble."""
    tx.execute(table.update().where(*_now(researcher)).values(ended=clock.now()))


def present(tx: Transaction) -> dict[str, Trouble]:
    """Trouble that there is now, by researcher."""
    rows = tx.execute(sa.select(*_COLUMNS).where(table.c.ended.is_(None)))
    return {row.researcher: _trouble(row) for row in rows}


def all(tx: Transaction) -> list[Trouble]:
    """Every trouble in the order in which it began."""
    return [_trouble(row) for row in tx.execute(sa.select(*_COLUMNS).order_by(table.c.id))]


_COLUMNS = [column for column in table.c if column.name != "id"]


def _now(researcher: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (table.c.researcher == researcher, table.c.ended.is_(None))


def _trouble(row: sa.Row[tuple[object, ...]]) -> Trouble:
    values = dict(row._mapping)
    return Trouble(**{**values, "kind": ProviderTrouble(str(values["kind"]))})
