"""What keeps dying is started again with growing pauses, then given up; what lived long starts counting anew."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aar.launch import children
from aar.launch.children import MOST_STARTS, Child


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
    assert pauses(dying(tmp_path), clock) == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_one_that_lived_long_counts_anew(tmp_path: Path, clock: Clock) -> None:
    child = dying(tmp_path)
    assert len(pauses(child, clock)) == MOST_STARTS - 1
    assert not child.may_restart()
    clock.now += children.SETTLED_SECONDS + 1
    assert child.may_restart()
    child.start()
    assert child.starts == 1
