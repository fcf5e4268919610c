"""Messages of the person who runs the lab to researchers, each until it is read."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import messages as table


@dataclass(frozen=True)
class Message:
    """A message; `read` is when its researcher had it, in seconds since 1970, None before."""

    id: int
    researcher: str
    text: str
    at: float
    read: float | None


def add(tx: Transaction, researcher: str, text: str) -> None:
    """Leave a message for a researcher."""
    tx.execute(table.insert().values(researcher=researcher, text=text, at=clock.now()))


def unread(tx: Transaction, researcher: str) -> list[Message]:
    """What a researcher has not read yet, oldest first."""
    rows = (
        sa.select(table).where(table.c.read.is_(None), table.c.researcher == researcher).order_by(table.c.id)
    )
    return [Message(**row._mapping) for row in tx.execute(rows)]


def note_read(tx: Transaction, researcher: str, *, up_to: int) -> None:
    """A researcher has had its messages up to this id."""
    mine = (table.c.researcher == researcher, table.c.id <= up_to, table.c.read.is_(None))
    tx.execute(table.update().where(*mine).values(read=clock.now()))
