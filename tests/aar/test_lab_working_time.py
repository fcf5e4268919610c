"""The hours that a researcher may work: what counts, what outlives whom, and what happens when they are over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aar import database
from aar.api.app import create_app
from aar.api.serve import Start, _enrol, _tick
from aar.database import clock, meta, researchers
from aar.errors import OverBudget
from aar.folder import LabFolder
from aar.lab import working_time
from aar.lab.budgets import last_seconds, research_seconds
from aar.lab.calls import open_call
from aar.lab.conductor import _used_up
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.status import status
from aar.lab.steering import Steer, steer
from aar.lab.study_end import note_ending
from aar.prices import Tokens
from aar.reports.ending import Ending
from aar.settings import Settings

MODEL = "anthropic/claude-opus-4-5"
METHOD = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}
HOUR = 3600.0


class Clocked(Lab):
    """A lab whose clock a test sets."""

    at = 0.0

    def elapsed(self) -> float:
        return self.at


def a_lab(path: Path, **changes: Any) -> Clocked:
    folder = LabFolder(path)
    settings = Settings(**{"researchers": 2, "hours_each": 1.0, "baselines": (), **changes})
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
        for name in ("r1", "r2"):
            researchers.add(tx, name, model=MODEL, token=f"{name}'s", submissions=5)
    return Clocked(folder, settings, store, elapsed=0.0)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Clocked]:
    made = a_lab(tmp_path)
    yield made
    made.database.close()


def at(lab: Clocked, seconds: float) -> working_time.Hours:
    lab.at = seconds
    return working_time.look(lab)


def state(lab: Lab, name: str, state: researchers.State) -> None:
    with lab.database.write() as tx:
        researchers.set_state(tx, name, state)


def worked(lab: Clocked, name: str = "r1") -> float:
    with lab.database.read() as tx:
        return researchers.get(tx, name).worked_at(lab.at)


def me(lab: Lab, who: str = "r1") -> dict[str, Any]:
    app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    answer = TestClient(app).get("/v1/me", headers={"Authorization": f"Bearer {who}'s"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def call(lab: Lab, id: str) -> None:
    open_call(lab, "r1", id, model=MODEL, estimate=Tokens(input_tokens=10, output_tokens=10))


def test_time_counts_from_the_first_word_to_the_end_without_pauses(lab: Clocked) -> None:
    at(lab, 100)
    assert worked(lab) == 0, "it has not begun"
    state(lab, "r1", "working")
    at(lab, 110)
    assert at(lab, 150).seconds_left == pytest.approx(research_seconds(1.0) - 40)
    state(lab, "r1", "resting")
    at(lab, 160)
    assert worked(lab) == 50, "a rest counts"
    with lab.database.write() as tx:
        steer(tx, Steer.PAUSE, "r1")
    at(lab, 170)
    at(lab, 500)
    assert worked(lab) == 60, "a pause does not"
    with lab.database.write() as tx:
        steer(tx, Steer.RESUME, "r1")
    at(lab, 510)
    state(lab, "r1", "finished")
    at(lab, 530)
    at(lab, 900)
    assert (worked(lab), worked(lab, "r2")) == (80, 0)
    with lab.database.write() as tx:
        steer(tx, Steer.RESUME, "r1")
    at(lab, 1000)
    assert worked(lab) == 80, "one that is started again has not begun yet"


def test_a_clock_of_the_machine_that_is_set_changes_nothing(
    lab: Clocked, monkeypatch: pytest.MonkeyPatch
) -> None:
    state(lab, "r1", "working")
    at(lab, 10)
    monkeypatch.setattr(clock, "now", lambda: time.time() + 1e6)
    at(lab, 20)
    monkeypatch.setattr(clock, "now", lambda: 5.0)
    at(lab, 30)
    assert worked(lab) == 20


def test_a_lab_that_is_killed_and_started_again_loses_nothing(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    state(lab, "r1", "working")
    at(lab, 10)
    lab.database.close()  # nothing more is written
    again = a_lab(tmp_path)
    at(again, 70)
    assert worked(again) == 60
    again.database.close()


@pytest.mark.parametrize(
    ("noted", "counted"), [(60.0, 50.0), (5.0, 0.0)], ids=["since its note", "of nothing"]
)
def test_after_a_kill_of_all_the_noted_time_counts_and_the_pause_until_resume_does_not(
    tmp_path: Path, noted: float, counted: float
) -> None:
    lab = a_lab(tmp_path)
    state(lab, "r1", "working")
    at(lab, 10)
    with lab.database.write() as tx:
        meta.put(tx, "elapsed_seconds", noted)
    lab.at = 500.0
    tokens = {"r1": "a", "r2": "b"}
    named = {"directions": dict.fromkeys(tokens, ""), "models": dict.fromkeys(tokens, MODEL)}
    _enrol(lab, Start(0, "people", tokens, **named, elapsed=noted, to_the_end=False, again=False))
    assert worked(lab) == counted
    at(lab, 600)
    assert worked(lab) == counted, "it waits to be started"
    lab.database.close()


def test_the_end_of_a_run_ends_everybodys_work(lab: Clocked) -> None:
    state(lab, "r1", "working")
    at(lab, 10)
    note_ending(lab.folder, lab.settings, Ending.INTERRUPTED, elapsed=40.0, given_up={})
    lab.at = 1e6
    assert worked(lab) == 30


def test_when_its_hours_are_over_it_is_told_why_has_last_turns_and_then_no_call(lab: Clocked) -> None:
    state(lab, "r1", "working")
    state(lab, "r2", "working")
    at(lab, 0)
    state(lab, "r2", "finished")
    at(lab, 1)
    assert me(lab)["minutes_left"] == pytest.approx(research_seconds(1.0) / 60, abs=0.1)
    hours = at(lab, HOUR - last_seconds(1.0))
    assert hours.over == {"r1"}
    told = me(lab)
    assert (told["stop"], told["stop_reason"], told["stop_of"]) == (True, "time", "researcher")
    assert told["minutes_left"] == 0
    assert not me(lab, "r2")["stop"]
    with pytest.raises(OverBudget, match="your hours are used up"):
        lab.submit("r1", files=METHOD, title="late", summary="", parents=(), claim="", request=None)
    with pytest.raises(OverBudget, match="your hours are used up"):
        lab.practice("r1", METHOD)
    call(lab, "last words")
    at(lab, HOUR)
    with pytest.raises(OverBudget, match="worked the 1 h that it may") as refused:
        call(lab, "one more")
    assert (refused.value.budget, refused.value.whose) == ("time", "researcher")
    call(lab, "last words")


def test_the_studys_time_is_shown_where_it_is_less(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, minutes=10.0)
    state(lab, "r1", "working")
    at(lab, 60)
    assert me(lab)["minutes_left"] == pytest.approx(10 * 0.78 - 1)
    lab.at = 10 * 0.78 * 60
    told = me(lab)
    assert (told["stop_reason"], told["stop_of"]) == ("time", "study")
    lab.database.close()


def test_research_is_over_when_everybodys_hours_are_and_people_see_how_long_each_worked(lab: Clocked) -> None:
    for name in ("r1", "r2"):
        state(lab, name, "working")
    at(lab, 0)
    at(lab, 1800)
    first = status(lab, "research")
    assert [(one.worked_seconds, one.work_seconds) for one in first.researchers] == [(1800, HOUR)] * 2
    assert not first.spending.ends_research
    at(lab, research_seconds(1.0))
    assert status(lab, "research").spending.ends_research
    with lab.database.read() as tx:
        assert _used_up(lab, tx, researchers.team(tx))


def test_without_a_bound_time_is_counted_and_nobody_is_stopped(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, hours_each=None)
    state(lab, "r1", "working")
    assert at(lab, 0) == at(lab, 1e6) == working_time.Hours()
    assert (worked(lab), me(lab)["minutes_left"], me(lab)["stop"]) == (1e6, None, False)
    lab.database.close()


def test_who_waits_for_news_hears_that_its_hours_are_over(lab: Clocked) -> None:
    """Nothing is committed then, so nothing else would wake it."""
    state(lab, "r1", "working")
    working_time.look(lab)

    async def heard() -> bool:
        news, stopping = News(lab.database), asyncio.Event()
        ticking = asyncio.create_task(_tick(lab, ["baselines"], news, stopping))
        try:
            lab.at = HOUR
            for _ in range(1000):
                if news.concern(["r1"], since=0):
                    return True
                await asyncio.sleep(0.1)
            return False
        finally:
            stopping.set()
            news.tell()
            await ticking

    assert asyncio.run(heard())
