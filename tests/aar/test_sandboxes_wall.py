"""The folders of `aar.sandboxes` show which side of the wall a file runs on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from imports import imported

from aar.sandboxes import inside

INSIDE = sorted(path.stem for path in Path(inside.__file__).parent.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", INSIDE)
def test_a_program_inside_the_wall_imports_the_standard_library_only(name: str) -> None:
    foreign = {
        module.partition(".")[0] for module in imported(inside.program(name))
    } - sys.stdlib_module_names
    assert foreign == set()
