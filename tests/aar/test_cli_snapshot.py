"""`aar snapshot`: people list, read, compare and take along the code that was handed in, and clone all of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from fabricated_lab import STORY, fabricate
from typer.testing import CliRunner

from aar.cli import app, snapshot  # noqa: F401  (registers its commands)
from aar.errors import BadRequest
from aar.folder import LabFolder
from aar.settings import Settings
from w2s.errors import NotFound


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    run = tmp_path / "run"
    run.mkdir()
    LabFolder(run).describe({"testbed": "mini-chat", "settings": Settings().as_json()})
    return fabricate(run, monkeypatch)


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["snapshot", *arguments])


def shown(*arguments: str) -> str:
    result = ran(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_lineage_is_a_list_and_data(lab: Path) -> None:
    lines = shown("list", str(lab)).splitlines()
    assert len(lines) == 3 + len(STORY)
    assert lines[8] == "s9    verified by r2, builds on s5: EM posterior of weak labels and zero-shot"
    rows = {row["id"]: row for row in json.loads(shown("list", str(lab), "--json"))["snapshots"]}
    assert rows["s13"]["parents"] == ["s9", "s10"]
    assert rows["s9"]["status"] == "verified"


def test_code_is_shown_and_compared_with_what_it_builds_on(lab: Path) -> None:
    files = json.loads(shown("show", str(lab), "s9", "--json"))["files"]
    assert shown("show", str(lab), "s9").startswith("# method.py\n")
    assert files["method.py"].splitlines()[0] in shown("show", str(lab), "s9")
    changed = shown("diff", str(lab), "s9").splitlines()
    assert changed[:2] == ["--- s5/method.py", "+++ s9/method.py"]
    assert shown("diff", str(lab), "s9", "s13").startswith("--- s13/method.py")
    assert shown("diff", str(lab), "s9", "s9").strip() == "no difference"
    assert shown("diff", str(lab), "s1").startswith("--- nothing/method.py"), "it builds on nothing"


def test_code_is_taken_along_as_it_was_handed_in(lab: Path, tmp_path: Path) -> None:
    into = tmp_path / "mine" / "s9"
    assert f"aar score {into}" in shown("export", str(lab), "s9", str(into))
    files = json.loads(shown("show", str(lab), "s9", "--json"))["files"]
    assert {path.name: path.read_text() for path in into.iterdir()} == files
    assert isinstance(ran("export", str(lab), "s9", str(into)).exception, BadRequest)


def test_what_is_not_there_is_named(lab: Path) -> None:
    for arguments in (("show", str(lab), "s99"), ("diff", str(lab), "s1", "s99"), ("show", str(lab), "HEAD")):
        assert isinstance(ran(*arguments).exception, NotFound)
    (lab / "snapshots.git").rename(lab / "elsewhere.git")
    assert "no snapshots.git" in str(ran("show", str(lab), "s1").exception)
    assert not (lab / "snapshots.git").exists(), "reading makes nothing"


def test_git_clones_every_snapshot_with_its_lineage(lab: Path, tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    try:
        git("clone", "--quiet", str(lab / "snapshots.git"), str(tmp_path / "clone"))
    except FileNotFoundError:
        pytest.skip("needs git on the path")
    assert (tmp_path / "clone" / "method.py").is_file(), "the newest snapshot is checked out"
    branches = git("-C", str(tmp_path / "clone"), "branch", "--remotes", "--format=%(refname:short)").split()
    assert {"origin/r1", "origin/r2", "origin/r3", "origin/lab"} <= set(branches)
    commits = git("-C", str(tmp_path / "clone"), "log", "--all", "--format=%H").split()
    rows = json.loads(shown("list", str(lab), "--json"))["snapshots"]
    newest = {row["researcher"]: row["commit"] for row in rows}
    assert set(newest.values()) <= set(commits)
