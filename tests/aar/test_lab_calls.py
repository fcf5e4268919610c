"""Calls to models through the lab's door: opened and settled once, held within budgets, and never lost unseen."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from aar import database, ledger
from aar.api.app import create_app
from aar.api.requests import MOST_TOKENS
from aar.api.serve import Start, _enrol
from aar.database import calls, charges, researchers, spending, trainings, troubles
from aar.database.charges import ChargeKind
from aar.database.progress import EndReason, ProviderTrouble
from aar.errors import BrokenChain
from aar.folder import LabFolder
from aar.lab.calls import lose, open_call, settle
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.references import planned
from aar.lab.study_end import note_ending
from aar.prices import Prices, Tokens
from aar.reports.ending import Ending
from aar.researchers.answered import Answered
from aar.settings import Settings

MODEL = "anthropic/claude-opus-4-5"
USED = {
    "input_tokens": 100,
    "cache_read_tokens": 60_000,
    "cache_write_tokens": 1_000,
    "output_tokens": 500,
    "reasoning_tokens": 200,
    "context_tokens": 61_100,
}
NANO_USD = 100 * 5_000 + 60_000 * 500 + 1_000 * 6_250 + 500 * 25_000
ESTIMATE = Tokens(input_tokens=61_000, output_tokens=4_000)


def a_lab(path: Path, **changes: Any) -> Lab:
    folder = LabFolder(path)
    settings = Settings(**{"submissions": 2, "researchers": 2, **changes})
    if not folder.database.exists():
        folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
        for name in ("r1", "r2"):
            researchers.add(tx, name, model=MODEL, token=f"{name}'s", submissions=2)
        trainings.keep(tx, planned(settings))
    return Lab(folder, settings, store, elapsed=0.0)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = a_lab(tmp_path)
    yield made
    made.database.close()


class Door:
    """The lab's door, as one researcher or the launcher uses it."""

    def __init__(self, lab: Lab, phase: str = "research") -> None:
        app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: phase)  # type: ignore[arg-type, return-value]
        self.http = TestClient(app)

    def ask(self, verb: str, path: str, body: Any = None, *, who: str = "r1's") -> tuple[int, Any]:
        answer = self.http.request(verb, path, json=body, headers={"Authorization": f"Bearer {who}"})
        return answer.status_code, answer.json()

    def open(self, id: str, *, who: str = "r1's", model: str = MODEL) -> tuple[int, Any]:
        body = {"call": id, "model": model, "input_tokens": 61_000, "output_tokens": 4_000}
        return self.ask("POST", "/v1/calls", body, who=who)

    def settle(self, id: str, *, who: str = "r1's", **used: int) -> tuple[int, Any]:
        return self.ask("POST", f"/v1/calls/{id}", {**USED, **used}, who=who)

    def me(self, *, who: str = "r1's") -> Any:
        return self.ask("GET", "/v1/me", who=who)[1]

    def restarts(self, name: str) -> int:
        return self.ask("POST", f"/v1/operator/researchers/{name}/restarts", {"on": 1}, who="people")[0]


@pytest.fixture
def door(lab: Lab) -> Door:
    return Door(lab)


def spent(lab: Lab, name: str = "r1") -> spending.Spending:
    with lab.database.read() as tx:
        return spending.of(tx, name)


def test_a_call_is_charged_once_by_what_its_provider_counted(lab: Lab, door: Door) -> None:
    for _ in range(3):
        assert door.open("c1") == (200, {"allowed": True})
    assert spent(lab).nano_usd == 0, "an open call costs nothing yet"
    for _ in range(3):
        assert door.settle("c1")[0] == 200
    assert door.open("c1")[1]["code"] == "BadRequest", "it has ended, and would be a call that nobody pays"
    assert dataclasses.asdict(spent(lab)) == {
        "calls": 1,
        **USED,
        "weighted_tokens": NANO_USD // 5_000,
        "nano_usd": NANO_USD,
        "lost_calls": 0,
        "lost_nano_usd": 0,
    }
    assert door.me()["spending"] == {
        "usd": NANO_USD / 10**9,
        "usd_left": None,
        "tokens": NANO_USD // 5_000,
        "tokens_left": None,
    }
    assert ledger.Ledger(lab.database).verify().kinds["charge"] == 1


