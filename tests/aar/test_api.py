"""The lab's interface as researchers meet it: words, budgets, requests sent twice, and no figures."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from aar import database, ledger
from aar.api.app import create_app
from aar.api.around import MOST_BODY_BYTES
from aar.database import researchers, run_turns, runs, submissions, trainings, wanted_runs
from aar.database.figures import Figures
from aar.engines import Outcome
from aar.errors import BadRequest, BadSnapshot, EngineError, NotAllowed, NotNow, OverBudget, Refused
from aar.folder import LabFolder
from aar.lab import conductor, waiters
from aar.lab.intake import Lab
from aar.lab.jobs import job_of
from aar.lab.news import News
from aar.lab.references import planned
from aar.lab.refusals import Code, Refusal
from aar.lab.slots import finish
from aar.launch.children import Child, plain
from aar.processes import python
from aar.researchers.refusals import Refusal as ToolCode
from aar.run_records import RunEnd, RunError
from aar.settings import Settings
from w2s.errors import NotFound
from w2s.records import Estimate

METHOD = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = LabFolder(tmp_path)
    settings = Settings(submissions=2, practices=2)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
        researchers.add(tx, researchers.OPERATOR)
        researchers.add(tx, "r1", direction="denoise", token="one", submissions=2)
        researchers.add(tx, "r2", direction="probe", token="two", submissions=2, forum=False)
        trainings.keep(tx, planned(settings))
    yield Lab(folder, settings, store, elapsed=0.0)
    store.close()


@pytest.fixture
def client(lab: Lab) -> TestClient:
    return TestClient(create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research"))


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def submit(client: TestClient, token: str = "one", **changes: object) -> dict[str, object]:
    body = {"files": METHOD, "title": "a method", "request_id": "q1", **changes}
    answer = client.post("/v1/submissions", json=body, headers=as_(token))
    return {"http": answer.status_code, **answer.json()}


def test_a_request_without_a_known_token_is_refused(client: TestClient) -> None:
    for headers in ({}, as_("nobody"), as_("people"), as_("")):
        answer = client.get("/v1/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "NotAllowed")
    assert client.get("/v1/status", headers=as_("one")).status_code == 403
    assert client.get("/v1/status", headers=as_("people")).status_code == 200


def test_the_status_counts_ideas_by_family_each_code_once(client: TestClient) -> None:
    def ideas() -> object:
        return client.get("/v1/status", headers=as_("people")).json()["ideas"]

    assert ideas() is None
    other = {"method.py": "def run(bench):\n    return bench.strong().perturb(1, 0.1)\n"}
    for token, files, request in (("one", METHOD, "a"), ("one", other, "b"), ("two", other, "c")):
        submit(client, token, files=files, request_id=request)
    assert ideas() == {"count": 2, "families": {"other": 1, "evolutionary": 1}, "effective": 2.0}


def test_a_submission_is_frozen_queued_on_the_labs_own_seeds_and_entered_into_the_ledger(
    client: TestClient, lab: Lab
) -> None:
    made = submit(client)
    assert made["status"] == "pending"
    with lab.database.read() as tx:
        queued = runs.all(tx, split="dev")
        assert [run.pair_index for run in queued] == list(range(lab.settings.dev_seeds))
        assert len({run.student_seed for run in queued}) == lab.settings.dev_seeds
        assert lab.snapshots.get(submissions.get(tx, str(made["submission"])).commit) == METHOD
    assert ledger.Ledger(lab.database).verify().kinds["submission"] == 1


def test_a_request_sent_twice_submits_once(client: TestClient, lab: Lab) -> None:
    assert submit(client)["submission"] == submit(client)["submission"]
    with lab.database.read() as tx:
        assert submissions.count(tx, "r1") == 1


def test_a_spent_budget_is_refused_and_says_so(client: TestClient) -> None:
    for i in range(2):
        files = {"method.py": METHOD["method.py"] + f"# {i}\n"}
        assert submit(client, files=files, request_id=f"q{i}")["http"] == 200
    refused = submit(client, request_id="q9")
    assert (refused["http"], refused["code"]) == (429, "OverBudget")


def test_seeds_follow_from_the_code_and_differ_between_labs(lab: Lab, tmp_path: Path) -> None:
    first = lab.submit("r1", files=METHOD, title="x", summary="", parents=(), claim="", request=None)
    other = {"method.py": METHOD["method.py"] + "# the same, but for this comment\n"}
    second = lab.submit("r1", files=other, title="x", summary="", parents=(), claim="", request=None)
    with lab.database.read() as tx:
        seeds = {
            one.id: {run.student_seed for run in runs.all(tx, code_hash=one.code_hash)}
            for one in (first, second)
        }
    assert not seeds[first.id] & seeds[second.id]


def test_researchers_see_words_and_never_a_figure(client: TestClient, lab: Lab) -> None:
    made = str(submit(client)["submission"])
    pgr = Estimate(mean=0.4242, low=0.3, high=0.5, seeds=3, n=1000)
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx,
            made,
            stage="dev",
            status="no_improvement",
            reply="no significant improvement",
            figures=Figures(
                seeds=3, n=1000, accuracy=Estimate(0.7777, 0.7666, 0.7888, seeds=3, n=1000), pgr=pgr
            ),
        )
    for path in (f"/v1/submissions/{made}", "/v1/leaderboard", "/v1/me", "/v1/forum"):
        text = client.get(path, headers=as_("one")).text
        assert "0.4242" not in text
        assert "0.7777" not in text
    assert client.get(f"/v1/submissions/{made}", headers=as_("one")).json()["status"] == "no_improvement"


def test_a_practice_run_is_run_once_whoever_asks(client: TestClient, lab: Lab) -> None:
    first = client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).json()["run"]
    again = client.post("/v1/practice", json={"files": METHOD}, headers=as_("two")).json()["run"]
    assert first == again
    with lab.database.read() as tx:
        assert len(runs.all(tx, split="practice")) == 1
    assert client.get(f"/v1/practice/{first}", headers=as_("one")).json()["state"] == "queued"


def test_a_practice_run_is_read_by_those_who_asked_for_it_alone(client: TestClient) -> None:
    key = client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).json()["run"]
    assert client.get(f"/v1/practice/{key}", headers=as_("two")).status_code == 404
    client.post("/v1/practice", json={"files": METHOD}, headers=as_("two"))
    for who in ("one", "two"):
        assert client.get(f"/v1/practice/{key}", headers=as_(who)).status_code == 200


@pytest.mark.parametrize("says", ["working", "finished"])
def test_a_stopped_researcher_stays_stopped_whatever_it_says(client: TestClient, lab: Lab, says: str) -> None:
    path = "/v1/operator/researchers/r1/stopped"
    assert client.post(path, json={}, headers=as_("people")).status_code == 200
    assert client.post("/v1/state", json={"state": says}, headers=as_("one")).status_code == 200
    client.post("/v1/progress", json={"activity": "thinking"}, headers=as_("one"))
    with lab.database.read() as tx:
        assert researchers.get(tx, "r1").state == "stopped"


def test_the_last_practice_run_is_answered_again_when_the_first_answer_was_lost(
    client: TestClient, lab: Lab
) -> None:
    def practise(text: str) -> int:
        files = {"method.py": METHOD["method.py"] + f"# {text}\n"}
        return client.post("/v1/practice", json={"files": files}, headers=as_("one")).status_code

    for number in range(lab.settings.practices):
        assert practise(f"method {number}") == 200
        with lab.database.write() as tx:
            for run in runs.all(tx, state="queued"):
                ledger.record_run(tx, run.key, state="done", end=RunEnd())
    assert practise(f"method {lab.settings.practices - 1}") == 200
    assert practise("one more") == 429


def test_practice_says_what_broke_but_a_scored_run_never_does(client: TestClient, lab: Lab) -> None:
    key = client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).json()["run"]
    with lab.database.write() as tx:
        run_turns.claim(tx, key=key)
        ledger.record_run(
            tx,
            key,
            state="failed",
            end=RunEnd(error=RunError("ValueError", file="method.py", line=2, message="shapes differ")),
        )
    error = client.get(f"/v1/practice/{key}", headers=as_("one")).json()["error"]
    assert error == {"type": "ValueError", "file": "method.py", "line": 2, "message": "shapes differ"}


def test_a_closed_forum_is_closed_to_reading_writing_and_others_code(client: TestClient) -> None:
    made = submit(client)["submission"]
    assert client.get("/v1/forum", headers=as_("two")).status_code == 403
    post = {"kind": "result", "title": "t", "body": "b"}
    assert client.post("/v1/forum", json=post, headers=as_("two")).status_code == 403
    assert client.get(f"/v1/submissions/{made}/files", headers=as_("two")).status_code == 403
    assert client.get(f"/v1/submissions/{made}/files", headers=as_("one")).json()["files"] == METHOD


def test_a_post_carries_the_labs_badge_and_is_mirrored(client: TestClient, lab: Lab) -> None:
    made = submit(client)["submission"]
    post = {"kind": "result", "title": "works", "body": "it is VERIFIED, trust me", "submissions": [made]}
    client.post("/v1/forum", json=post, headers=as_("one"))
    (found,) = client.get("/v1/forum", headers=as_("one")).json()["posts"]
    assert found["submissions"] == [{"id": made, "status": "pending"}]
    assert len(list(lab.folder.forum.glob("*.md"))) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"files": {"method.py": 3}, "title": "x"}',
        b'{"files": {"../x.py": "x"}, "title": "x"}',
        b'{"files": {"method.py": "x"}, "title": "  "}',
        b'{"files": {"method.py": "x"}, "title": "x", "parents": ["s99"]}',
        b'{"files": {"method.py": "x"}, "title": "x", "parents": ["\\ud800"]}',
        json.dumps({"files": {"method.py": "#" * (65 * 1024)}, "title": "x"}).encode(),
        b'{"files": {"method.py": "' + b"#" * MOST_BODY_BYTES + b'"}, "title": "x"}',
    ],
)
def test_malformed_submissions_are_refused_and_leave_nothing(
    client: TestClient, lab: Lab, body: bytes
) -> None:
    answer = client.post("/v1/submissions", content=body, headers=as_("one"))
    assert 400 <= answer.status_code < 500
    assert set(answer.json()) == {"code", "detail", "type", "title", "status"}
    with lab.database.read() as tx:
        assert submissions.all(tx) == []
        assert runs.all(tx) == []


def test_a_body_in_chunks_is_refused_whatever_length_it_claims(client: TestClient) -> None:
    headers = as_("one") | {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    answer = client.post("/v1/calls", content=b"5\r\nhello\r\n0\r\n\r\n", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "BadRequest")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/v1/forum?after={10**22}", 422),
        ("GET", "/v1/forum?after=-1", 422),
        ("POST", f"/v1/forum/{10**22}/comments", 422),
        ("POST", f"/v1/forum/{10**22}/vote", 422),
        ("GET", "/v1/nowhere", 404),
        ("PUT", "/v1/me", 405),
        ("POST", "/v1/calls", 422),
    ],
)
def test_a_wrong_request_is_refused_in_the_one_form(
    client: TestClient, method: str, path: str, status: int
) -> None:
    body = b'{"value": 1, "body": "x"}' if "forum" in path else b"{"
    answer = client.request(method, path, content=None if method == "GET" else body, headers=as_("one"))
    assert (answer.status_code, set(answer.json())) == (status, {"code", "detail", "type", "title", "status"})


def test_the_same_code_is_taken_and_charged_but_not_run_again(client: TestClient, lab: Lab) -> None:
    submit(client)
    again = submit(client, token="two", request_id="other")
    assert (again["http"], again["status"]) == (200, "pending")
    with lab.database.read() as tx:
        assert submissions.count(tx, "r2") == 1
        assert len(runs.all(tx, split="dev")) == lab.settings.dev_seeds


def test_the_budget_of_the_study_is_refused_and_says_so(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    folder.describe({})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        for name in (researchers.LAB, "r1", "r2"):
            researchers.add(tx, name)
    lab = Lab(folder, Settings(submissions_in_all=2), store, elapsed=0.0)

    def hand_in(who: str, number: int) -> None:
        files = {"method.py": f"{METHOD['method.py']}# {number}\n"}
        lab.submit(who, files=files, title="x", summary="", parents=(), claim="", request=None)

    for number, who in enumerate((researchers.LAB, "r1", "r2")):
        hand_in(who, number)
    with pytest.raises(OverBudget, match="all 2 submissions of this study are used"):
        hand_in("r2", 3)
    store.close()


def test_a_would_be_record_is_run_with_anothers_seeds_and_salt_when_the_scorer_asks(
    client: TestClient, lab: Lab
) -> None:
    first = str(submit(client)["submission"])
    other = {"method.py": METHOD["method.py"] + "# another seed\n"}
    second = str(submit(client, files=other, request_id="q2")["submission"])
    with lab.database.write() as tx:
        of = submissions.get(tx, first).code_hash
        mine = submissions.get(tx, second).code_hash
        again = range(lab.settings.dev_seeds)
        wanted_runs.add(tx, second, [wanted_runs.WantedRun("dev", k, seeds_of=of) for k in again])
    conductor.advance(lab)
    with lab.database.read() as tx:
        again = [run for run in runs.all(tx, code_hash=mine) if run.seeds_of]
        plain = {run.pair_index: run for run in runs.all(tx, code_hash=of)}
        own = {run.pair_index: run for run in runs.all(tx, code_hash=mine) if run.plain}
    assert [run.pair_index for run in again] == list(range(lab.settings.dev_seeds))
    for run in again:
        job, theirs = job_of(lab, run), job_of(lab, plain[run.pair_index])
        assert job.code == other
        assert (job.student_seed, job.salt) == (theirs.student_seed, theirs.salt)
        assert job.salt != job_of(lab, own[run.pair_index]).salt
        assert job.intervention == "none"


def test_what_waits_for_a_confirmation_that_was_ended_early_is_not_started(
    client: TestClient, lab: Lab
) -> None:
    one = str(submit(client)["submission"])

    def decide(stage: str, status: str) -> None:
        with lab.database.write() as tx:
            figures = Figures(seeds=3, n=1000, sealed_seeds=8)
            ledger.record_verdict(
                tx,
                one,
                stage=stage,  # type: ignore[arg-type]
                status=status,  # type: ignore[arg-type]
                reply="",
                figures=figures,
            )

    decide("dev", "pending")
    conductor.advance(lab)
    with lab.database.write() as tx:
        for _ in range(7):  # those on sealed come first
            run = run_turns.claim(tx)
            assert run is not None
            if run.split == "sealed" and run.pair_index < 4:
                ledger.record_run(tx, run.key, state="done", end=RunEnd(seconds=1.0, core_seconds=1.0))
    decide("sealed", "not_reproduced")
    conductor.advance(lab)
    with lab.database.read() as tx:
        states = [run.state for run in sorted(runs.all(tx, split="sealed"), key=lambda run: run.pair_index)]
    assert states == ["done"] * 4 + ["running"] * 3 + ["cancelled"]


def test_a_score_is_read_only_where_the_study_tells_one(tmp_path: Path) -> None:
    for feedback, told in (("ladder", None), ("exact", 0.7123)):
        folder = LabFolder(tmp_path / feedback)
        folder.describe({})
        store = database.open(folder.database, create=True)
        with store.write() as tx:
            researchers.add(tx, researchers.LAB)
            researchers.add(tx, "r1", token="one")
        lab = Lab(folder, Settings(feedback=feedback), store, elapsed=0.0)  # type: ignore[arg-type]
        client = TestClient(
            create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
        )
        made = str(submit(client)["submission"])
        with store.write() as tx:
            figures = Figures(seeds=3, n=1000, score=told)
            ledger.record_verdict(tx, made, stage="dev", status="no_improvement", reply="no", figures=figures)
        me = client.get("/v1/me", headers=as_("one")).json()
        (entry,) = client.get("/v1/leaderboard", headers=as_("one")).json()["entries"]
        one = client.get(f"/v1/submissions/{made}", headers=as_("one")).json()
        assert me["feedback"] == feedback
        assert {found.get("score") for found in (me["submissions"][0], entry, one)} == {told}
        store.close()


def test_a_closed_forum_hides_others_submissions_everywhere(client: TestClient) -> None:
    made = submit(client)["submission"]
    assert client.get("/v1/leaderboard", headers=as_("two")).json()["entries"] == []
    assert client.get(f"/v1/submissions/{made}", headers=as_("two")).status_code == 403


def test_one_practice_run_at_a_time(client: TestClient) -> None:
    other = {"method.py": METHOD["method.py"] + "# another\n"}
    assert client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).status_code == 200
    assert client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).status_code == 200
    assert client.post("/v1/practice", json={"files": other}, headers=as_("one")).status_code == 429


def test_control_characters_do_not_reach_the_terminal(client: TestClient) -> None:
    assert submit(client, title="a\x1b]0;owned\x07b")["title"] == "a]0;ownedb"


def test_a_run_whose_words_cannot_be_stored_does_not_stop_the_queue(client: TestClient, lab: Lab) -> None:
    key = client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).json()["run"]
    with lab.database.write() as tx:
        run = run_turns.claim(tx, key=key)
    assert run is not None
    finish(lab, run, Outcome("method_failed", RunEnd(error=RunError("ValueError", message="\ud800"))))
    assert client.get(f"/v1/practice/{key}", headers=as_("one")).json()["state"] == "failed"


def test_what_a_run_was_denied_is_kept_for_people_and_no_researcher_is_told(
    client: TestClient, lab: Lab
) -> None:
    key = client.post("/v1/practice", json={"files": METHOD}, headers=as_("one")).json()["run"]
    with lab.database.write() as tx:
        run = run_turns.claim(tx, key=key)
    assert run is not None
    finish(lab, run, Outcome("method_failed", RunEnd(error=RunError("ValueError"), denied={"ptrace": 77})))
    with lab.database.read() as tx:
        assert runs.get(tx, key).end.denied == {"ptrace": 77}
    assert ledger.Ledger(lab.database).verify().kinds["run"] == 1
    assert "ptrace" not in client.get(f"/v1/practice/{key}", headers=as_("one")).text


def test_the_labs_processes_do_not_look_for_modules_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('a stranger was run')")
    told = subprocess.run(
        python("json.tool", "--help"), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0
    assert "-P" in python("aar.api")


def test_the_last_words_of_a_process_hold_no_control_characters(tmp_path: Path) -> None:
    log = tmp_path / "r1.log"
    log.write_bytes(b"first\nlast \x1b]0;owned\x07 words\n")
    assert Child("r1", plain(["true"]), log).tail() == "last ]0;owned words"


def test_a_lab_without_researchers_ends_once_the_best_baseline_is_decided_on_sealed(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    settings = Settings(researchers=0, baselines=("vanilla",), baseline_seeds=2, sealed_seeds=2)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
    lab = Lab(folder, settings, store, elapsed=0.0)
    one = lab.submit(
        researchers.LAB, files=METHOD, title="vanilla", summary="", parents=(), claim="", request=None
    )

    def end(split: str) -> None:
        with store.write() as tx:
            for run in runs.all(tx, split=split):
                ledger.record_run(tx, run.key, state="done", end=RunEnd(seconds=1.0, core_seconds=1.0))

    def decide(stage: str, status: str) -> None:
        with store.write() as tx:
            ledger.record_verdict(
                tx,
                one.id,
                stage=stage,  # type: ignore[arg-type]
                status=status,  # type: ignore[arg-type]
                reply="baseline",
                figures=Figures(seeds=2, n=1000),
            )

    assert conductor.advance(lab) == "baselines"
    end("dev")
    decide("dev", "pending")
    assert conductor.advance(lab) == "settling"
    end("sealed")
    assert conductor.advance(lab) == "settling"  # run, but the scorer has not said what came of it
    decide("sealed", "verified")
    assert conductor.advance(lab) == "finished"
    store.close()


def test_a_wait_that_is_no_number_ends(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiters, "MOST_WAIT_SECONDS", 0.1)
    made = submit(client)["id"]
    assert client.get(f"/v1/submissions/{made}?wait=nan", headers=as_("one")).status_code == 200


def test_further_seeds_of_whoever_holds_the_record_are_paid_by_who_attacks_it(
    lab: Lab, client: TestClient
) -> None:
    holder = str(submit(client)["id"])
    other = {"method.py": METHOD["method.py"] + "# another\n"}
    attempt = str(submit(client, "two", files=other, request_id="q2")["id"])
    with lab.database.write() as tx:
        for one in (holder, attempt):
            figures = Figures(
                seeds=3, n=9, champion=holder, attempt=2, sealed_seeds=lab.settings.sealed_seeds + 4
            )
            ledger.record_verdict(tx, one, stage="dev", status="pending", reply="w", figures=figures)
        ledger.record_verdict(
            tx, holder, stage="sealed", status="verified", reply="v", figures=Figures(seeds=8, n=9)
        )
        lab.queue.sealed(
            tx, submissions.get(tx, holder), seeds=lab.settings.sealed_seeds, students=1, spare=False
        )
    conductor.advance(lab)
    with lab.database.read() as tx:
        mine = [run for run in runs.all(tx, split="sealed") if run.submission == holder]
    first, second = lab.settings.sealed_seeds, lab.settings.students - 1
    assert [run.researcher for run in sorted(mine, key=lambda run: run.pair_index)] == [
        *["r1"] * first,
        *["r2"] * 4,
        *[*[researchers.LAB] * first, *["r2"] * 4] * second,  # its second students are the lab's own wish
    ]


def test_the_word_of_a_researcher_that_it_has_finished_stands(client: TestClient, lab: Lab) -> None:
    for token in ("one", "two"):
        client.post("/v1/state", json={"state": "working"}, headers=as_(token))
    client.post("/v1/state", json={"state": "finished"}, headers=as_("one"))
    for name in ("r1", "r2"):
        gone = client.post(f"/v1/operator/researchers/{name}/stopped", json={"on": 1}, headers=as_("people"))
        assert gone.status_code == 200
    with lab.database.read() as tx:
        assert [researchers.get(tx, name).state for name in ("r1", "r2")] == ["finished", "stopped"]


def test_one_researcher_holds_a_few_requests_open_and_further_ones_are_answered_at_once(lab: Lab) -> None:
    app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")

    async def ask() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab") as http:
            version = (await http.get("/v1/me", headers=as_("one"))).json()["version"]
            path = f"/v1/me?wait=60&after={version}"
            hang = [asyncio.create_task(http.get(path, headers=as_("one"))) for _ in range(40)]
            for answered in range(1, 40 - waiters.MOST_HANGING + 1):  # one after the other, as they come
                while sum(one.done() for one in hang) < answered:
                    await asyncio.wait(
                        [one for one in hang if not one.done()], return_when=asyncio.FIRST_COMPLETED
                    )
            other = asyncio.create_task(http.get(path, headers=as_("two")))
            await asyncio.sleep(0.5)
            assert sum(one.done() for one in hang) == 40 - waiters.MOST_HANGING
            assert not other.done()
            hang.append(other)
            for one in hang:
                one.cancel()
            await asyncio.gather(*hang, return_exceptions=True)

    asyncio.run(ask())


def test_the_version_is_told_to_everybody_and_nothing_else_is(client: TestClient) -> None:
    told = client.get("/v1/version").json()
    assert told["name"] == "automated-alignment-researchers"
    assert told["api"] == 2
    assert set(told) == {"name", "api", "version"}


def test_the_interface_describes_every_answer_and_every_refusal(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    for path, verbs in described["paths"].items():
        for verb, route in verbs.items():
            content = route["responses"]["200"]["content"]["application/json"]["schema"]
            assert "$ref" in content or "anyOf" in content, f"{verb} {path}"
            for status in ("400", "403", "404", "422", "429", "500"):
                refused = route["responses"][status]["content"]["application/problem+json"]["schema"]
                assert refused == {"$ref": "#/components/schemas/Problem"}, f"{verb} {path} {status}"
    told = described["components"]["schemas"]["Submission"]["properties"]["status"]
    assert "verified" in told["enum"]
    assert "undecided" in told["description"] or "decided" in told["description"]


def test_a_refusal_has_a_code_whatever_its_words_are() -> None:
    for error in (
        NotFound("x"),
        NotAllowed("x"),
        BadRequest("x"),
        BadSnapshot("x"),
        OverBudget("x"),
        NotNow("x"),
    ):
        assert Refusal.of(error).code.value == type(error).__name__
    assert Refusal.of(Refused("x")).code is Code.REFUSED
    assert Refusal.of(EngineError("x")).code is Code.FAILED
    assert {code.value for code in ToolCode} >= {code.value for code in Code} - {"NotFound", "Failed"}


def test_a_score_that_the_study_does_not_tell_is_not_even_a_field(client: TestClient) -> None:
    made = submit(client)
    assert "score" not in made
    assert "score" not in client.get(f"/v1/submissions/{made['id']}", headers=as_("one")).json()
    entries = client.get("/v1/leaderboard", headers=as_("one")).json()["entries"]
    assert entries
    assert all("score" not in entry and entry["rank"] is None for entry in entries)
