"""After a stop or pause the lab takes no more than an end in good order; a word to go on outlives all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from test_lab_working_time import HOUR, METHOD, MODEL, Clocked, a_lab, at, state, worked

from aar.api.app import create_app
from aar.database import researchers
from aar.database.progress import EndReason
from aar.lab.news import News
from aar.lab.steering import Steer, steer
from aar.lab.stopped import MOST_CALLS, MOST_POSTS

USED = {"input_tokens": 10, "output_tokens": 10, "context_tokens": 10}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Clocked]:
    made = a_lab(tmp_path)
    for name in ("r1", "r2"):
        state(made, name, "working")
    yield made
    made.database.close()


class Door:
    def __init__(self, lab: Clocked) -> None:
        self.http = TestClient(
            create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
        )

    def ask(self, path: str, body: dict[str, Any], *, who: str = "r1's") -> tuple[int, str]:
        answer = self.http.post(path, json=body, headers={"Authorization": f"Bearer {who}"})
        return answer.status_code, answer.json().get("code", "")

    def call(self, id: str) -> tuple[int, str]:
        estimate = {"input_tokens": 10, "output_tokens": 10}
        answer = self.ask("/v1/calls", {"call": id, "model": MODEL, **estimate})
        if answer[0] == 200:
            self.ask(f"/v1/calls/{id}", USED)
        return answer

    def submit(self, number: int = 0) -> tuple[int, str]:
        files = {"method.py": METHOD["method.py"] + f"# {number}\n"}
        return self.ask("/v1/submissions", {"files": files, "title": "a method"})

    def practice(self) -> tuple[int, str]:
        return self.ask("/v1/practice", {"files": METHOD})

    def post(self) -> tuple[int, str]:
        return self.ask("/v1/forum", {"kind": "result", "title": "t", "body": "b"})

    def says(self, state: str, reason: EndReason | None = None) -> None:
        assert self.ask("/v1/state", {"state": state, "reason": reason})[0] == 200

    def people(self, what: str) -> None:
        assert self.ask(f"/v1/operator/researchers/r1/{what}", {"on": 1}, who="people")[0] == 200


@pytest.fixture
def door(lab: Clocked) -> Door:
    return Door(lab)


def do(lab: Clocked, what: Steer) -> None:
    with lab.database.write() as tx:
        steer(tx, what, "r1")


def row(lab: Clocked) -> researchers.Researcher:
    with lab.database.read() as tx:
        return researchers.get(tx, "r1")


def test_one_that_a_person_stopped_has_last_calls_and_posts_and_no_more(lab: Clocked, door: Door) -> None:
    assert door.submit()[0] == 200
    do(lab, Steer.STOP)
    assert door.submit(1) == door.practice() == (429, "NotNow")
    calls, posts = [], []
    for number in range(MOST_CALLS + 5):
        calls.append(door.call(f"c{number}"))
        door.says("finished", EndReason.LAB_OVER)  # whatever it says, the stop stays the stop
    for _ in range(MOST_POSTS + 5):
        posts.append(door.post())
    assert calls == [(200, "")] * MOST_CALLS + [(429, "OverBudget")] * 5
    assert posts == [(200, "")] * MOST_POSTS + [(429, "NotNow")] * 5
    assert door.ask("/v1/forum/1/comments", {"body": "b"}) == (429, "NotNow")
    assert (row(lab).state, row(lab).reason) == ("stopped", EndReason.BY_A_PERSON)
    do(lab, Steer.RESUME)
    assert (door.call("again")[0], door.submit(2)[0], door.post()[0]) == (200, 200, 200)
    assert row(lab).state == "working"


def test_while_it_is_paused_no_method_and_no_call_is_taken_but_an_open_one_is_settled(
    lab: Clocked, door: Door
) -> None:
    estimate = {"model": MODEL, "input_tokens": 10, "output_tokens": 10}
    door.ask("/v1/calls", {"call": "c1", **estimate})
    do(lab, Steer.PAUSE)
    assert door.ask("/v1/calls", {"call": "c1", **estimate})[0] == 200, "its answer may have been lost"
    assert door.call("c2") == door.submit() == door.practice() == (429, "NotNow")
    assert door.ask("/v1/calls/c1", USED)[0] == 200
    do(lab, Steer.RESUME)
    assert (door.call("c2")[0], door.submit()[0]) == (200, 200)


@pytest.mark.parametrize("how", ["call", "submit", "practice"])
def test_one_that_says_it_has_finished_and_goes_on_works_and_its_time_counts(
    lab: Clocked, door: Door, how: str
) -> None:
    at(lab, 0)
    at(lab, 100)
    door.says("finished")
    at(lab, 110)
    at(lab, 310)
    assert worked(lab) == 110, "as long as it does nothing, it has finished"
    assert (door.call("c1") if how == "call" else door.submit() if how == "submit" else door.practice())[
        0
    ] == 200
    assert row(lab).state == "working"
    at(lab, 410)
    assert worked(lab) == 410
    door.says("finished")
    at(lab, 420)
    at(lab, HOUR + 20)
    assert door.call("c2") == (429, "OverBudget"), "its hours are over, whatever it said of its end"
    assert door.submit(1) == (429, "OverBudget")
    assert row(lab).state == "finished"


def test_a_word_to_go_on_outlives_the_last_word_of_a_process_that_was_ending(
    lab: Clocked, door: Door
) -> None:
    do(lab, Steer.STOP)
    do(lab, Steer.RESUME)
    door.ask("/v1/progress", {"activity": "thinking"})
    door.says("finished", EndReason.LAB_OVER)
    assert row(lab).state == "waiting"
    door.people("stopped")  # its process has ended
    assert row(lab).state == "waiting", "the launcher starts who waits"
    door.people("restarts")
    assert row(lab).state == "working"
    door.says("finished", EndReason.LAB_OVER)
    assert row(lab).state == "finished", "this process knew"


def test_one_that_noticed_or_has_nothing_left_to_do_is_owed_no_start(lab: Clocked, door: Door) -> None:
    do(lab, Steer.STOP)
    do(lab, Steer.RESUME)
    door.says("working")
    door.says("finished", EndReason.LAB_OVER)
    assert row(lab).state == "finished"
    do(lab, Steer.RESUME)
    do(lab, Steer.STOP)
    door.people("stopped")
    assert row(lab).state == "stopped"
    do(lab, Steer.RESUME)
    lab.at = 0.0
    for number in range(5):
        assert door.submit(number)[0] == 200
    door.says("finished", EndReason.LAB_OVER)
    assert row(lab).state == "finished", "all its submissions are used"


def test_whoever_begins_anew_is_owed_nothing(lab: Clocked, door: Door) -> None:
    from aar.api.serve import Start, _enrol

    do(lab, Steer.STOP)
    do(lab, Steer.RESUME)
    tokens = {"r1": "r1's", "r2": "r2's"}
    named = {"directions": dict.fromkeys(tokens, ""), "models": dict.fromkeys(tokens, MODEL)}
    _enrol(lab, Start(0, "people", tokens, **named, elapsed=0.0, to_the_end=False, again=False))
    door.says("finished")
    assert row(lab).state == "finished"
