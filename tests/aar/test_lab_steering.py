"""People pause, resume, stop and tell researchers, in a lab that runs and in one that does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from queue_lab import open_lab
from typer.testing import CliRunner

from aar.api.app import create_app
from aar.cli import app
from aar.database import messages, researchers
from aar.database.progress import EndReason
from aar.errors import BadRequest
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.steering import MOST_CHARACTERS, Steer, steer
from aar.launch.resuming import to_start
from aar.ledger import Ledger, entries
from w2s.errors import NotFound

NAMES = ("r1", "r2", "r3")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    opened = open_lab(tmp_path, *NAMES)
    with opened.database.write() as tx:
        for name in NAMES:
            researchers.add(tx, name, token=name)
    yield opened
    opened.database.close()


@pytest.fixture
def client(lab: Lab) -> TestClient:
    return TestClient(create_app(lab, News(lab.database), operator_token="people", phase=lambda: "research"))


def me(client: TestClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/me", headers={"Authorization": f"Bearer {name}"}).json()
    return found


def do(lab: Lab, what: Steer, name: str, text: str = "") -> list[str]:
    with lab.database.write() as tx:
        return steer(tx, what, name, text=text)


def test_a_pause_concerns_one_researcher_or_all_and_ends_with_resume(lab: Lab, client: TestClient) -> None:
    before = me(client, "r1")["version"]
    assert do(lab, Steer.PAUSE, "r1") == ["r1"]
    assert [me(client, name)["paused"] for name in NAMES] == [True, False, False]
    assert me(client, "r1")["version"] != before, "who waits for news hears of it"
    assert not me(client, "r1")["stop"]
    assert do(lab, Steer.PAUSE, "all") == list(NAMES)
    do(lab, Steer.RESUME, "all")
    assert not any(me(client, name)["paused"] for name in NAMES)


def test_a_message_stays_until_it_is_read_and_is_nobody_elses(lab: Lab, client: TestClient) -> None:
    do(lab, Steer.TELL, "r1", "Look at s3.\n\x1b[31mIt is red.")
    do(lab, Steer.TELL, "all", "Ten minutes left.")
    first, second = me(client, "r1")["messages"]
    assert (first["text"], second["text"]) == ("Look at s3.\n[31mIt is red.", "Ten minutes left.")
    assert [one["text"] for one in me(client, "r2")["messages"]] == ["Ten minutes left."]
    read = {"headers": {"Authorization": "Bearer r1"}, "json": {"up_to": first["id"]}}
    for _ in range(2):
        assert client.post("/v1/messages/read", **read).status_code == 200  # type: ignore[arg-type]
    assert [one["id"] for one in me(client, "r1")["messages"]] == [second["id"]]
    assert len(me(client, "r2")["messages"]) == 1
    with lab.database.read() as tx:
        assert [one.read is None for one in messages.unread(tx, "r2")] == [True]


def test_who_is_stopped_is_told_why_and_does_not_start_again_but_on_a_persons_word(
    lab: Lab, client: TestClient
) -> None:
    do(lab, Steer.STOP, "r2")
    assert (me(client, "r2")["stop"], me(client, "r2")["stop_reason"]) == (True, "stopped")
    assert not me(client, "r1")["stop"]
    with lab.database.read() as tx:
        assert researchers.get(tx, "r2").reason is EndReason.BY_A_PERSON
    assert to_start(lab.folder, lab.settings) == ["r1", "r3"]
    do(lab, Steer.RESUME, "r2")
    assert not me(client, "r2")["stop"]
    assert to_start(lab.folder, lab.settings) == ["r1", "r2", "r3"]


def test_the_ledger_keeps_every_word_and_still_verifies(lab: Lab) -> None:
    do(lab, Steer.PAUSE, "r1")
    do(lab, Steer.TELL, "r3", "Try the probe.")
    with lab.database.read() as tx:
        notes = [entry.body["steered"] for entry in entries(tx) if "steered" in entry.body]
    assert notes == [
        {"what": "pause", "researchers": ["r1"], "text": ""},
        {"what": "tell", "researchers": ["r3"], "text": "Try the probe."},
    ]
    Ledger(lab.database).verify(mirror=lab.folder.ledger)


@pytest.mark.parametrize("name", ["r9", "lab", "operator", "", "R1"])
def test_who_is_no_researcher_is_not_steered(lab: Lab, name: str) -> None:
    with pytest.raises(NotFound):
        do(lab, Steer.PAUSE, name)


@pytest.mark.parametrize("text", ["", " \n ", "x" * (MOST_CHARACTERS + 1)])
def test_a_message_has_words_and_an_end(lab: Lab, text: str) -> None:
    with pytest.raises(BadRequest, match="characters"):
        do(lab, Steer.TELL, "r1", text)


def command(lab: Lab, what: str, *arguments: str) -> str:
    ran = CliRunner().invoke(app, ["researcher", what, str(lab.folder.path), *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_the_commands_do_what_they_say_and_list_shows_it(lab: Lab) -> None:
    from aar.cli import researcher  # noqa: F401  (registers the commands)

    assert command(lab, "pause", "r1").startswith("pause: r1; no lab runs now")
    command(lab, "stop", "r2")
    command(lab, "tell", "r3", "Hello.")
    shown = command(lab, "list").splitlines()
    assert [line.split()[:2] for line in shown if line[0] == "r"] == [
        ["r1", "paused"],
        ["r2", "stopped"],
        ["r3", "starting"],
    ]
    assert "1 message unread" in shown[-1]
    rows = json.loads(command(lab, "list", "--json").splitlines()[-1])["researchers"]
    assert [row["paused"] for row in rows] == [True, False, False]
    assert rows[1]["reason"] == "by_a_person"
    command(lab, "resume", "all")
    assert "paused" not in command(lab, "list")
