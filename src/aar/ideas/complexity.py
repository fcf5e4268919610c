"""How complex a method is, by its code: lines, and building blocks that it uses."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from aar.ideas.families import BLOCKS


@dataclass(frozen=True)
class Complexity:
    """Size of a method: `lines` that hold code (no comment, no docstring), and how many `blocks` it names."""

    lines: int
    blocks: int


def complexity(code: Mapping[str, str]) -> Complexity | None:
    """Complexity of a method's files together (name to text); None where one of them cannot be read.

    >>> complexity({"method.py": "import w2s\\n\\ndef run(bench):\\n    return w2s.ensembles.average([])  # none"})
    Complexity(lines=3, blocks=1)
    """
    lines, blocks = 0, set()
    for text in code.values():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None
        lines += len(_lines(tree))
        blocks |= {
            name
            for node in ast.walk(tree)
            if (name := node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")) in BLOCKS
        }
    return Complexity(lines, len(blocks))


def _lines(tree: ast.AST) -> set[int]:
    """Numbers of the lines on which an expression or a statement stands that is no bare text."""
    found: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            continue
        if isinstance(node, ast.stmt | ast.expr) and node.end_lineno is not None:
            found |= {node.lineno, node.end_lineno}
        waiting += ast.iter_child_nodes(node)
    return found
