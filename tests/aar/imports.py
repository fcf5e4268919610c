"""What a source file imports, read without running it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from pathlib import Path


def imported(file: Path, *, modules: Container[str] = ()) -> Iterator[str]:
    """Every module that a file imports anywhere, also inside functions and for its types alone.

    `from package import name` is an import of `package.name` where that is one of `modules`.
    """
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules else node.module or "."
