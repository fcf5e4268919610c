"""The lab's HTTP interface and its double (`fake_lab`) give the same answers: status, code of a refusal, and shape.

Covered: every route that researchers' tools call, wrong tokens, wrong bodies, what is not there, what is used up.
Not covered: figures and words (the double decides by a rule of its own), times, `withdraw` and the operator's routes,
which no test asks of the double.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_lab import FakeLab, serve
from fastapi.testclient import TestClient

from aar import database
from aar.api.app import create_app
from aar.database import researchers, run_turns, trainings
from aar.engines import Outcome
from aar.folder import LabFolder
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.references import planned
from aar.lab.slots import finish
from aar.run_records import RunEnd, RunError
from aar.settings import Settings

METHOD = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}
OTHER = {"method.py": METHOD["method.py"] + "# another\n"}
BROKEN = {"method.py": "def run(bench):\n    raise ValueError\n"}
TOKENS = {"one": "r1", "two": "r2"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder = LabFolder(tmp_path)
    settings = Settings(submissions=2, practices=4, minutes=6)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        researchers.add(tx, researchers.LAB)
        researchers.add(tx, researchers.OPERATOR)
        for token, name in TOKENS.items():
            researchers.add(tx, name, direction="noise", token=token, submissions=2)
        trainings.keep(tx, planned(settings))
    yield Lab(folder, settings, store, elapsed=0.0)
    store.close()


def finding(**changes: Any) -> dict[str, Any]:
    return {"kind": "result", "title": "works", "body": "it does", "submissions": [], **changes}


def handing_in(**changes: Any) -> dict[str, Any]:
    return {"files": METHOD, "title": "a method", "parents": [], **changes}


CALL = {"model": "mockllm/model", "input_tokens": 100, "output_tokens": 20}
USED = {"input_tokens": 90, "output_tokens": 12, "context_tokens": 90}

REQUESTS: list[tuple[str, str, str, Any]] = [
    ("nobody", "GET", "/v1/me", None),
    ("", "GET", "/v1/forum", None),
    ("nobody", "POST", "/v1/submissions", handing_in()),
    ("one", "GET", "/v1/me", None),
    ("one", "GET", "/v1/leaderboard", None),
    ("one", "GET", "/v1/forum", None),
    ("one", "GET", "/v1/me?wait=soon", None),
    ("one", "GET", "/v1/forum?after=x", None),
    ("one", "POST", "/v1/practice", {"files": METHOD, "request_id": "p1"}),
    ("one", "GET", "/v1/practice/{run}", None),
    ("one", "POST", "/v1/practice", {"files": METHOD, "request_id": "p1"}),
    ("one", "GET", "/v1/practice/none", None),
    ("one", "POST", "/v1/practice", {}),
    ("one", "POST", "/v1/practice", {"files": [1]}),
    ("one", "POST", "/v1/practice", {"files": {"method.py": 3}}),
    ("one", "POST", "/v1/practice", {"files": {f"f{k}.py": "" for k in range(33)}}),
    ("one", "POST", "/v1/submissions", handing_in(request_id="s1")),
    ("one", "POST", "/v1/submissions", handing_in(request_id="s1")),
    ("one", "GET", "/v1/submissions/{submission}", None),
    ("two", "GET", "/v1/submissions/{submission}/files", None),
    ("one", "GET", "/v1/submissions/none", None),
    ("one", "GET", "/v1/submissions/none/files", None),
    ("one", "POST", "/v1/submissions", {"files": METHOD}),
    ("one", "POST", "/v1/submissions", handing_in(title="t" * 201)),
    ("one", "POST", "/v1/submissions", handing_in(title=7)),
    ("one", "POST", "/v1/submissions", handing_in(parents="s1")),
    ("one", "POST", "/v1/submissions", handing_in(files=OTHER, request_id="s2")),
    ("one", "POST", "/v1/submissions", handing_in(files=BROKEN, request_id="s3")),
    ("two", "POST", "/v1/submissions", handing_in(files=BROKEN, parents=["none"])),
    ("one", "GET", "/v1/me", None),
    ("one", "GET", "/v1/leaderboard", None),
    ("one", "POST", "/v1/forum", finding(request_id="f1")),
    ("one", "POST", "/v1/forum", finding(request_id="f1")),
    ("two", "POST", "/v1/forum", finding(submissions=["{submission}"])),
    ("two", "POST", "/v1/forum", finding(submissions=["none"])),
    ("two", "POST", "/v1/forum", finding(kind="rumour")),
    ("two", "POST", "/v1/forum", {"kind": "result"}),
    ("two", "POST", "/v1/forum/1/comments", {"body": "well"}),
    ("two", "POST", "/v1/forum/99/comments", {"body": "well"}),
    ("two", "POST", "/v1/forum/first/comments", {"body": "well"}),
    ("two", "POST", "/v1/forum/1/comments", {}),
    ("two", "POST", "/v1/forum/1/vote", {"value": 1}),
    ("two", "POST", "/v1/forum/1/vote", {"value": 5}),
    ("two", "POST", "/v1/forum/99/vote", {"value": 1}),
    ("two", "GET", "/v1/forum", None),
    ("two", "GET", "/v1/forum?after=1", None),
    ("one", "POST", "/v1/progress", {"activity": "practising", "text": "x"}),
    ("one", "POST", "/v1/progress", {"activity": "sleeping"}),
    ("one", "POST", "/v1/calls", {**CALL, "call": "c1"}),
    ("one", "POST", "/v1/calls", {**CALL, "call": "c1"}),
    ("one", "POST", "/v1/calls", {**CALL, "call": "c2", "input_tokens": -1}),
    ("one", "POST", "/v1/calls", {**CALL, "call": "a/b"}),
    ("one", "POST", "/v1/calls", CALL),
    ("one", "POST", "/v1/calls/c1", USED),
    ("one", "POST", "/v1/calls/c1", USED),
    ("one", "POST", "/v1/calls/none", USED),
    ("one", "POST", "/v1/calls/c1", {"lost": True}),
    ("one", "POST", "/v1/calls/c1", {"lost": True, "output_tokens": 3}),
    ("one", "POST", "/v1/calls/c1", {}),
    ("one", "POST", "/v1/trouble", {"kind": "overloaded", "detail": "529", "next_try_seconds": 4}),
    ("one", "POST", "/v1/trouble", {"kind": None}),
    ("one", "POST", "/v1/trouble", {"kind": "bored"}),
    ("one", "POST", "/v1/trouble", {}),
    ("one", "POST", "/v1/state", {"state": "resting", "reason": "no_effect", "detail": "forty turns"}),
    ("one", "POST", "/v1/state", {"state": "resting", "reason": "tired"}),
    ("one", "POST", "/v1/state", {"state": "asleep"}),
    ("one", "POST", "/v1/state", {"state": "finished"}),
    ("one", "POST", "/v1/state", None),
]


def shape(answer: Any) -> Any:
    """Names and types of an answer; a list is what its entries are, together."""
    if isinstance(answer, dict):
        if answer and all(name.endswith(".py") for name in answer):
            return "files"
        return {name: shape(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [shape(answer[0])] if answer else []
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        return "number"
    return type(answer).__name__


def play(client: Any, settle: Any = lambda: None) -> list[tuple[int, Any]]:
    """Status of each request with the code of its refusal or the shape of its answer."""
    names: dict[str, str] = {}
    seen = []

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            for name, known in names.items():
                value = value.replace("{" + name + "}", known)
            return value
        if isinstance(value, list):
            return [filled(entry) for entry in value]
        return {name: filled(entry) for name, entry in value.items()} if isinstance(value, dict) else value

    for token, verb, path, body in REQUESTS:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = client.request(verb, filled(path), json=filled(body), headers=headers)
        told = answer.json()
        if answer.status_code == 200:
            names |= {name: told[name] for name in ("run", "submission") if name in told}
            seen.append((200, shape(told)))
        else:
            assert set(told) == {"code", "detail", "type", "title", "status"}
            seen.append((answer.status_code, told["code"]))
        if path == "/v1/practice":
            settle()
    return seen


def test_the_double_answers_as_the_lab_does(lab: Lab) -> None:
    def settle() -> None:
        with lab.database.write() as tx:
            run = run_turns.claim(tx)
        if run is not None:
            finish(
                lab,
                run,
                Outcome("method_failed", RunEnd(error=RunError("ValueError", file="method.py", line=1))),
            )

    app = create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research")
    real = play(TestClient(app), settle)
    double = FakeLab(researchers=("r1", "r2"), submissions_each=2, practice_error="broken", undecided=True)
    with serve(double, TOKENS) as url, httpx.Client(base_url=url) as client:
        faked = play(client)
    assert [status for status, _ in real].count(200) >= 20
    differ = [
        f"{verb} {path} {body}: the lab says {there}, its double {here}"
        for (_, verb, path, body), there, here in zip(REQUESTS, real, faked, strict=True)
        if there != here
    ]
    assert not differ, "\n".join(differ)
