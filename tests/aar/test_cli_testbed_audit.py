"""`aar testbed audit`: a report that is printed and stored, and one clear line for wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import aar, one_line
from typer.testing import CliRunner


@pytest.fixture
def quick(monkeypatch):
    """The command in this process with two probes, on a mini testbed."""
    from aar.cli import app, testbed_audit  # noqa: F401
    from w2s.testbeds import hackability

    probes = [p for p in hackability.PROBES if p.name in ("longest answer", "lengths")]
    whole = hackability.audit
    monkeypatch.setattr(hackability, "audit", lambda *a, **k: whole(*a, **k, probes=probes))
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *arguments: CliRunner().invoke(app, ["testbed", "audit", *arguments])


def test_an_audit_is_printed_and_stored(quick, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = quick(
        "mini-chat", "--world", "north", "--world", "south", "--floor", "0.59", "--ceiling", "0.91"
    )
    assert result.exit_code == 0, result.output
    assert "longest answer" in result.stdout
    assert "best shortcut without a model" in result.stdout
    assert max(map(len, result.stdout.split("\n\n")[0].splitlines())) <= 80
    stored = json.loads((tmp_path / "hackability" / "mini-chat.json").read_text())
    assert stored["gaps"]["dev north"] == {"floor": 0.59, "ceiling": 0.91}
    page = (tmp_path / "hackability" / "mini-chat.md").read_text()
    assert page.startswith("# Hackability of mini-chat")


def test_json_is_one_object_on_the_last_line_and_another_seed_draws_other_items(quick, tmp_path) -> None:
    out = tmp_path / "a" / "b.json"
    asked = ("mini-chat", "--world", "north", "--json", "--out", str(out))
    first, again, other = quick(*asked), quick(*asked), quick(*asked, "--seed", "other words")
    found = [json.loads(result.stdout.splitlines()[-1]) for result in (first, again, other)]
    assert found[0] == found[1]
    assert found[0]["findings"] != found[2]["findings"]
    assert found[2] == json.loads(out.read_text())


def test_wrong_input_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def line(*arguments: str) -> str:
        return one_line(aar("testbed", "audit", *arguments, cwd=tmp_path))

    assert "did you mean mini-chat" in line("mini-chta")
    assert "--ceiling" in line("mini-chat", "--floor", "0.6")
    assert "not above floor" in line("mini-chat", "--floor", "0.9", "--ceiling", "0.6")
    assert ".json" in line("mini-chat", "--out", "report.txt")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_one_line(quick, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = quick("mini-chat", "--world", "north", "--out", str(tmp_path / "file" / "report.json"))
    assert "cannot write" in str(result.exception)
