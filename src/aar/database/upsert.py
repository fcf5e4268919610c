"""A row is written whether it is there or not, in two portable statements.

Covered: every database whose backend serialises writers (`aar.database.backend`), so that nobody comes between the two.
Not covered: a row that is written outside a transaction of `Database.write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from aar.database.connection import Transaction


def put(tx: Transaction, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Set `values` of the row with this key, and add the row where there is none."""
    if not tx.execute(table.update().where(*_is(table, key)).values(**values)).rowcount:
        tx.execute(table.insert().values(**key, **values))


def add(tx: Transaction, table: sa.Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Add the row unless one with this key is there; whether it was added."""
    if tx.execute(sa.select(sa.literal(1)).where(*_is(table, key))).first() is not None:
        return False
    tx.execute(table.insert().values(**key, **values))
    return True


def _is(table: sa.Table, key: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in key.items()]
