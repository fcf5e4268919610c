"""What keeps dying is started again with growing pauses, then given up; it is a rate that counts, not a life."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from aar.folder import LabFolder
from aar.launch import children
from aar.launch.children import Child, plain
from aar.launch.operator_client import OperatorClient
from aar.launch.restarts import MOST_DEATHS, WINDOW_SECONDS
from aar.launch.team import Team
from aar.researchers.exits import ExitCode


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(children, "time", found)
    return found


class Heard:
    """A display that keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None: ...
    def update(self, status: object) -> None: ...
    def tick(self) -> None: ...
    def say(self, line: str) -> None:
        self.lines.append(line)


def dying(tmp_path: Path) -> Child:
    def start(output: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["false"])
        process.wait()
        return process

    return Child("r1", start, tmp_path / "log")


def pauses(child: Child, clock: Clock) -> list[float]:
    """How long each restart was put off, until it is given up."""
    found = []
    child.start()
    while child.may_restart():
        began = clock.now
        while not child.start_later():
            clock.now += 0.25
        found.append(clock.now - began)
        child.start()
    return found


def test_pauses_grow_and_end(tmp_path: Path, clock: Clock) -> None:
    began = clock.now
    assert pauses(dying(tmp_path), clock) == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert clock.now - began < 120, "one that dies at once is given up within minutes"


def test_a_hiccup_now_and_then_ends_nothing(tmp_path: Path, clock: Clock) -> None:
    child = dying(tmp_path)
    child.start()
    for _ in range(200):
        assert child.may_restart()
        while not child.start_later():
            clock.now += 0.25
        child.start()
        clock.now += WINDOW_SECONDS / (MOST_DEATHS - 2)
    assert child.starts == 201


def test_an_hour_later_it_may_be_started_again(tmp_path: Path, clock: Clock) -> None:
    child = dying(tmp_path)
    pauses(child, clock)
    assert not child.may_restart()
    clock.now += WINDOW_SECONDS
    assert child.may_restart()


def test_looking_often_counts_a_death_once(tmp_path: Path, clock: Clock) -> None:
    child = dying(tmp_path)
    child.start()
    assert all(child.may_restart() for _ in range(50))


def a_team(tmp_path: Path) -> tuple[Team, Heard, list[str]]:
    heard: list[str] = []

    def lab(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.path)
        return httpx.Response(200, json={})

    show = Heard()
    line = OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))
    return Team(LabFolder(tmp_path), show, line), show, heard


def test_one_that_a_start_cannot_help_is_given_up_at_once_and_named(tmp_path: Path) -> None:
    team, show, heard = a_team(tmp_path)
    code = f"import sys; print('refusals: I will not'); sys.exit({int(ExitCode.ENDED_FOR_GOOD)})"
    child = Child("r1", plain([sys.executable, "-c", code]), tmp_path / "r1.log")
    team.add_researcher(child)
    assert isinstance(child.process, subprocess.Popen)
    child.process.wait()
    team.look_after()
    team.look_after()
    assert child.starts == 1
    assert team.given_up == {"r1": "refusals: I will not"}
    assert team.everybody_given_up()
    assert heard == ["/v1/operator/researchers/r1/stopped"]
    (line,) = show.lines
    assert line.startswith("r1 ended for good and is not started again: refusals: I will not")


def test_a_start_that_fails_is_said_and_tried_again(tmp_path: Path, clock: Clock) -> None:
    team, show, _ = a_team(tmp_path)
    child = dying(tmp_path)
    team.add_researcher(child)
    works = child.start_it

    def full(output: object) -> subprocess.Popen[bytes]:
        raise OSError(28, "No space left on device")

    child.start_it = full
    team.look_after()
    clock.now += 1
    team.look_after()
    assert "No space left on device" in show.lines[-1]
    child.start_it = works
    for _ in range(3):
        clock.now += 2
        team.look_after()
    assert child.starts >= 2
