"""Facts about the whole lab, by name: testbed, seed, settings, the scorer's public state."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import meta as table
from aar.errors import NoLab


def put(tx: Transaction, key: str, value: Any) -> None:
    """Set `key` to a JSON value, whatever it was before."""
    upsert.put(tx, table, {"key": key}, {"value": value})


def get(tx: Transaction, key: str) -> Any:
    """The value of `key`; `NoLab` where it was never set (the lab is not prepared)."""
    row = tx.execute(sa.select(table.c.value).where(table.c.key == key)).one_or_none()
    if row is None:
        raise NoLab(f"the database has no {key!r}: this lab was never prepared; start a new run")
    return row.value


def find(tx: Transaction, key: str, default: Any) -> Any:
    """The value of `key`, or `default` where it was never set."""
    row = tx.execute(sa.select(table.c.value).where(table.c.key == key)).one_or_none()
    return default if row is None else row.value
