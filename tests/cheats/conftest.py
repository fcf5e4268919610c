"""What each cheat got with its prevention taken away, and what it gets with it, goes into a table.

`benchmarks/scoring_table.py` collects it for docs/tables/scoring.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Put = Callable[..., None]


@pytest.fixture
def table(record_property: Callable[[str, object], None]) -> Put:
    """`table(cheat, without="...")` or `table(cheat, ended="...", by="...", figure="...")`."""

    def put(cheat: str, **cells: str) -> None:
        record_property("cheat", {"cheat": cheat, **cells})

    return put
