"""The lab's queue: who goes first, how much fits in, and that every run ends once, whatever happens."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import aar
from fastapi.testclient import TestClient
from queue_lab import (
    PretendedEngine,
    broken,
    claim_all,
    files,
    lost,
    open_lab,
    queue,
    submit,
    trivial,
    work,
)

from aar import ledger
from aar.api.app import create_app
from aar.database import charges, clock, meta, researchers, run_turns, runs, standing, submissions, waiting
from aar.engines import Job, Outcome
from aar.errors import BadRequest, NotAllowed, NotNow
from aar.lab import cancellation, cooldown
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.queue_view import traffic
from aar.lab.run_end import MOST_TRIES, finish
from aar.lab.slots import MOST_PAUSE_SECONDS, Losses
from aar.launch.reserved import hold
from aar.run_records import Cause, RunEnd


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = open_lab(tmp_path, "r1", "r2", "r3", queued=20, queued_in_all=30)
    yield made
    made.database.close()


def entries(lab: Lab, kind: str) -> list[str]:
    with lab.database.read() as tx:
        return [str(one.body["key"]) for one in ledger.entries(tx) if one.kind == kind]


def states(lab: Lab) -> Counter[str]:
    with lab.database.read() as tx:
        return Counter(run.state for run in runs.all(tx))


# -- order ----------------------------------------------------------------------------------------------------


def test_a_thousand_runs_of_one_do_not_hold_up_the_single_run_of_another(lab: Lab) -> None:
    queue(lab, "r1", 1000)
    assert claim_all(lab, 100) == ["r1"] * 100
    queue(lab, "r2", 1)
    assert "r2" in claim_all(lab, 2)


def test_researchers_take_turns(lab: Lab) -> None:
    queue(lab, "r1", 30)
    queue(lab, "r2", 10)
    queue(lab, "r3", 20)
    order = claim_all(lab)
    assert Counter(order[:30]) == {"r1": 10, "r2": 10, "r3": 10}
    assert Counter(order[30:50]) == {"r1": 10, "r3": 10}
    assert set(order[50:]) == {"r1"}


def test_time_in_which_nobody_else_waited_is_not_held_against_anybody(lab: Lab) -> None:
    queue(lab, "r1", 200)
    claim_all(lab, 50)
    queue(lab, "r2", 200)
    order = claim_all(lab, 40)
    assert Counter(order) == {"r1": 20, "r2": 20}


def test_a_share_is_cost_and_not_a_count_of_runs(lab: Lab) -> None:
    """r1's runs turn out to cost three times the estimate, r2's what was estimated."""
    queue(lab, "r1", 60)
    queue(lab, "r2", 60)
    order = []
    for _ in range(40):
        with lab.database.write() as tx:
            run = run_turns.claim(tx)
        assert run is not None
        order.append(run.researcher)
        cost = 30_000.0 if run.researcher == "r1" else 10_000.0
        finish(lab, run, replace(trivial(Job({}, "", "dev", (0,), 0, b"")), end=RunEnd(nominal=cost)))
    assert Counter(order) == {"r1": 10, "r2": 30}


def test_a_run_that_is_lost_costs_its_researcher_no_turn(lab: Lab) -> None:
    queue(lab, "r1", 10)
    queue(lab, "r2", 10)
    with lab.database.write() as tx:
        first = run_turns.claim(tx)
        assert first is not None
        runs.requeue(tx, first.key)
        again = run_turns.claim(tx)
    assert again is not None
    assert (again.key, again.tries) == (first.key, 2)


def test_priorities_go_before_shares(lab: Lab) -> None:
    for priority in ("baseline", "dev", "sealed", "practice", "opening"):
        queue(lab, "r1", 2, priority=priority)
    queue(lab, "r2", 2)
    with lab.database.write() as tx:
        taken = [runs.PRIORITIES[run.priority] for run in iter(lambda: run_turns.claim(tx), None)]
    assert taken == ["practice"] * 2 + ["opening"] * 2 + ["sealed"] * 2 + ["dev"] * 4 + ["baseline"] * 2


def test_baselines_go_first_until_the_ladder_stands_and_last_afterwards(lab: Lab) -> None:
    submit(lab, "r1", "early")
    submit(lab, researchers.LAB, "vanilla")
    opening = lab.settings.baseline_seeds
    assert claim_all(lab, opening) == [researchers.LAB] * opening
    with lab.database.write() as tx:
        standing.put(tx, standing.Standing("s2", 0.6, 8))
    submit(lab, researchers.LAB, "a later one")
    submit(lab, "r2", "late")
    assert Counter(claim_all(lab, 4)) == {"r1": 2, "r2": 2}


def test_spare_confirmations_move_up_when_others_are_compared_with_them(lab: Lab) -> None:
    one = submit(lab, researchers.LAB, "vanilla")
    with lab.database.write() as tx:
        row = submissions.get(tx, one)
        assert lab.queue.sealed(tx, row, seeds=3, students=2, spare=True) == 6
        assert lab.queue.sealed(tx, row, seeds=3, students=2, spare=False) == 0
        assert {run.priority for run in runs.all(tx, split="sealed")} == {runs.PRIORITIES.index("sealed")}


def test_the_order_is_the_same_every_time(tmp_path: Path) -> None:
    orders = []
    for name in ("a", "b"):
        lab = open_lab(tmp_path / name, "r1", "r2", "r3")
        for researcher, count in (("r3", 7), ("r1", 5), ("r2", 6)):
            queue(lab, researcher, count)
        orders.append(claim_all(lab))
        lab.database.close()
    assert orders[0] == orders[1]


# -- bounds ---------------------------------------------------------------------------------------------------


def test_a_researcher_with_a_full_queue_is_told_what_to_do(lab: Lab) -> None:
    queue(lab, "r1", 19)
    with pytest.raises(
        NotNow, match="19 runs of r1 wait already and 20 may; wait for some to end, or withdraw"
    ):
        submit(lab, "r1", "one more")
    assert submit(lab, "r2", "another's") == "s1"


def test_a_clock_that_is_set_back_lets_nobody_wait_longer_than_the_longest_wait(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(lab, "r1", "x = 1")
    with lab.database.write() as tx:
        researchers.set_failures(tx, "r1", 5, waits_until=clock.now() + 20)
        who = researchers.get(tx, "r1")
        assert 0 < cooldown.seconds_left(who) <= 20
        assert run_turns.claim(tx) is None
    earlier = clock.now() - 86_400
    monkeypatch.setattr(clock, "now", lambda: earlier)
    with lab.database.write() as tx:
        assert cooldown.seconds_left(who) == 0.0
        assert run_turns.claim(tx) is not None


def test_a_full_queue_takes_nobodys_runs_but_the_labs_own(lab: Lab) -> None:
    queue(lab, "r1", 15)
    queue(lab, "r2", 15)
    with pytest.raises(NotNow, match="the queue is full"):
        lab.practice("r3", files("x"))
    assert submit(lab, researchers.LAB, "vanilla") == "s1"


def test_what_is_refused_leaves_nothing_behind(lab: Lab) -> None:
    queue(lab, "r1", 20)
    with pytest.raises(NotNow):
        submit(lab, "r1", "x")
    with lab.database.read() as tx:
        assert submissions.all(tx) == []
        assert waiting.queued(tx, researcher="r1") == 20


# -- ends -----------------------------------------------------------------------------------------------------


def test_every_run_is_started_once_and_ends_once(lab: Lab) -> None:
    for researcher in ("r1", "r2"):
        for i in range(3):
            submit(lab, researcher, f"{researcher} {i}")
    engine = PretendedEngine()
    work(lab, engine)
    assert states(lab) == {"done": 12}
    assert len(engine.started) == len(set(entries(lab, "run"))) == len(entries(lab, "run")) == 12
    assert len(entries(lab, "charge")) == 12


def test_the_same_run_is_never_computed_twice_even_by_a_lab_that_starts_again(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1")
    one = submit(lab, "r1", "a method")
    key = lab.practice("r1", files("a method"))
    work(lab, PretendedEngine())
    lab.database.close()
    again = open_lab(tmp_path, "r1")
    with again.database.write() as tx:
        row = submissions.get(tx, one)
        assert again.queue.runs_of(tx, row, "dev", range(2), priority="dev") == 0
    assert again.practice("r1", files("a method")) == key
    engine = PretendedEngine()
    work(again, engine)
    assert engine.started == []
    again.database.close()


def test_another_lab_computes_the_same_code_anew_since_its_seeds_are_its_own(tmp_path: Path) -> None:
    keys = []
    for name in ("a", "b"):
        lab = open_lab(tmp_path / name, "r1")
        submit(lab, "r1", "a method")
        with lab.database.read() as tx:
            keys.append({run.key for run in runs.all(tx)})
        lab.database.close()
    assert not keys[0] & keys[1]


def test_a_lost_run_is_tried_again_and_a_failing_one_is_not(lab: Lab) -> None:
    submit(lab, "r1", "loses")
    submit(lab, "r2", "fails")

    def answer(job: Job) -> Outcome:
        return lost(job) if "loses" in job.code["method.py"] else broken(job)

    engine = PretendedEngine(answer)
    work(lab, engine, slots=1)
    with lab.database.read() as tx:
        by_state = {run.state: run for run in runs.all(tx)}
        assert charges.of_researcher(tx, "r1").runs == 0
        assert charges.of_researcher(tx, "r2").runs == 1
    assert by_state["lost"].tries == MOST_TRIES
    assert by_state["failed"].tries == 1
    assert by_state["cancelled"].end.cause is Cause.SIBLING_FAILED
    ledger.Ledger(lab.database).verify()


def test_a_job_that_no_engine_can_run_does_not_stop_the_queue(lab: Lab) -> None:
    from aar.errors import EngineError

    submit(lab, "r1", "impossible")
    submit(lab, "r2", "possible")

    def answer(job: Job) -> Outcome:
        if "# impossible" in job.code["method.py"]:
            raise EngineError("the student service refused the run")
        return trivial(job)

    work(lab, PretendedEngine(answer))
    with lab.database.read() as tx:
        ended = {(run.researcher, run.state) for run in runs.all(tx)}
    assert ended == {("r1", "lost"), ("r2", "done")}


def test_an_engine_that_breaks_on_every_run_loses_them_and_the_log_has_where(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    submit(lab, "r1", "a method")
    jobs: list[Job] = []

    def answer(job: Job) -> Outcome:
        jobs.append(job)
        raise OSError("no route to the cluster")

    def in_trouble() -> bool:
        with lab.database.read() as tx:
            return bool(traffic(tx, slots=1).engine.lost_in_a_row >= 2)

    work(lab, PretendedEngine(answer), slots=1, until=in_trouble)
    with lab.database.read() as tx:
        assert traffic(tx, slots=1).engine.why == "the engine raised OSError: no route to the cluster"
    assert f"the engine broke on run {jobs[0].key[:12]}" in caplog.text
    assert "Traceback" in caplog.text
    assert jobs[0].salt.hex() not in repr(jobs[0])
    assert repr(jobs[0].salt) not in repr(jobs[0])


def test_an_engine_that_loses_every_run_is_asked_less_and_less_and_the_status_says_so(lab: Lab) -> None:
    for i in range(4):
        submit(lab, "r1", f"method {i}")
    engine = PretendedEngine(lost)

    def in_trouble() -> bool:
        with lab.database.read() as tx:
            return bool(traffic(tx, slots=1).engine.lost_in_a_row >= 3)

    work(lab, engine, slots=1, until=in_trouble)
    with lab.database.read() as tx:
        told = traffic(tx, slots=1).engine.model_dump()
    assert len(engine.started) == told["lost_in_a_row"] == 3
    assert told["why"] == "no sandbox started"
    assert 0.0 < told["resumes_in_seconds"] <= 1.0
    with lab.database.read() as tx:
        assert researchers.get(tx, "r1").failures == 0


def test_the_pause_grows_with_the_codes_that_were_lost_and_ends_with_a_run_that_comes_back() -> None:
    losses, job = Losses(), Job({}, "", "dev", (0,), 0, b"")
    pauses = []
    for code in ("a", "a", "a", "b", "c", "d", *"efghijkl"):
        losses.note(lost(job), code)
        pauses.append(round(losses.seconds_left()))
    assert pauses[:6] == [0, 1, 1, 2, 4, 8]
    assert pauses[-1] == MOST_PAUSE_SECONDS
    losses.note(broken(job), "m")
    assert losses.seconds_left() == 0.0


# -- cancelling -----------------------------------------------------------------------------------------------


def test_a_cancelled_submission_ends_once_and_its_queued_runs_cost_nothing(lab: Lab) -> None:
    one = submit(lab, "r1", "unwanted")
    other = submit(lab, "r2", "wanted")
    with lab.database.write() as tx:
        ended = cancellation.cancel(tx, one, reason="too slow")
    assert (ended.submissions, ended.queued, ended.running) == ((one,), 2, 0)
    work(lab, PretendedEngine())
    with lab.database.read() as tx:
        row = submissions.get(tx, one)
        assert {run.state for run in runs.all(tx, submission=other)} == {"done"}
        assert {run.state for run in runs.all(tx, submission=one)} == {"cancelled"}
        assert charges.of_researcher(tx, "r1").runs == 0
    assert (row.status, row.stage) == ("failed", "done")
    assert row.reply == "cancelled by the person who runs the lab: too slow"
    assert len(entries(lab, "run")) == len(set(entries(lab, "run"))) == 4
    ledger.Ledger(lab.database).verify()
    with lab.database.write() as tx, pytest.raises(BadRequest, match="decided already"):
        cancellation.cancel(tx, one)


def test_a_cancelled_run_that_is_under_way_is_killed_in_the_engine_and_charged_once(lab: Lab) -> None:
    one = submit(lab, "r1", "endless")
    engine = PretendedEngine(seconds=600.0)

    def both_killed() -> bool:
        if len(engine.started) == 2 and states(lab)["running"] == 2:
            with lab.database.write() as tx:
                cancellation.cancel(tx, one)
        return engine.killed == 2

    work(lab, engine, until=both_killed)
    assert states(lab) == {"cancelled": 2}
    assert len(entries(lab, "run")) == len(entries(lab, "charge")) == 2
    with lab.database.read() as tx:
        assert charges.of_researcher(tx, "r1").nominal_minutes == 2.0
    ledger.Ledger(lab.database).verify()


def test_a_run_that_ends_after_it_was_cancelled_stays_cancelled(lab: Lab) -> None:
    one = submit(lab, "r1", "too late")
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
    assert run is not None
    with lab.database.write() as tx:
        cancellation.cancel(tx, one)
    for outcome in (trivial, broken, lost):
        finish(lab, run, outcome(Job({}, "", "dev", (0,), 0, b"")))
    with lab.database.read() as tx:
        assert runs.get(tx, run.key).state == "cancelled"
        assert researchers.get(tx, "r1").failures == 0
    assert entries(lab, "charge") == [run.key]


def test_everything_of_a_researcher_can_be_cancelled_and_nothing_of_the_baselines(lab: Lab) -> None:
    submit(lab, researchers.LAB, "vanilla")
    submit(lab, "r1", "a")
    submit(lab, "r1", "b")
    lab.practice("r1", files("c"))
    with lab.database.write() as tx:
        ended = cancellation.cancel(tx, "r1")
        assert (ended.submissions, ended.queued) == (("s2", "s3"), 5)
        with pytest.raises(BadRequest, match="s1 is a baseline"):
            cancellation.cancel(tx, "s1")


def test_runs_that_another_undecided_submission_of_the_same_code_needs_go_on(lab: Lab) -> None:
    mine = submit(lab, "r1", "same")
    theirs = submit(lab, "operator", "same")
    with lab.database.write() as tx:
        assert cancellation.cancel(tx, mine).queued == 0
    assert states(lab) == {"queued": 2}
    with lab.database.write() as tx:
        assert cancellation.cancel(tx, theirs).queued == 2


def test_code_whose_runs_were_cancelled_is_not_taken_in_again_only_to_wait_forever(lab: Lab) -> None:
    one = submit(lab, "r1", "same")
    with lab.database.write() as tx:
        cancellation.withdraw(tx, "r1", one)
    with pytest.raises(BadRequest, match="cancelled as s1, and a run ends only once; change the code"):
        submit(lab, "operator", "same")


def test_a_researcher_withdraws_its_own_and_never_anothers(lab: Lab) -> None:
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )

    def asks(method: str, path: str, who: str, **body: object) -> int:
        headers = {"Authorization": f"Bearer {who}"}
        return client.request(method, path, headers=headers, json=body or None).status_code

    one = submit(lab, "r1", "mine")
    key = lab.practice("r1", files("practised"))
    for who, code in (("token of r2", 403), ("nobody", 403), ("token of r1", 200), ("token of r1", 200)):
        assert asks("DELETE", f"/v1/submissions/{one}", who) == code
        assert asks("DELETE", f"/v1/practice/{key}", who) == code
    assert states(lab) == {"cancelled": 3}
    assert len(entries(lab, "run")) == 3
    with pytest.raises(BadRequest, match="this very code was withdrawn by its author; change it"):
        lab.practice("r1", files("practised"))
    other = submit(lab, "r2", "theirs")
    assert asks("POST", "/v1/operator/cancel", "token of r1", what=other) == 403
    assert asks("POST", "/v1/operator/cancel", "people", what="s99") == 404
    assert asks("POST", "/v1/operator/cancel", "people", what=other, reason="enough") == 200
    with lab.database.read() as tx:
        assert submissions.get(tx, other).status == "failed"


def test_a_practice_run_that_was_withdrawn_is_run_for_another_who_asks(lab: Lab) -> None:
    key = lab.practice("r1", files("well known"))
    with lab.database.write() as tx:
        cancellation.withdraw_practice(tx, "r1", key)
    assert lab.practice("r2", files("well known")) == key
    work(lab, PretendedEngine())
    with lab.database.read() as tx:
        run = runs.get(tx, key)
        assert (run.state, run.researcher) == ("done", "r2")
    ledger.Ledger(lab.database).verify()


def test_a_practice_run_that_a_person_cancelled_is_run_for_nobody(lab: Lab) -> None:
    key = lab.practice("r1", files("well known"))
    with lab.database.write() as tx:
        cancellation.cancel(tx, key, reason="too heavy")
    for who in ("r1", "r2"):
        with pytest.raises(BadRequest, match="too heavy; change it"):
            lab.practice(who, files("well known"))


def test_a_practice_run_that_is_started_anew_while_it_is_ended_stops_no_slot(lab: Lab) -> None:
    key = lab.practice("r1", files("well known"))
    engine = PretendedEngine(seconds=0.5)
    asked_again = False

    def done() -> bool:
        nonlocal asked_again
        if engine.started and not asked_again:
            with lab.database.write() as tx:
                cancellation.withdraw_practice(tx, "r1", key)
            lab.practice("r2", files("well known"))
            asked_again = True
        with lab.database.read() as tx:
            return asked_again and runs.get(tx, key).state == "done"

    work(lab, engine, slots=4, until=done)
    ledger.Ledger(lab.database).verify()


def test_what_dev_sent_on_to_sealed_cannot_be_withdrawn(lab: Lab) -> None:
    from aar.database.figures import Figures

    one = submit(lab, "r1", "would be a record")
    with lab.database.write() as tx:
        ledger.record_verdict(tx, one, stage="dev", status="pending", reply="", figures=Figures(seeds=2, n=8))
        with pytest.raises(BadRequest, match="have ended: it is withdrawn no more"):
            cancellation.withdraw(tx, "r1", one)
        with pytest.raises(NotAllowed):
            cancellation.withdraw(tx, "r2", one)


# -- breaker --------------------------------------------------------------------------------------------------


def fail(lab: Lab, researcher: str, text: str, outcome: Outcome | None = None) -> None:
    """One practice run of a researcher, ended as given."""
    key = lab.practice(researcher, files(text))
    with lab.database.write() as tx:
        run = run_turns.claim(tx, key=key)
    assert run is not None
    finish(lab, run, outcome or broken(Job({}, "", "practice", (0,), 0, b"")))


def test_who_fails_again_and_again_waits_and_is_told_how_long(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    waited = []
    for i in range(6):
        fail(lab, "r1", f"broken {i}")
        with lab.database.read() as tx:
            waited.append(cooldown.seconds_left(researchers.get(tx, "r1")))
        now[0] += waited[-1]
    assert waited == [0, 0, 5, 10, 20, 40]
    fail(lab, "r1", "broken once more")
    with pytest.raises(NotNow, match="last 7 methods of r1 failed one after the other; come back in 80 s"):
        submit(lab, "r1", "a seventh")
    assert submit(lab, "r2", "not concerned") == "s1"
    now[0] += 80
    fail(lab, "r1", "works", trivial(Job({}, "", "practice", (0,), 0, b"")))
    with lab.database.read() as tx:
        who = researchers.get(tx, "r1")
    assert (who.failures, who.waits_until) == (0, None)


def test_what_is_queued_of_one_who_waits_is_held_back_and_its_confirmations_are_not(lab: Lab) -> None:
    queue(lab, "r1", 5)
    queue(lab, "r1", 1, priority="sealed")
    queue(lab, "r2", 1)
    with lab.database.write() as tx:
        researchers.set_failures(tx, "r1", 3, waits_until=clock.now() + 60)
    assert claim_all(lab) == ["r1", "r2"]
    with lab.database.read() as tx:
        (held,) = traffic(tx, slots=1).model_dump()["held"]
    assert (held["researcher"], held["failures"]) == ("r1", 3)
    assert 50 < held["seconds"] <= 60


def test_a_submission_that_fails_on_every_seed_counts_once_and_lost_runs_never(lab: Lab) -> None:
    submit(lab, "r1", "fails")
    with lab.database.write() as tx:
        both = [run for run in iter(lambda: run_turns.claim(tx), None) if run is not None]
    for run in both:
        finish(lab, run, broken(Job({}, "", "dev", (0,), 0, b"")))
    for i in range(3):
        fail(lab, "r2", f"lost {i}", lost(Job({}, "", "practice", (0,), 0, b"")))
        with lab.database.write() as tx:
            cancellation.cancel(tx, "r2")
    with lab.database.read() as tx:
        assert researchers.get(tx, "r1").failures == 1
        assert researchers.get(tx, "r2").failures == 0


# -- status ---------------------------------------------------------------------------------------------------


def test_people_see_what_waits_what_runs_where_and_how_long_it_will_take(lab: Lab) -> None:
    queue(lab, "r1", 4)
    queue(lab, "r2", 2, priority="sealed")
    with lab.database.write() as tx:
        assert traffic(tx, slots=2).seconds_left is None
        run = run_turns.claim(tx, place="slot 1")
    assert run is not None
    finish(lab, run, replace(trivial(Job({}, "", "sealed", (0,), 0, b"")), end=RunEnd(seconds=8.0)))
    with lab.database.write() as tx:
        run_turns.claim(tx, place="slot 2")
        found = traffic(tx, slots=2).model_dump()
    assert found["counts"] == {"done": 1, "queued": 4, "running": 1}
    (line,) = found["queued"]
    assert (line["priority"], line["researcher"], line["runs"]) == ("dev", "r1", 4)
    assert line["seconds"] == pytest.approx((4 * 8 + 8) / 2, abs=0.5)
    (running,) = found["running"]
    assert (running["researcher"], running["place"], running["tries"]) == ("r2", "slot 2", 1)


def test_researchers_are_told_nominal_minutes_and_never_measured_ones(lab: Lab) -> None:
    client = TestClient(
        create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    )

    def told() -> dict[str, object]:
        answer = client.get("/v1/me", headers={"Authorization": "Bearer token of r1"}).json()
        return dict(answer["queue"])

    submit(lab, "r1", "a method")
    queue(lab, "r2", 3, priority="sealed")
    before = told()
    assert before["runs_queued"] == 2
    assert before["nominal_minutes_until_done"] == pytest.approx(2 / lab.settings.slots)
    with lab.database.write() as tx:
        run = run_turns.claim(tx)
    assert run is not None
    finish(
        lab,
        run,
        replace(trivial(Job({}, "", "sealed", (0,), 0, b"")), end=RunEnd(seconds=77.7, core_seconds=77.7)),
    )
    assert "77" not in str(told())


def test_the_command_line_shows_the_queue_and_ends_what_nobody_wants(lab: Lab) -> None:
    one = submit(lab, "r1", "a method")
    with lab.database.write() as tx:
        run_turns.claim(tx, place="slot 1")
        meta.put(tx, "engine", {"lost_in_a_row": 2, "resumes": clock.now() + 30, "why": "no sandbox started"})
    folder = str(lab.folder.path)
    ended = aar("queue", "show", folder).stdout
    assert ended.startswith("no lab runs in this folder; ")
    assert f"broken off r1's {one} on dev, pair 1\n" in ended
    assert not any(words in ended for words in ("slot 1", " for ", "done in", "tries again"))
    with hold(lab.folder):
        shown = aar("queue", "show", folder).stdout
    assert "tries again in" in shown
    assert f"slot 1     r1's {one} on dev, pair 1" in shown
    assert "dev        r1: 1 waiting" in shown
    assert "engine     lost 2 runs in a row (no sandbox started)" in shown
    cancelled = aar("queue", "cancel", folder, one, "--reason", "too slow", "--json").stdout.splitlines()
    assert cancelled[0] == f"{one}: 1 queued and 1 running runs cancelled"
    assert json.loads(cancelled[1]) == {"submissions": [one], "queued": 1, "running": 1}
    told = json.loads(aar("queue", "show", folder, "--json").stdout)
    assert (told["counts"], told["queued"], told["running"]) == ({"cancelled": 2}, [], [])
    refused = aar("queue", "cancel", folder, "s9")
    assert refused.returncode != 0
    assert "'s9' is no submission" in refused.stderr
