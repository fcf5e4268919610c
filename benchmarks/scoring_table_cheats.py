"""Runs the tests of `tests/cheats/` that are not known yet, and keeps what each says of its cheat."""

from __future__ import annotations

import ast
import os
import time
from typing import Any

import pytest
from scoring_table_rows import CHEATING, CHEATS, REPOSITORY, Rows, key, version


class _Collector:
    """Leaves out what is known; writes a row as soon as a test has ended."""

    def __init__(self, rows: Rows, until: float) -> None:
        self._rows, self._until, self._known = rows, until, rows.known("cheats")
        self._version = version(CHEATING)

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Only what is to do, in the order in which it stands."""
        items[:] = [item for item in items if self._key(item.nodeid) not in self._known]

    def pytest_runtest_setup(self, item: Any) -> None:
        """Nothing new once the time is over."""
        if time.monotonic() > self._until:
            pytest.exit("the time is over; the same command goes on from here")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """One line a test that says something of a cheat, or that failed."""
        if report.when != "call" or report.skipped:
            return
        said = [value for name, value in report.user_properties if name == "cheat"]
        for cells in said or [{"cheat": ""}]:
            name = f"{report.nodeid} {cells['cheat']}".strip()
            row = {
                "part": "cheats",
                "key": self._key(report.nodeid),
                "version": self._version[:8],
                "name": name,
            }
            self._rows.add({**row, "outcome": report.outcome, **cells, "who": who(cells["cheat"])})

    def _key(self, node: str) -> str:
        return key(node.rpartition("tests/")[2], self._version)


def run_cheats(rows: Rows, *, until: float) -> None:
    """Everything that is not known of this version."""
    os.chdir(REPOSITORY)
    pytest.main([str(CHEATS), "--slow", "-q", "-p", "no:cacheprovider"], plugins=[_Collector(rows, until)])


def who(cheat: str) -> str:
    """The first line of a cheat's own file: who did it or would."""
    for path in (
        CHEATS / "audited" / f"{cheat}.py",
        CHEATS / "exploits" / f"{cheat}.py",
        CHEATS / f"test_{cheat}.py",
    ):
        if cheat and path.is_file():
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            return " ".join(text.split("\n\n")[0].split())
    return ""
