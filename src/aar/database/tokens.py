"""Tokens by which people, and researchers that are no processes of the run, are known at the lab's door.

A token is `aar-ID-SECRET`. Only the hash of the whole is stored: 256 random bits need no slow hash. It ends when it is
revoked or expires, and holds over restarts.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.researchers import hash_token
from aar.database.schema import tokens as table
from w2s.errors import NotFound

PREFIX = "aar-"
USED_SECONDS = 60.0
"""A use is noted at most as often."""


class Access(StrEnum):
    """What a token opens."""

    RESEARCHER = "researcher"
    """Research, as a researcher of the study."""
    PERSON = "person"
    """See everything that people see, write on the forum, steer researchers."""
    VIEWER = "viewer"
    """See everything that people see."""
    OPERATOR = "operator"
    """Everything that a person may, and the launcher's routes; made at each start, stored nowhere."""


@dataclass(frozen=True)
class TokenRow:
    """One token; `holder` is its holder's name, times are in seconds since 1970."""

    id: str
    holder: str
    access: Access
    created: float
    expires: float | None
    revoked: float | None
    used: float | None

    def holds(self, at: float) -> bool:
        """True if it opens anything at a time."""
        return self.revoked is None and (self.expires is None or at < self.expires)


def add(tx: Transaction, holder: str, access: Access, *, expires: float | None) -> tuple[str, TokenRow]:
    """A new token; its text, which is told this once, and its row."""
    id = secrets.token_hex(4)
    text = f"{PREFIX}{id}-{secrets.token_urlsafe(32)}"
    row = TokenRow(id, holder, access, clock.now(), expires, revoked=None, used=None)
    tx.execute(table.insert().values(**{**vars(row), "access": access.value, "hash": hash_token(text)}))
    return text, row


def find(tx: Transaction, text: str) -> TokenRow | None:
    """The token with this text if it holds now, or None."""
    row = tx.execute(_columns().where(table.c.hash == hash_token(text))).one_or_none()
    known = None if row is None else _token(row)
    return known if known is not None and known.holds(clock.now()) else None


def all(tx: Transaction) -> list[TokenRow]:
    """Every token in the order in which they were made."""
    return [_token(row) for row in tx.execute(_columns().order_by(table.c.created, table.c.id))]


def note_use(tx: Transaction, id: str) -> None:
    """It was used now."""
    tx.execute(table.update().where(table.c.id == id).values(used=clock.now()))


def revoke(tx: Transaction, id: str) -> TokenRow:
    """End a token; `NotFound` with the nearest ids. One that was revoked keeps its time."""
    tx.execute(table.update().where(table.c.id == id, table.c.revoked.is_(None)).values(revoked=clock.now()))
    row = tx.execute(_columns().where(table.c.id == id)).one_or_none()
    if row is None:
        raise NotFound.among("token", id, tx.scalars(sa.select(table.c.id)))
    return _token(row)


def _columns() -> sa.Select[tuple[object, ...]]:
    return sa.select(*(column for column in table.c if column.name != "hash"))


def _token(row: sa.Row[tuple[object, ...]]) -> TokenRow:
    values = dict(row._mapping)
    return TokenRow(**{**values, "access": Access(str(values["access"]))})
