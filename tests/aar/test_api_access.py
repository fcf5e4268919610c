"""Who may do what at the lab's door: every role at every route, and what becomes of a token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aar import database, ledger
from aar.api import forum
from aar.api.app import create_app
from aar.api.rates import A_SECOND, AT_ONCE, Rates
from aar.database import clock, researchers, spending, tokens
from aar.database.tokens import Access
from aar.errors import BadRequest
from aar.folder import LabFolder
from aar.forum import board
from aar.lab import inviting
from aar.lab.intake import Lab
from aar.lab.inviting import invite
from aar.lab.news import News
from aar.scoring.truth.preparation import write_public_facts
from aar.settings import Settings
from w2s.errors import NotFound
from w2s.testbeds import generate, load

EVERYBODY = frozenset({"nobody", "revoked", "expired", "viewer", "person", "guest", "researcher", "operator"})
PEOPLE = frozenset({"viewer", "person", "operator"})
RESEARCHERS = frozenset({"guest", "researcher"})
IN = PEOPLE | RESEARCHERS
MATRIX = {
    "GET /v1/version": EVERYBODY,
    "GET /v1/who": IN,
    "GET /v1/status": PEOPLE,
    "GET /v1/leaderboard": IN,
    "GET /v1/submissions/{id}": IN,
    "GET /v1/submissions/{id}/files": IN,
    "GET /v1/forum": IN,
    "GET /v1/forum/search": IN,
    "POST /v1/forum": IN - {"viewer"},
    "POST /v1/forum/{post}/comments": IN - {"viewer"},
    "POST /v1/forum/{post}/vote": RESEARCHERS,
    "POST /v1/calls": {"researcher"},
    "POST /v1/calls/{id}": {"researcher"},
    "POST /v1/trouble": {"researcher"},
    "POST /v1/researchers/{name}/steer": {"person", "operator"},
    "POST /v1/operator/submissions": {"operator"},
    "POST /v1/operator/cancel": {"operator"},
    "POST /v1/operator/researchers/{name}/stopped": {"operator"},
    "POST /v1/operator/researchers/{name}/restarts": {"operator"},
}
"""Who is let through, by route; every other route is for researchers alone."""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = LabFolder(tmp_path)
    settings = Settings(submissions=2, guests=2)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
        researchers.add(tx, "r1", token="started", submissions=2)
    yield Lab(folder, settings, store, elapsed=0.0)
    store.close()


@pytest.fixture
def client(lab: Lab) -> TestClient:
    return TestClient(create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research"))


def invited(lab: Lab, name: str, access: Access, **more: Any) -> inviting.Invited:
    with lab.database.write() as tx:
        return invite(tx, lab.settings, name, access, **more)


def as_(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def holders(lab: Lab) -> dict[str, str]:
    """The token of each kind of caller."""
    made = {
        access.value: invited(lab, f"a-{access.value}", access).text
        for access in Access
        if access != "operator"
    }
    gone, old = (invited(lab, name, Access.PERSON) for name in ("gone", "old"))
    with lab.database.write() as tx:
        inviting.revoke(tx, gone.token.id)
        tx.exec_driver_sql("UPDATE tokens SET expires = ? WHERE id = ?", (clock.now() - 1, old.token.id))
    return {
        "nobody": "",
        "revoked": gone.text,
        "expired": old.text,
        "viewer": made["viewer"],
        "person": made["person"],
        "guest": made["researcher"],
        "researcher": "started",
        "operator": "people",
    }


def test_every_role_at_every_route(lab: Lab, client: TestClient, holders: dict[str, str]) -> None:
    testbed = load(lab.settings.testbed)
    lab.folder.practice.mkdir(exist_ok=True)
    write_public_facts(lab.folder, testbed, generate(testbed, item_seed=bytes(16))[0])
    described = client.app.openapi()["paths"]  # type: ignore[attr-defined]
    routes = [(verb.upper(), path) for path, verbs in described.items() for verb in verbs]
    assert {f"{verb} {path}" for verb, path in routes} >= set(MATRIX), (
        "the table names a route that is not there"
    )
    assert len(routes) >= 29
    wrong = []
    for verb, path in routes:
        asked = re.sub(r"\{\w+\}", "1", path)
        for who, token in holders.items():
            sent = {"json": {}} if verb == "POST" else {}
            answer = client.request(verb, asked, headers=as_(token), **sent)  # type: ignore[arg-type]
            may = who in MATRIX.get(f"{verb} {path}", RESEARCHERS)
            if (answer.status_code != 403) != may:
                wrong.append(f"{verb} {path} as {who}: {answer.status_code}")
    assert wrong == []


def test_in_a_study_without_a_forum_people_read_it_and_researchers_do_not(tmp_path: Path) -> None:
    folder, settings = LabFolder(tmp_path), Settings(forum=False, guests=1)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    lab = Lab(folder, settings, store, elapsed=0.0)
    app = create_app(lab, News(store), operator_token="people", phase=lambda: "research")
    guest, viewer = (invited(lab, f"a-{who}", who).text for who in (Access.RESEARCHER, Access.VIEWER))
    with TestClient(app) as client:
        assert client.get("/v1/forum", headers=as_(guest)).status_code == 403
        assert client.get("/v1/forum", headers=as_(viewer)).status_code == 200
    store.close()


def test_a_token_is_stored_as_a_hash_and_told_to_nobody(lab: Lab, client: TestClient) -> None:
    made = invited(lab, "ada", Access.PERSON)
    assert client.get("/v1/who", headers=as_(made.text)).json() == {"name": "ada", "access": "person"}
    secret = made.text.rpartition("-")[2].encode()
    lab.database.close()
    kept = b"".join(path.read_bytes() for path in lab.folder.path.rglob("*") if path.is_file())
    assert made.token.id.encode() in kept
    assert secret not in kept
    assert made.text.encode() not in kept


def test_a_token_holds_over_restarts_and_ends_at_once_when_it_is_revoked(
    lab: Lab, client: TestClient
) -> None:
    first, second = invited(lab, "ada", Access.PERSON), invited(lab, "ada", Access.PERSON)
    again = TestClient(create_app(lab, News(lab.database), operator_token="other", phase=lambda: "research"))
    assert again.get("/v1/status", headers=as_(first.text)).status_code == 200
    with lab.database.write() as tx:
        inviting.revoke(tx, first.token.id)
        inviting.revoke(tx, first.token.id)
    assert client.get("/v1/who", headers=as_(first.text)).status_code == 403
    assert client.get("/v1/who", headers=as_(second.text)).status_code == 200
    with lab.database.read() as tx:
        notes = [entry.body for entry in ledger.entries(tx) if entry.kind == "note"]
    assert [sorted(note) for note in notes] == [["invited"], ["invited"], ["revoked"]]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "r7",
        "lab",
        "operator",
        "all",
        "snapshots",
        "x" * 40,
        "r1-practice",
        "s1",
        "deadbeef",
        "a b",
        "é",
        "../a",
    ],
)
def test_a_name_that_would_be_taken_for_anothers_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(BadRequest, match="name"):
        invited(lab, name, Access.RESEARCHER)


def test_a_guest_keeps_its_role(lab: Lab) -> None:
    invited(lab, "ada", Access.RESEARCHER, direction="Look at noise.")
    with pytest.raises(BadRequest, match="ada is a researcher already"):
        invited(lab, "ada", Access.PERSON)
    with pytest.raises(BadRequest, match="direction is for a researcher"):
        invited(lab, "eve", Access.VIEWER, direction="Look.")
    for days in (0, -1, 1000, float("nan")):
        with pytest.raises(BadRequest, match="days"):
            invited(lab, "eve", Access.VIEWER, days=days)
    with lab.database.write() as tx, pytest.raises(NotFound):
        inviting.revoke(tx, "00000000")


def test_no_more_guests_research_than_the_study_has_places_for(lab: Lab) -> None:
    """Each would have a part of the level to be lucky with; the places were counted before the first attempt."""
    assert lab.settings.authors == lab.settings.researchers + 2
    for name in ("ada", "bob", "ada"):
        invited(lab, name, Access.RESEARCHER)
    with pytest.raises(BadRequest, match=r"no place for eve as a researcher \(all 2 are taken by ada, bob\)"):
        invited(lab, "eve", Access.RESEARCHER)
    invited(lab, "eve", Access.VIEWER)


def test_a_study_without_places_takes_no_guest_as_a_researcher(lab: Lab) -> None:
    closed = replace(lab.settings, guests=0)
    with lab.database.write() as tx, pytest.raises(BadRequest, match="it has none"):
        invite(tx, closed, "mia", Access.RESEARCHER)


def test_a_guest_who_researches_is_one_of_the_team_and_no_run_waits_for_it(
    lab: Lab, client: TestClient
) -> None:
    guest = invited(lab, "ada", Access.RESEARCHER, direction="Look at noise.").text
    me = client.get("/v1/me", headers=as_(guest)).json()
    assert (me["researcher"], me["direction"], me["submissions_left"]) == ("ada", "Look at noise.", 2)
    method = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}
    body = {"files": method, "title": "mine", "request_id": "q"}
    answers = [client.post("/v1/submissions", json=body, headers=as_(guest)).json() for _ in range(2)]
    assert answers[0]["submission"] == answers[1]["submission"], "sent twice, handed in once"
    with lab.database.write() as tx:
        assert [who.name for who in researchers.team(tx)] == ["r1", "ada"]
        assert [who.name for who in researchers.own(tx)] == ["r1"]
        assert not researchers.get(tx, "ada").is_working
        researchers.set_state(tx, "r1", "finished")
    told = client.post(
        "/v1/researchers/ada/steer", json={"what": "tell", "text": "Look at s1."}, headers=as_("people")
    )
    assert told.json() == {"researchers": ["ada"]}
    assert client.get("/v1/me", headers=as_(guest)).json()["messages"][0]["text"] == "Look at s1."


def test_what_a_person_writes_is_by_its_name_and_in_the_ledger(lab: Lab, client: TestClient) -> None:
    person = as_(invited(lab, "ada", Access.PERSON).text)
    finding = {"kind": "insight", "title": "Look at s1", "body": "It is a shortcut.", "request_id": "q"}
    posted = [client.post("/v1/forum", json=finding, headers=person).json()["id"] for _ in range(2)]
    assert posted == [1, 1]
    client.post("/v1/forum/1/comments", json={"body": "Indeed."}, headers=person)
    (post,) = client.get("/v1/forum", headers=as_("started")).json()["posts"]
    assert (post["researcher"], post["comments"][0]["researcher"]) == ("ada", "ada")
    found = client.get("/v1/forum/search", params={"words": ["SHORTCUT", "indeed"]}, headers=person).json()
    assert [one["id"] for one in found["posts"]] == [1]
    assert client.get("/v1/forum/search", params={"words": ["nothing"]}, headers=person).json() == {
        "posts": []
    }
    with lab.database.read() as tx:
        words = [entry.body["posted"]["by"] for entry in ledger.entries(tx) if "posted" in entry.body]
    assert words == ["ada", "ada"]


def test_a_client_in_a_loop_is_told_when_to_ask_again_and_slows_nobody_else(
    lab: Lab, client: TestClient
) -> None:
    loop, other = (as_(invited(lab, name, Access.VIEWER).text) for name in ("loop", "other"))
    client.app.state.door.rates.clock = lambda: 0.0  # type: ignore[attr-defined]
    answers = [client.get("/v1/who", headers=loop) for _ in range(int(AT_ONCE) + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, "1")
    assert client.get("/v1/who", headers=other).status_code == 200


def test_a_rate_fills_up_as_time_goes_on() -> None:
    now = [0.0]
    rates = Rates(clock=lambda: now[0])
    for _ in range(int(AT_ONCE)):
        assert rates.wait("a") == 0.0
    assert rates.wait("a") == pytest.approx(1 / A_SECOND)
    now[0] = 1.0
    assert [rates.wait("a") for _ in range(int(A_SECOND))] == [0.0] * int(A_SECOND)
    assert rates.wait("a") > 0
    now[0] = 1e6
    for _ in range(int(AT_ONCE)):
        assert rates.wait("a") == 0.0
    assert rates.wait("a") > 0, "a rest gives no more than a full bucket"
    assert tokens.PREFIX == "aar-"


def test_what_guests_write_is_logged_without_what_is_in_it(lab: Lab, client: TestClient) -> None:
    made = invited(lab, "ada", Access.PERSON)
    finding = {"kind": "insight", "title": "a secret title", "body": "b"}
    client.post("/v1/forum", json=finding, headers=as_(made.text))
    client.post("/v1/forum/1/vote", json={"value": 1}, headers=as_(made.text))
    client.post("/v1/forum", json=finding, headers=as_("aar-wrong"))
    client.get("/v1/forum", headers=as_(made.text))
    client.post("/v1/progress", json={"activity": "writing"}, headers=as_("started"))
    text = (lab.folder.logs / "writes.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["who"], line["token"], line["request"], line["status"]) for line in lines] == [
        ("ada", made.token.id, "POST /v1/forum", 200),
        ("ada", made.token.id, "POST /v1/forum/1/vote", 403),
    ], "of nobody nothing is kept: it would fill the disk"
    assert "secret" not in text


def test_a_guest_spends_nothing_of_the_studys_money(lab: Lab, client: TestClient) -> None:
    guest = as_(invited(lab, "ada", Access.RESEARCHER).text)
    call = {"call": "c1", "model": "openai/gpt-5", "input_tokens": 10**6, "output_tokens": 10**6}
    assert client.post("/v1/calls", json=call, headers=guest).status_code == 403
    assert client.post("/v1/calls/c1", json={"lost": True}, headers=guest).status_code == 403
    with lab.database.read() as tx:
        assert spending.all(tx) == {}


def test_what_is_refused_is_not_stored(lab: Lab, client: TestClient) -> None:
    guest = as_(invited(lab, "ada", Access.RESEARCHER).text)

    def hand_in(number: int) -> int:
        files = {"method.py": f"def run(bench):\n    return {number}\n"}
        sent = {"files": files, "title": f"m{number}", "request_id": str(number)}
        return client.post("/v1/submissions", json=sent, headers=guest).status_code

    assert [hand_in(number) for number in range(lab.settings.submissions)] == [200, 200]
    stored = sorted((lab.folder.snapshots / "objects").rglob("*"))
    newest = lab.snapshots.latest("ada")
    assert [hand_in(number) for number in range(10, 15)] == [429] * 5
    assert sorted((lab.folder.snapshots / "objects").rglob("*")) == stored
    assert lab.snapshots.latest("ada") == newest


def test_posts_and_comments_of_a_guest_have_an_end(
    lab: Lab, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MAX_COMMENTS", 3)
    monkeypatch.setattr(forum, "MOST_WRITTEN", 6)
    person = as_(invited(lab, "ada", Access.PERSON).text)
    finding = {"kind": "insight", "title": "t", "body": "b"}

    def comment() -> int:
        return client.post("/v1/forum/1/comments", json={"body": "x"}, headers=person).status_code

    assert client.post("/v1/forum", json=finding, headers=person).status_code == 200
    assert [comment() for _ in range(4)] == [200, 200, 200, 400]
    posted = [client.post("/v1/forum", json=finding, headers=person).status_code for _ in range(3)]
    assert posted == [200, 200, 429]


def test_what_is_sent_again_is_answered_though_nothing_more_is_taken(
    lab: Lab, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "MAX_COMMENTS", 1)
    monkeypatch.setattr(forum, "MOST_WRITTEN", 2)
    person = as_(invited(lab, "ada", Access.PERSON).text)
    finding = {"kind": "insight", "title": "t", "body": "b", "request_id": "p"}
    remark = {"body": "x", "request_id": "c"}
    posted = [client.post("/v1/forum", json=finding, headers=person).json() for _ in range(2)]
    said = [client.post("/v1/forum/1/comments", json=remark, headers=person).json() for _ in range(2)]
    assert posted == [{"id": 1}] * 2
    assert said == [{"id": 1}] * 2
    assert client.post("/v1/forum", json=finding, headers=person).json() == {"id": 1}


def test_guests_methods_are_taken_until_the_runs_own_researchers_are_done(
    lab: Lab, client: TestClient
) -> None:
    guest = as_(invited(lab, "ada", Access.RESEARCHER).text)
    with lab.database.write() as tx:
        researchers.set_state(tx, "r1", "finished")
    method = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}
    sent = {"files": method, "title": "late", "request_id": "q"}
    refused = client.post("/v1/submissions", json=sent, headers=guest)
    assert (refused.status_code, refused.json()["code"]) == (429, "NotNow")
    lab.stays_open = True
    assert client.post("/v1/submissions", json=sent, headers=guest).status_code == 200
