"""What was measured, a JSON line each, found under the hash of what it was measured with."""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = REPOSITORY / "src"
RUNS = tuple(SOURCES / place for place in ("aar/students", "w2s/models"))
"""Code on which it rests what a run of a method gives, besides the method's own."""
SCORES = (SOURCES / "aar" / "scoring", SOURCES / "w2s" / "metrics", *RUNS)
"""Code on which a verdict rests."""
CHEATS = REPOSITORY / "tests" / "cheats"
CHEATING = (SOURCES,)
"""Code on which it rests how a cheat ends, besides its own."""
Row = dict[str, Any]


class Rows:
    """The file of results; a later line of the same part, testbed, lab and name replaces an earlier one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._rows: list[Row] = [json.loads(line) for line in lines if line.endswith("}")]

    def add(self, row: Row) -> None:
        """Append a row, whole lines only."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        cut = "\n" if text and not text.endswith("\n") else ""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(cut + json.dumps(row) + "\n")
        self._rows.append(row)

    def known(self, part: str) -> set[str]:
        """Keys of what is there."""
        return {row["key"] for row in self._rows if row["part"] == part}

    def latest(self, part: str) -> Iterator[Row]:
        """The last row of each testbed, lab and name, in the order in which they came."""
        found: dict[tuple[str, int, str], Row] = {}
        for row in self._rows:
            if row["part"] == part:
                found[row.get("testbed", ""), row.get("lab", 1), row["name"]] = row
        yield from found.values()


def key(*parts: object) -> str:
    """Sixteen digits that differ where any part does.

    >>> key("a", 1) == key("a", 1), key("a", 1) == key("a", 2)
    (True, False)
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


@cache
def version(folders: tuple[Path, ...]) -> str:
    """Hash of the Python below `folders`, without comments and docstrings."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.name.encode() + bare(path.read_text(encoding="utf-8")).encode())
    return digest.hexdigest()


def bare(source: str) -> str:
    """What of a source counts.

    >>> bare("'''A claim.'''\\nx = 1  # why") == bare("x = 1")
    True
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [one for one in node.body if not _is_text(one)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
