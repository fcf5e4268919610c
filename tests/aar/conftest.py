"""Every statement that a test of the lab executes is one that PostgreSQL would take too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def portable_statements() -> Iterator[None]:
    """Compile each statement for PostgreSQL, once, as it is executed; no server is needed."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql

    dialect = postgresql.dialect()
    compiled: set[Any] = set()

    def compile_too(connection: sa.Connection, statement: Any, *_: Any) -> None:
        if not isinstance(statement, sa.sql.ClauseElement):
            return
        key = statement._generate_cache_key()
        kind = None if key is None else key.key
        if kind is None or kind not in compiled:
            compiled.add(kind)
            statement.compile(dialect=dialect)

    sa.event.listen(sa.Engine, "before_execute", compile_too)
    yield
    sa.event.remove(sa.Engine, "before_execute", compile_too)