def test_thousands_of_small_sums_are_exact(lab: Lab) -> None:
    prices = Prices({"openai-api/local/m": (0.1, 0.3)})
    one = prices.cost("openai-api/local/m", Tokens(input_tokens=1, output_tokens=1))
    with lab.database.write() as tx:
        for number in range(2_500):
            ledger.record_charge(tx, f"m{number}", researcher="r1", kind=ChargeKind.MODEL, cost=one)
    assert spent(lab).usd == 0.001
    assert sum(1e-7 + 3e-7 for _ in range(2_500)) != 0.001, "floats would have drifted"


def test_reasoning_is_never_more_than_the_output_that_it_is_a_part_of(lab: Lab, door: Door) -> None:
    door.open("c1")
    assert door.settle("c1", reasoning_tokens=501)[0] == 200
    assert (spent(lab).output_tokens, spent(lab).reasoning_tokens) == (500, 500)
    assert spent(lab).nano_usd == NANO_USD


def test_calls_of_two_researchers_are_their_own_also_under_one_name(lab: Lab, door: Door) -> None:
    door.open("c1")
    assert door.settle("c1", who="r2's")[0] == 404
    door.open("c1", who="r2's")
    door.settle("c1", who="r2's", output_tokens=200)
    door.settle("c1")
    assert (spent(lab).output_tokens, spent(lab, "r2").output_tokens) == (500, 200)


def test_a_model_without_a_price_is_refused_with_what_to_do(lab: Lab, door: Door) -> None:
    status, refusal = door.open("c1", model="openai-api/local/foo")
    assert (status, refusal["code"]) == (400, "BadRequest")
    assert "--price openai-api/local/foo=IN,OUT" in refusal["detail"]


@pytest.mark.parametrize(
    "used",
    [
        {"output_tokens": MOST_TOKENS + 1},
        {"input_tokens": 2**70},
        {"input_tokens": -1},
        {"context_tokens": 0.5},
    ],
)
def test_counts_that_cannot_be_are_refused(lab: Lab, door: Door, used: dict[str, int]) -> None:
    door.open("c1")
    assert door.settle("c1", **used)[0] == 422
    assert spent(lab).nano_usd == Prices().cost(MODEL, ESTIMATE).nano_usd, (
        "at its estimate until one comes that can"
    )
    assert (spent(lab).calls, spent(lab).lost_calls) == (1, 1)
    door.settle("c1")
    assert (spent(lab).calls, spent(lab).lost_calls, spent(lab).nano_usd) == (1, 0, NANO_USD)


@pytest.mark.parametrize(
    ("settings", "of", "budget", "others_too"),
    [
        ({"budget_usd_each": 0.05}, "researcher", "usd", False),
        ({"budget_usd": 0.05}, "study", "usd", True),
        ({"budget_tokens_each": 10_000}, "researcher", "tokens", False),
        ({"budget_tokens": 10_000}, "study", "tokens", True),
    ],
)
def test_a_budget_is_held_to_within_the_call_in_flight(
    tmp_path: Path, settings: dict[str, Any], of: str, budget: str, others_too: bool
) -> None:
    lab = a_lab(tmp_path, **settings)
    door = Door(lab)
    for id in ("c1", "c2"):
        assert door.open(id)[0] == 200, "an open call reserves nothing"
    door.settle("c1")
    assert door.me()["spending"][f"{budget}_left"] == pytest.approx(
        0.05 - NANO_USD / 10**9 if budget == "usd" else 10_000 - NANO_USD // 5_000
    )
    assert door.me()["stop"] is False
    door.settle("c2")
    status, refusal = door.open("c3")
    assert (status, refusal["code"]) == (429, "OverBudget")
    assert (refusal["budget"], refusal["whose"]) == (budget, of)
    assert door.open("c2")[0] == 400, "what has ended is no call"
    me = door.me()
    assert (me["stop"], me["stop_reason"], me["spending"][f"{budget}_left"]) == (True, budget, 0)
    assert door.open("c1", who="r2's")[0] == (429 if others_too else 200)
    assert door.me(who="r2's")["stop"] is others_too
    lab.database.close()


def test_a_budget_that_the_sums_reach_exactly_is_spent(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, budget_usd=2 * NANO_USD / 10**9)
    door = Door(lab)
    for id in ("c1", "c2"):
        assert door.open(id)[0] == 200
        door.settle(id)
    assert door.open("c3")[0] == 429
    lab.database.close()


def test_no_call_begins_when_the_studys_time_is_over(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, minutes=0.0001)
    time.sleep(0.01)
    status, refusal = Door(lab).open("c1")
    assert (status, refusal["budget"], refusal["whose"]) == (429, "time", "study")
    lab.database.close()


