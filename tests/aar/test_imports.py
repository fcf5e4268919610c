"""No two modules need each other, neither in functions nor for their types alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from imports import imported


@pytest.mark.parametrize("package", ["w2s", "aar"])
def test_modules_form_no_circle(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    files = {
        ".".join([package, *path.relative_to(root).with_suffix("").parts]).removesuffix(".__init__"): path
        for path in root.rglob("*.py")
    }
    del files[package]  # every module imports the package that it lies in
    # each command adds itself to the application of `aar.cli`, which imports them all
    files = {name: path for name, path in files.items() if not name.startswith("aar.cli")}
    needs = {name: set(imported(path, modules=files)) & files.keys() - {name} for name, path in files.items()}
    while free := {name for name, needed in needs.items() if not needed & needs.keys()}:
        needs = {name: needed for name, needed in needs.items() if name not in free}
    assert needs == {}, "these modules form a circle, or need one"
