"""The names that a submission may log: those that stand in its source, so that a name cannot carry what was seen."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from w2s.bounds import LOGGED_NAME_CHARS, LOGGED_NAMES


def log_names(code: Mapping[str, str]) -> tuple[str, ...]:
    """The first 32 names that stand in the source as `something.log(name=...)`.

    >>> log_names({"method.py": "bench.log(loss=1.0, **extra)"})
    ('loss',)
    """
    names: dict[str, None] = {}
    for file in sorted(code):
        try:
            tree = ast.parse(code[file])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it will not run either
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "log"
            ):
                names.update((keyword.arg, None) for keyword in node.keywords if keyword.arg)
    return tuple(name for name in names if len(name) <= LOGGED_NAME_CHARS)[:LOGGED_NAMES]