def test_refusals_of_other_budgets_name_no_budget_of_calls(door: Door) -> None:
    for number in range(3):
        files = {"method.py": f"def run(bench):\n    return bench.strong().predict(bench.test)  # {number}\n"}
        status, answer = door.ask("POST", "/v1/submissions", {"files": files, "title": "a method"})
    assert (status, set(answer)) == (429, {"code", "detail", "type", "title", "status"})


def test_a_call_that_was_cut_off_is_charged_at_its_estimate_and_told_apart(lab: Lab, door: Door) -> None:
    for id in ("c1", "c2", "c3"):
        door.open(id)
    door.open("c1", who="r2's")
    door.settle("c1")
    assert door.restarts("r1") == door.restarts("r1") == 200
    estimate = Prices().cost(MODEL, ESTIMATE).nano_usd
    after = spent(lab)
    assert (after.calls, after.lost_calls, after.lost_nano_usd) == (3, 2, 2 * estimate)
    assert after.nano_usd == NANO_USD + 2 * estimate
    assert after.context_tokens == USED["context_tokens"]
    with lab.database.read() as tx:
        assert [call.researcher for call in calls.opened(tx)] == ["r2"], "another's call goes on"
    status = door.ask("GET", "/v1/status", who="people")[1]
    (money, _) = (member["money"] for member in status["researchers"])
    assert (money["lost_calls"], money["lost_usd"]) == (2, 2 * estimate / 10**9)
    assert status["spending"]["lost_calls"] == 2
    assert ledger.Ledger(lab.database).verify().kinds["charge"] == 3


def test_the_true_count_that_comes_later_corrects_the_estimate_once(lab: Lab, door: Door) -> None:
    door.open("c1")
    door.restarts("r1")
    for _ in range(3):
        assert door.settle("c1")[0] == 200
    after = spent(lab)
    assert (after.calls, after.nano_usd, after.lost_calls, after.lost_nano_usd) == (1, NANO_USD, 0, 0)
    assert (after.input_tokens, after.output_tokens) == (100, 500)
    with lab.database.read() as tx:
        assert [charge.kind for charge in charges.all(tx)] == ["lost", "correction", "model"]
    ledger.Ledger(lab.database).verify()


def kept(lab: Lab, id: str, used: object = USED, *, researcher: str = "r1") -> Path:
    """What a session has written down of an answered call before it told the lab."""
    answered = Answered(lab.folder.inspect_logs, researcher)
    answered.note(id, USED)
    (path,) = lab.folder.inspect_logs.glob(f".running/answered/{researcher}-{id}.json")
    if used is not USED:
        path.write_text(used if isinstance(used, str) else json.dumps(used))
    return path


@pytest.mark.parametrize("when", ["restart", "end", "resume"])
def test_a_session_that_died_before_it_told_the_lab_of_an_answer_is_charged_by_the_answer(
    lab: Lab, door: Door, when: str
) -> None:
    for id in ("c1", "c2"):
        door.open(id)
    path = kept(lab, "c1")
    if when == "restart":
        door.restarts("r1")
        door.settle("c1")  # its session, too, may have asked before it died
    elif when == "end":
        note_ending(lab.folder, lab.settings, Ending.INTERRUPTED, elapsed=1.0, given_up={})
    else:
        tokens = {"r1": "r1's", "r2": "r2's"}
        named = {"directions": dict.fromkeys(tokens, ""), "models": dict.fromkeys(tokens, MODEL)}
        _enrol(lab, Start(0, "people", tokens, **named, elapsed=0.0, to_the_end=False, again=False))
    estimate = Prices().cost(MODEL, ESTIMATE).nano_usd
    after = spent(lab)
    assert (after.calls, after.lost_calls, after.nano_usd) == (2, 1, NANO_USD + estimate)
    assert after.context_tokens == USED["context_tokens"]
    assert path.exists() == (when == "restart"), "nobody is in a call, so nothing is kept"
    ledger.Ledger(lab.database).verify()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[1]",
        "[" * 5000,
        {"input_tokens": -1},
        {"input_tokens": 1.5},
        {"input_tokens": True},
        {"input_tokens": 10**12},
        {"input_tokens": 1, "dollars": 0},
        " " * 20_000,
    ],
)
def test_a_count_that_cannot_be_is_none(lab: Lab, door: Door, damage: object) -> None:
    door.open("c1")
    kept(lab, "c1", damage)
    door.restarts("r1")
    assert (spent(lab).calls, spent(lab).lost_calls) == (1, 1)


