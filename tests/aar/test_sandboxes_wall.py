"""The folders of `aar.sandboxes` show which side of the wall a file runs on."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aar.sandboxes
from aar.sandboxes import inside

ROOT = Path(aar.sandboxes.__file__).parent
INSIDE = sorted(path.stem for path in Path(inside.__file__).parent.glob("*.py") if path.stem != "__init__")


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports anywhere, also inside functions and for its types alone."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", INSIDE)
def test_a_program_inside_the_wall_imports_the_standard_library_only(name: str) -> None:
    foreign = {
        module.partition(".")[0] for module in imported(inside.program(name))
    } - sys.stdlib_module_names
    assert foreign == set()


def test_no_two_files_of_the_sandboxes_need_each_other_not_even_for_types() -> None:
    files = {
        ".".join(path.relative_to(ROOT.parents[1]).with_suffix("").parts).removesuffix(".__init__"): path
        for path in ROOT.rglob("*.py")
    }
    del files["aar.sandboxes"]
    needs = {name: set(imported(path)) & files.keys() for name, path in files.items()}
    while free := {name for name, needed in needs.items() if not needed & needs.keys()}:
        needs = {name: needed for name, needed in needs.items() if name not in free}
    assert needs == {}, "these files form a circle"
