"""The suites test what is installed: a package of the page on extending takes the place of none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from extending_page import points, shown
from installed import install

from aar.engines import ENGINES

SUITE = Path(__file__).parent / "test_engine.py"
EDITABLE = """
import importlib.util
import sys


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "aar_polite":
            return importlib.util.spec_from_file_location(name, {place!r})


sys.meta_path.append(Finder)
"""
"""As setuptools writes it: an editable package is found after everything that lies on the path."""


def run_suite(path: Path, *arguments: str) -> str:
    """The last lines of the engine suite, where it is asked its cheapest question."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(SUITE), "-k", "says_how_many and not local", *arguments],
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("arguments", [(), ("--engine", "polite")], ids=["polite too", "polite alone"])
def test_an_editable_package_that_breaks_fails_its_suite(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    site = install(tmp_path / "site", "aar_polite", "", points=points("aar-polite"))
    (site / "aar_polite.py").unlink()
    edited = tmp_path / "aar_polite.py"
    edited.write_text(shown("aar-polite/aar_polite.py").replace("self._running = 0", "raise ValueError"))
    (site / "sitecustomize.py").write_text(EDITABLE.format(place=str(edited)))
    assert "ValueError" in run_suite(site, *arguments)


def test_an_engine_that_is_not_there_is_refused_with_what_is_installed(tmp_path: Path) -> None:
    names = ", ".join(ENGINES.names())
    assert f"no engine 'nosuch'; installed: {names} (entry points" in run_suite(
        tmp_path, "--engine", "nosuch"
    )