@pytest.mark.parametrize("id", ["../../x", "", "a" * 101, "a/b"])
def test_no_name_of_a_call_leads_out_of_the_folder(tmp_path: Path, id: str) -> None:
    answered = Answered(tmp_path / "inspect", "r1")
    answered.note(id, USED)
    answered.forget(id)
    assert answered.find(id) is None
    assert list(tmp_path.rglob("*")) == []


def test_a_call_that_its_session_knows_to_be_cut_off_is_charged_at_its_estimate_and_may_be_corrected(
    lab: Lab, door: Door
) -> None:
    door.open("c1")
    for _ in range(2):
        assert door.ask("POST", "/v1/calls/c1", {"lost": True})[0] == 200
    assert (spent(lab).calls, spent(lab).lost_calls) == (1, 1)
    door.settle("c1")
    door.ask("POST", "/v1/calls/c1", {"lost": True})
    assert (spent(lab).calls, spent(lab).lost_calls, spent(lab).nano_usd) == (1, 0, NANO_USD)
    assert door.ask("POST", "/v1/calls/c2", {"lost": True})[0] == 404
    assert door.ask("POST", "/v1/calls/c1", {"lost": True, "output_tokens": 5})[0] == 422


def test_a_restart_of_a_researcher_that_there_is_not_is_refused(door: Door) -> None:
    assert door.restarts("r9") == 404
    assert door.ask("POST", "/v1/operator/researchers/r1/restarts", {"on": 1})[0] == 403


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE spending SET nano_usd = nano_usd - 1",
        "UPDATE spending SET lost_calls = 0",
        "DELETE FROM spending",
        "UPDATE charges SET nano_usd = 1 WHERE kind = 'lost'",
        "UPDATE charges SET cache_read_tokens = 0 WHERE kind = 'model'",
    ],
)
def test_a_sum_or_a_charge_that_was_changed_is_found(lab: Lab, door: Door, change: str) -> None:
    door.open("c1")
    door.settle("c1")
    door.open("c2")
    door.restarts("r1")
    ledger.Ledger(lab.database).verify()
    with lab.database.write() as tx:
        tx.exec_driver_sql(change)
    with pytest.raises(BrokenChain):
        ledger.Ledger(lab.database).verify()


def test_trouble_lasts_from_the_first_failure_until_the_provider_answers(lab: Lab, door: Door) -> None:
    def shown() -> Any:
        return door.ask("GET", "/v1/status", who="people")[1]["researchers"][0]["trouble"]

    failure = {"kind": "overloaded", "detail": "529\x1b[31m\nOverloaded", "next_try_seconds": 30}
    assert door.ask("POST", "/v1/trouble", failure)[0] == 200
    first = shown()
    assert (first["kind"], first["detail"], first["permanent"]) == ("overloaded", "529[31m Overloaded", False)
    assert 25 < first["next_try_seconds"] <= 30
    worse = {"kind": "no_credit", "detail": "credit balance is too low", "permanent": True}
    door.ask("POST", "/v1/trouble", worse)
    assert (shown()["kind"], shown()["since"]) == ("no_credit", first["since"])
    assert door.ask("POST", "/v1/trouble", {"kind": None})[0] == 200
    assert shown() is None
    door.ask("POST", "/v1/trouble", failure)
    door.open("c1")
    nothing = dict.fromkeys(USED, 0)
    door.settle("c1", **nothing)
    assert shown() is not None, "a call that failed is settled, too"
    door.ask("POST", "/v1/trouble", {"kind": None})
    with lab.database.read() as tx:
        outages = troubles.all(tx)
    assert [outage.kind for outage in outages] == [ProviderTrouble.NO_CREDIT, ProviderTrouble.OVERLOADED]
    assert all(outage.ended is not None for outage in outages)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "sleepy"},
        {"kind": "other", "detail": "x" * 301},
        {"kind": "other", "next_try_seconds": -1},
        {"kind": "other", "next_try_seconds": 1e12},
    ],
)
def test_trouble_of_another_form_is_refused(door: Door, body: dict[str, Any]) -> None:
    assert door.ask("POST", "/v1/trouble", body)[0] == 422


