"""Runs the tests of `tests/cheats/` that are not known yet, and keeps what each says of its cheat."""

from __future__ import annotations

import ast
import os
import time
from pathlib import Path
from typing import Any

import pytest
from scoring_table_rows import CHEATING, CHEATS, REPOSITORY, Rows, bare, key, version


class _Collector:
    """Leaves out what is known; writes a row as soon as a test has ended."""

    def __init__(self, rows: Rows, until: float) -> None:
        self._rows, self._until, self._known = rows, until, rows.known("cheats")

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        """Only what is to do, in the order in which it stands."""
        items[:] = [item for item in items if key_of(item.nodeid) not in self._known]

    def pytest_runtest_setup(self, item: Any) -> None:
        """Nothing new once the time is over."""
        if time.monotonic() > self._until:
            pytest.exit("the time is over; the same command goes on from here")

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A line for each cheat that a test speaks of, one without a cheat if it speaks of none."""
        if report.when != "call" or report.skipped:
            return
        said: dict[str, dict[str, str]] = {}
        for name, cells in report.user_properties:
            if name == "cheat":
                said.setdefault(cells["cheat"], {}).update(cells)
        for cheat, cells in (said or {"": {"cheat": ""}}).items():
            name = f"{report.nodeid} {cheat}".strip()
            row = {
                "part": "cheats",
                "key": key_of(report.nodeid),
                "version": version(CHEATING)[:8],
                "name": name,
            }
            self._rows.add({**row, "outcome": report.outcome, **cells, "who": who(cheat)})


def key_of(node: str) -> str:
    """What a test rests on: all that ships, its own module, what the modules share, the cheat that it is about."""
    place, _, test = node.rpartition("tests/cheats/")[2].partition("::")
    shared = [path for path in sorted(CHEATS.glob("*.py")) if not path.name.startswith("test_")]
    about = test.partition("[")[2].rstrip("]")
    files = [CHEATS / place, *shared, *_own(about)]
    return key(
        f"{place}::{test}", version(CHEATING), [bare(path.read_text(encoding="utf-8")) for path in files]
    )


def run_cheats(rows: Rows, *, until: float) -> None:
    """Everything that is not known of this version."""
    os.chdir(REPOSITORY)
    pytest.main([str(CHEATS), "--slow", "-q", "-p", "no:cacheprovider"], plugins=[_Collector(rows, until)])


def who(cheat: str) -> str:
    """The first line of a cheat's own file: who did it or would."""
    for path in _own(cheat):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        return " ".join(text.split("\n\n")[0].split())
    return ""


def _own(cheat: str) -> list[Path]:
    """The file of a cheat."""
    names = (f"audited/{cheat}.py", f"exploits/{cheat}.py", f"test_{cheat}.py")
    return [CHEATS / name for name in names if cheat and (CHEATS / name).is_file()]
