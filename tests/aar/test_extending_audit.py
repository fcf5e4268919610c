"""`docs/extending.md`, "An audit": what the page says to write is all there is to write."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import aar

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SECTION = re.split(r"^## ", PAGE.partition("\n## An audit\n")[2], flags=re.MULTILINE)[0]
SOURCES = (
    "src/aar/students/interventions.py",
    "src/aar/scoring/audits/inverted.py",
    "src/aar/scoring/audits/__init__.py",
)
TEST = "tests/aar/test_scoring_audits_inverted.py"


def written(place: str) -> str:
    """The code that the page shows for the file `place`."""
    block = re.search(rf"`{re.escape(place)}`.*?```\w+\n(.*?)```", SECTION, re.DOTALL)
    assert block is not None, place
    return block[1]


def insert(file: Path, text: str, *, after: str) -> None:
    before = file.read_text()
    assert before.count(after) == 1, f"{after!r} is not where the page says"
    file.write_text(before.replace(after, after + text))


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the page's audit in it, and the page's test beside it."""
    place = tmp_path_factory.mktemp("extended")
    package = place / "aar"
    shutil.copytree(Path(aar.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    last, new, _ = written(SOURCES[0]).splitlines(keepends=True)
    insert(package / "students" / "interventions.py", new, after=last)
    (package / "scoring" / "audits" / "inverted.py").write_text(written(SOURCES[1]))
    registry = package / "scoring" / "audits" / "__init__.py"
    imported, listed = written(SOURCES[2]).splitlines(keepends=True)
    insert(registry, imported, after="from aar.scoring.audits.teacher import track_of\n")
    insert(registry, listed, after="    presentation.AUDIT,\n")
    shutil.copy(ROOT / "tests" / "aar" / "synthetic_lab.py", place)
    (place / Path(TEST).name).write_text(written(TEST))
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


def test_the_new_audit_passes_its_test(extended: Path) -> None:
    done = python(extended, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=.", Path(TEST).name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_new_audit_is_clean_to_ruff(extended: Path) -> None:
    """The new file as it is printed, and the two others after the command that the page names."""
    new, *others = (place.removeprefix("src/") for place in (SOURCES[1], SOURCES[0], SOURCES[2]))
    assert "`ruff check --fix && ruff format`" in SECTION
    config = ("--config", str(ROOT / "pyproject.toml"))
    for arguments in (
        ("check", *config, new),
        ("check", "--fix", *config, *others),
        ("format", *config, *others),
        ("check", *config, new, *others),
    ):
        done = python(extended, "-m", "ruff", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def test_an_audit_with_an_intervention_of_its_own_touches_three_source_files() -> None:
    assert set(re.findall(r"`(src/[^`]+\.py)`", SECTION)) - {"src/aar/scoring/audits/rules.py"} == set(
        SOURCES
    )