def test_an_end_reaches_the_lab_with_its_reason_and_a_rest_ends_with_the_next_work(
    lab: Lab, door: Door
) -> None:
    def row() -> tuple[str, EndReason | None, str]:
        with lab.database.read() as tx:
            who = researchers.get(tx, "r1")
        return who.state, who.reason, who.detail

    resting = {"state": "resting", "reason": "no_effect", "detail": "30 turns\nof talk"}
    assert door.ask("POST", "/v1/state", resting)[0] == 200
    assert row() == ("resting", EndReason.NO_EFFECT, "30 turns of talk")
    door.ask("POST", "/v1/progress", {"activity": "resting"})
    assert row()[0] == "resting"
    door.ask("POST", "/v1/progress", {"activity": "thinking"})
    assert row() == ("working", None, "")
    door.ask("POST", "/v1/state", {"state": "finished", "reason": "refusals"})
    door.ask("POST", "/v1/operator/researchers/r1/stopped", {"on": 1}, who="people")
    assert row() == ("finished", EndReason.REFUSALS, "")
    member = door.ask("GET", "/v1/status", who="people")[1]["researchers"][0]
    assert (member["state"], member["reason"]) == ("finished", "refusals")
    door.restarts("r1")
    assert row() == ("finished", EndReason.REFUSALS, "")


def test_why_a_process_ended_is_history_once_the_next_one_begins(lab: Lab, door: Door) -> None:
    door.ask("POST", "/v1/state", {"state": "working", "reason": "message_limit", "detail": "20000 messages"})
    with lab.database.read() as tx:
        assert researchers.get(tx, "r1").reason is EndReason.MESSAGE_LIMIT
    door.restarts("r1")
    with lab.database.read() as tx:
        assert researchers.get(tx, "r1").reason is None


def test_who_was_stopped_is_told_so(lab: Lab, door: Door) -> None:
    door.ask("POST", "/v1/operator/researchers/r1/stopped", {"on": 1}, who="people")
    me = door.me()
    assert (me["stop"], me["stop_reason"]) == (True, "stopped")
    assert (door.me(who="r2's")["stop"], door.me(who="r2's")["stop_reason"]) == (False, None)


@pytest.mark.parametrize(("phase", "reason"), [("settling", "over"), ("research", None)])
def test_the_phase_is_a_reason_to_stop(lab: Lab, phase: str, reason: str | None) -> None:
    assert Door(lab, phase).me()["stop_reason"] == reason


def worker(path: Path, *, told: int) -> int:
    """A process that opens and settles calls until it is killed, and says so after each: a copy of this one."""
    child = os.fork()
    if child == 0:
        try:
            lab = a_lab(path)
            with lab.database.write() as tx:
                lose(tx, lab.folder, lab.prices)
            number = 0
            while True:
                id = f"{os.getpid()}-{number}"
                open_call(lab, "r1", id, model=MODEL, estimate=ESTIMATE)
                os.write(told, f"open {id}\n".encode())
                used = Tokens(input_tokens=100, output_tokens=7)
                settle(lab, "r1", id, used=used, context_tokens=100)
                os.write(told, f"settled {id}\n".encode())
                number += 1
        finally:
            os._exit(1)
    return child


def test_a_lab_killed_at_any_moment_keeps_what_it_acknowledged_and_doubles_nothing(tmp_path: Path) -> None:
    lab = a_lab(tmp_path)
    lab.database.close()
    told = (tmp_path / "told").open("w+b", buffering=0)
    rng = np.random.default_rng(0)
    for round_ in range(6):
        child = worker(tmp_path, told=told.fileno())
        before = (tmp_path / "told").stat().st_size
        end = time.monotonic() + 60
        while (tmp_path / "told").stat().st_size == before and time.monotonic() < end:
            time.sleep(0.001)
        time.sleep(float(rng.uniform(0.0, 0.05 + 0.02 * round_)))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    lab = a_lab(tmp_path)
    with lab.database.write() as tx:
        lose(tx, lab.folder, lab.prices)
    told.seek(0)
    lines = [line.split() for line in told.read().decode().splitlines()]
    with lab.database.read() as tx:
        paid = {charge.key: charge for charge in charges.all(tx)}
        assert calls.opened(tx) == []
        for word, id in lines:
            call = calls.find(tx, "r1", id)
            assert call is not None
            assert word == "open" or f"model:r1:{id}" in paid
            assert (f"model:r1:{id}" in paid) != (f"lost:r1:{id}" in paid)
        true = Prices().cost(MODEL, Tokens(input_tokens=100, output_tokens=7)).nano_usd
        settled = sum(charge.kind is ChargeKind.MODEL for charge in paid.values())
        lost = len(paid) - settled
        assert settled >= sum(word == "settled" for word, _ in lines) > 0
        sums = spending.of(tx, "r1")
        assert sums.nano_usd == settled * true + lost * Prices().cost(MODEL, ESTIMATE).nano_usd
        assert (sums.calls, sums.lost_calls) == (settled + lost, lost)
    ledger.Ledger(lab.database).verify()
    lab.database.close()
