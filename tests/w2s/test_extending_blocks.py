"""`docs/extending.md`, "A building block": what the page says to write is all there is to write."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import w2s
from w2s import blocks

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTION = re.split(r"^## ", PAGE.partition("\n## A building block\n")[2], flags=re.MULTILINE)[0]


def written(place: str) -> str:
    """The code that the page shows for the file `place`."""
    return re.search(rf"`{re.escape(place)}`.*?```\w+\n(.*?)```", SECTION, re.DOTALL)[1]


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A copy of the package with the page's block in it, and the page's tests beside it."""
    place = tmp_path_factory.mktemp("extended")
    package = place / "w2s"
    shutil.copytree(
        Path(w2s.__file__).parent, package, ignore=shutil.ignore_patterns("testbeds", "__pycache__")
    )
    (package / "blocks" / "votes.py").write_text(written("src/w2s/blocks/votes.py"))
    listed = package / "blocks" / "__init__.py"
    last = f"    from w2s.blocks import {blocks.names()[-1]} as {blocks.names()[-1]}\n"
    assert last in listed.read_text()
    listed.write_text(listed.read_text().replace(last, last + written("src/w2s/blocks/__init__.py")))
    shutil.copy(ROOT / "tests" / "w2s" / "test_blocks.py", place)
    (place / "test_votes.py").write_text(written("tests/w2s/test_votes.py"))
    return place


def python(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_new_block_passes_its_tests_and_those_of_all_blocks(extended: Path) -> None:
    files = ["test_votes.py", "test_blocks.py", "w2s/blocks/votes.py"]
    done = python(
        extended, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=.", "--doctest-modules", *files
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_new_block_is_clean_to_ruff(extended: Path) -> None:
    done = python(
        extended, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), "w2s/blocks/votes.py"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_method_process_imports_the_new_block_in_advance(extended: Path) -> None:
    done = python(extended, "-c", "from aar.engines.methods import OFTEN; print('w2s.blocks.votes' in OFTEN)")
    assert done.stdout.strip() == "True", done.stderr


def test_the_line_for_researchers_names_the_block() -> None:
    assert written("src/aar/researchers/brief/blocks.md").startswith("- `w2s.votes`: ")
