"""What a session may claim of its calls: bounded by what a model can take, and never at the cost of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_lab_calls import ESTIMATE, MODEL, NANO_USD, Door, a_lab, spent

from aar import ledger
from aar.database import calls
from aar.lab.calls import MOST_OPEN
from aar.lab.intake import Lab
from aar.model_room import MOST_WRITTEN, room
from aar.prices import Prices, Tokens, nano

COST = Prices().cost(MODEL, ESTIMATE).nano_usd
ABSURD = 10**8


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = a_lab(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def door(lab: Lab) -> Door:
    return Door(lab)


def still_open(lab: Lab, name: str = "r1") -> int:
    with lab.database.read() as tx:
        return len(calls.opened(tx, researcher=name))


def claim(door: Door, id: str, *, who: str = "r1's") -> int:
    body = {"call": id, "model": MODEL, "input_tokens": ABSURD, "output_tokens": ABSURD}
    return door.ask("POST", "/v1/calls", body, who=who)[0]


def test_calls_that_are_never_settled_use_the_budget_up(tmp_path: Path) -> None:
    budget = 1.0
    lab = a_lab(tmp_path, budget_usd_each=budget)
    door = Door(lab)
    answers = [door.open(f"c{number}")[0] for number in range(100)]
    allowed = answers.count(200)
    assert set(answers[allowed:]) == {429}, "once declined, it stays so"
    assert allowed * COST <= nano(budget) + (MOST_OPEN + 1) * COST, "held to within the calls in flight"
    assert door.me()["stop_reason"] == "usd"
    ledger.Ledger(lab.database).verify()
    lab.database.close()


def test_one_call_too_many_counts_the_oldest_as_cut_off_until_its_count_comes(lab: Lab, door: Door) -> None:
    for number in range(MOST_OPEN + 2):
        assert door.open(f"c{number}")[0] == 200, "an honest session is never locked out"
    assert (still_open(lab), spent(lab).lost_calls, spent(lab).nano_usd) == (MOST_OPEN, 2, 2 * COST)
    for number in range(MOST_OPEN + 2):
        assert door.settle(f"c{number}")[0] == 200
    assert (spent(lab).lost_calls, spent(lab).nano_usd) == (0, (MOST_OPEN + 2) * NANO_USD)


def test_calls_of_an_earlier_process_keep_nobody_out(lab: Lab, door: Door) -> None:
    for number in range(MOST_OPEN):
        door.open(f"c{number}")
    door.restarts("r1")
    assert (still_open(lab), door.open("next")[0], spent(lab).lost_calls) == (0, 200, MOST_OPEN)


@pytest.mark.parametrize("settled", [True, False])
def test_a_call_that_has_ended_is_not_opened_again(lab: Lab, door: Door, settled: bool) -> None:
    door.open("c1")
    assert door.open("c1")[0] == 200, "its first answer may have been lost"
    if settled:
        door.settle("c1")
    else:
        door.restarts("r1")
    status, refusal = door.open("c1")
    assert (status, refusal["code"], still_open(lab)) == (400, "BadRequest", 0)


def test_absurd_estimates_of_one_leave_the_others_their_money(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, budget_usd=100.0)
    door = Door(lab)
    for round_ in range(20):
        for number in range(20):
            claim(door, f"{round_}-{number}")
        door.restarts("r1")
    most = Prices().cost(MODEL, Tokens(input_tokens=room(MODEL).read, output_tokens=MOST_WRITTEN)).nano_usd
    assert spent(lab).nano_usd <= nano(100.0 / 2) + MOST_OPEN * most, "its share, and what was in flight"
    status, refusal = door.open("more")
    assert (status, refusal["code"], refusal["budget"], refusal["whose"]) == (
        429,
        "OverBudget",
        "usd",
        "researcher",
    )
    assert door.open("c1", who="r2's")[0] == 200
    lab.database.close()


def test_lost_calls_have_a_share_of_the_tokens_too_and_a_true_count_gives_it_back(tmp_path: Path) -> None:
    lab = a_lab(tmp_path, budget_tokens=100_000)
    door = Door(lab)
    assert door.open("c1")[0] == 200
    door.restarts("r1")
    status, refusal = door.open("c2")
    assert (status, refusal["budget"], refusal["whose"]) == (429, "tokens", "researcher")
    assert door.open("c1", who="r2's")[0] == 200
    door.settle("c1")
    assert door.open("c2")[0] == 200
    lab.database.close()


@pytest.mark.parametrize(
    "model", ["mockllm/model", "aar/evolution", "anthropic/claude-haiku-4-5", MODEL.upper()]
)
def test_another_model_than_the_researchers_is_refused(lab: Lab, door: Door, model: str) -> None:
    status, refusal = door.open("c1", model=model)
    assert (status in (400, 403), refusal["code"] in ("NotAllowed", "BadRequest")) == (True, True)
    assert still_open(lab) == 0


@pytest.mark.parametrize(
    "used",
    [{"input_tokens": 50_000_000}, {"cache_read_tokens": 50_000_000}, {"output_tokens": 5_000_000}],
)
def test_a_count_that_no_call_of_the_model_can_have_is_charged_at_the_estimate(
    lab: Lab, door: Door, used: dict[str, int]
) -> None:
    door.open("c1")
    for _ in range(2):
        status, refusal = door.settle("c1", **used)
        assert (status, refusal["code"]) == (400, "BadRequest")
    assert (still_open(lab), spent(lab).lost_calls, spent(lab).nano_usd) == (0, 1, COST)
    assert door.settle("c1")[0] == 200
    assert (spent(lab).lost_calls, spent(lab).nano_usd) == (0, NANO_USD)


def test_a_true_count_beyond_the_estimate_is_charged_in_full(lab: Lab, door: Door) -> None:
    door.open("c1")
    door.settle("c1", input_tokens=900_000)
    assert spent(lab).nano_usd == NANO_USD + (900_000 - 100) * 5_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b"\xff\xfe",
        b'{"input_tokens":NaN,"output_tokens":1,"context_tokens":1}',
        b'{"input_tokens":1e400,"output_tokens":1,"context_tokens":1}',
        b'{"input_tokens":' + b"9" * 5000 + b',"output_tokens":1,"context_tokens":1}',
        b'{"lost":true,"input_tokens":1}',
        b'{"input_tokens":1}',
        b"[" * 100_000,
    ],
)
def test_a_settlement_that_cannot_be_read_leaves_no_call_uncharged(lab: Lab, door: Door, body: bytes) -> None:
    door.open("c1")
    door.open("c1", who="r2's")
    headers = {"Authorization": "Bearer r1's", "Content-Type": "application/json"}
    answer = door.http.post("/v1/calls/c1", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    if body:
        assert (still_open(lab), spent(lab).nano_usd) == (0, COST)
    assert still_open(lab, "r2") == 1, "another's call of the same name goes on"
    nobody = {**headers, "Authorization": "Bearer nobody"}
    assert 400 <= door.http.post("/v1/calls/c1", content=b"{", headers=nobody).status_code < 500
    assert door.http.post("/v1/calls/none", content=b"{", headers=headers).status_code == 422
