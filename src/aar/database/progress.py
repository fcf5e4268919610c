"""What each researcher is doing, for the live display: the lab's words, never a score."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import progress as table


@dataclass(frozen=True)
class Progress:
    """One line of what a researcher did, at a time."""

    researcher: str
    text: str
    at: float


def add(tx: Transaction, researcher: str, text: str) -> None:
    """Note what a researcher is doing now."""
    tx.execute(table.insert().values(researcher=researcher, text=text, at=clock.now()))


def latest(tx: Transaction) -> dict[str, Progress]:
    """The last line of every researcher that has one."""
    last = sa.select(sa.func.max(table.c.id)).group_by(table.c.researcher)
    rows = tx.execute(sa.select(table.c.researcher, table.c.text, table.c.at).where(table.c.id.in_(last)))
    return {row.researcher: Progress(**row._mapping) for row in rows}


def all(tx: Transaction, *, researcher: str | None = None) -> list[Progress]:
    """Every line in order, of one researcher or of all."""
    query = sa.select(table.c.researcher, table.c.text, table.c.at).order_by(table.c.id)
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    return [Progress(**row._mapping) for row in tx.execute(query)]
