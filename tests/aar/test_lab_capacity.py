"""The engine says how many runs it takes; the lab never hands over more, and notices when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from queue_lab import PretendedEngine, open_lab, queue, work

from aar.database import waiting
from aar.engines import Job, Outcome
from aar.lab import capacity, slots
from aar.lab.intake import Lab

RUNS = 12
LOOKS = 20
PATIENCE_SECONDS = 60.0
LONGER_SECONDS = 0.5
"""How long jobs go on once there are as many as expected: time for one too many to come."""


@dataclass
class Stages(PretendedEngine):
    """Has each of the capacities in turn; jobs end once as many are under way, and then it has the next capacity."""

    capacities: Sequence[int] = ()
    most: list[int] = field(default_factory=list)
    now: int = 0
    _full: asyncio.Event | None = None

    async def run(self, job: Job) -> Outcome:
        self._full = self._full or asyncio.Event()
        self.now += 1
        stage, event = len(self.most), self._full
        if stage < len(self.capacities) and self.now == self.capacities[stage]:
            await asyncio.sleep(LONGER_SECONDS)
            self.most.append(self.now)
            self._full = None
            self.capacity = self.capacities[min(stage + 1, len(self.capacities) - 1)]
            event.set()
        elif stage < len(self.capacities):
            await asyncio.wait_for(event.wait(), PATIENCE_SECONDS)
        try:
            return await super().run(job)
        finally:
            self.now -= 1


def full(path: Path) -> Lab:
    lab = open_lab(path, "r1")
    queue(lab, "r1", RUNS)
    return lab


def ended(lab: Lab) -> int:
    with lab.database.read() as tx:
        return waiting.counts(tx).get("done", 0)


@pytest.mark.parametrize(("trainers", "places"), [(1, 5), (4, 1), (2, 2)])
def test_as_many_runs_are_under_way_as_the_engine_takes_however_many_slots_there_are(
    tmp_path: Path, trainers: int, places: int
) -> None:
    lab, engine = full(tmp_path), Stages(capacity=places, capacities=[places])
    work(lab, engine, slots=trainers)
    assert ended(lab) == RUNS
    assert engine.most == [places]
    with lab.database.read() as tx:
        assert capacity.of(tx, slots=trainers) == places


def test_an_engine_that_grows_and_shrinks_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "CAPACITY_SECONDS", 0.05)
    lab, engine = full(tmp_path), Stages(capacity=1, capacities=[1, 4, 2])
    work(lab, engine, slots=1)
    assert ended(lab) == RUNS
    assert engine.most == [1, 4, 2]
    with lab.database.read() as tx:
        assert capacity.of(tx, slots=1) == 2


def test_an_engine_without_room_is_given_nothing_until_it_has_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "CAPACITY_SECONDS", 0.05)
    lab, engine = full(tmp_path), PretendedEngine(capacity=0)
    looks: list[int] = []

    def done() -> bool:
        looks.append(len(engine.started))
        engine.capacity = 0 if len(looks) < LOOKS else 2
        return ended(lab) == RUNS

    work(lab, engine, until=done)
    assert looks[:LOOKS] == [0] * LOOKS
    assert ended(lab) == RUNS
