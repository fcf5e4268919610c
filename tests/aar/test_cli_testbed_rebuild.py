"""`aar testbed rebuild` says whether the bytes are those that ship."""

import json

from typer.testing import CliRunner

import aar.cli.testbed_rebuild  # noqa: F401  (registers the command)
from aar.cli import app
from w2s.errors import NotFound
from w2s.testbeds.mini import pretrain
from w2s.testbeds.mini.splits import WORLDS


def test_a_trial_of_two_steps_is_not_what_ships_and_is_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        app, ["testbed", "rebuild", "mini-chat", "--steps", "2", "--jobs", "2", "--json"]
    )
    assert done.exit_code == 0, done.output
    built = json.loads(done.stdout.splitlines()[-1])["rebuilt"]
    assert {(one["world"], one["role"]) for one in built} == {
        (world, role) for world in WORLDS for role in ("weak", "strong")
    }
    assert not any(one["same"] for one in built)
    weak = next(one for one in built if (one["world"], one["role"]) == ("north", "weak"))
    assert weak["sha256"] == pretrain.rebuild(tmp_path / "again", "mini-chat", "north", "weak", steps=2)


def test_an_unknown_testbed_is_named_before_anything_is_built(tmp_path):
    done = CliRunner().invoke(app, ["testbed", "rebuild", "mini-chess", "--out", str(tmp_path / "out")])
    assert isinstance(done.exception, NotFound)
    assert not (tmp_path / "out").exists()


def test_one_world_can_be_rebuilt_alone(tmp_path):
    arguments = ["--world", "coast", "--steps", "2", "--out", str(tmp_path), "--json"]
    done = CliRunner().invoke(app, ["testbed", "rebuild", "mini-code", *arguments])
    assert done.exit_code == 0, done.output
    built = json.loads(done.stdout.splitlines()[-1])["rebuilt"]
    assert {(one["world"], one["role"]) for one in built} == {("coast", "weak"), ("coast", "strong")}


def test_an_unknown_world_is_named_before_anything_is_built(tmp_path):
    done = CliRunner().invoke(
        app, ["testbed", "rebuild", "mini-code", "--world", "cost", "--out", str(tmp_path / "out")]
    )
    assert isinstance(done.exception, NotFound)
    assert "coast" in str(done.exception)
    assert not (tmp_path / "out").exists()
