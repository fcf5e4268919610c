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
from aar.database import messages, progress, researchers, schema, troubles
from aar.database.progress import EndReason
from aar.errors import BadRequest
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.steering import MOST_CHARACTERS, Steer, steer
from aar.launch.reserved import hold
from aar.launch.resuming import to_start
from aar.ledger import Ledger, entries
from aar.reports.words import reason_words
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

    assert command(lab, "pause", "r1").splitlines() == [
        "r1 pauses after its present turn",
        "no lab runs now, so it counts from the next start on",
    ]
    command(lab, "stop", "r2")
    command(lab, "tell", "r3", "Hello.")
    shown = command(lab, "list").splitlines()
    assert [line.split()[:2] for line in shown if line[0] == "r"] == [
        ["r1", "paused"],
        ["r2", "stopped"],
        ["r3", "not"],
    ]
    assert "1 message unread" in shown[-1]
    rows = json.loads(command(lab, "list", "--json").splitlines()[-1])["researchers"]
    assert [row["paused"] for row in rows] == [True, False, False]
    assert rows[1]["reason"] == "by_a_person"
    command(lab, "resume", "all")
    assert "paused" not in command(lab, "list")


def test_who_is_told_something_or_asked_for_nothing_new_is_said_by_name(lab: Lab) -> None:
    with lab.database.write() as tx:
        researchers.set_state(tx, "r3", "finished", reason=EndReason.LAB_OVER)
        tx.execute(schema.researchers.update().values(model="mockllm/m"))
        tx.execute(
            schema.researchers.update().where(schema.researchers.c.name == "r2").values(model="aar/random")
        )
    told = command(lab, "tell", "all", "Look at \x1b[31ms3\x1b[0m.").splitlines()
    assert told[:3] == [
        "r1 reads this before its next turn",
        "r2 is driven by a policy, which reads no messages",
        "r3 has ended: it reads this only if it is started again",
    ]
    command(lab, "pause", "r1")
    assert command(lab, "pause", "r1") == "r1 was paused already\n"
    assert "nothing to pause" in command(lab, "pause", "r3")
    assert "reads this when it goes on" in command(lab, "tell", "r1", "And s4.")
    assert command(lab, "resume", "r1").startswith("r1 goes on")
    assert "nothing changes" in command(lab, "resume", "r1")
    assert "ends after some last turns" in command(lab, "stop", "r1")
    assert command(lab, "stop", "r1") == "r1 was stopped already\n"
    assert "is started again" in command(lab, "resume", "r1")
    with lab.database.read() as tx:
        notes = [entry.body["steered"] for entry in entries(tx) if "steered" in entry.body]
    assert [(note["what"], note["researchers"]) for note in notes] == [
        ("tell", ["r1"]),
        ("tell", ["r3"]),
        ("pause", ["r1"]),
        ("tell", ["r1"]),
        ("resume", ["r1"]),
        ("stop", ["r1"]),
        ("resume", ["r1"]),
    ], "what changes nothing is no entry"
    assert notes[0]["text"] == "Look at s3."


@pytest.mark.parametrize(("name", "text"), [("r9", "x"), ("r1", ""), ("r1", "\x1b[31m"), ("r2", "x")])
def test_a_word_to_nobody_or_without_words_is_refused_by_the_command(lab: Lab, name: str, text: str) -> None:
    with lab.database.write() as tx:
        tx.execute(
            schema.researchers.update().where(schema.researchers.c.name == "r2").values(model="aar/random")
        )
    ran = CliRunner().invoke(app, ["researcher", "tell", str(lab.folder.path), name, text])
    assert isinstance(ran.exception, (NotFound, BadRequest))


def test_after_a_word_to_a_lab_that_does_not_run_the_ledger_still_has_its_second_copy(lab: Lab) -> None:
    for what, *arguments in (("pause", "r1"), ("tell", "r3", "Hello."), ("stop", "r1"), ("resume", "all")):
        command(lab, what, *arguments)
        found = Ledger(lab.database).verify(mirror=lab.folder.ledger)
        assert found.mirrored == found.entries


def test_who_was_at_work_when_the_lab_ended_is_not_said_to_be_at_work(lab: Lab) -> None:
    with lab.database.write() as tx:
        for name in NAMES:
            researchers.set_state(tx, name, "working")
            progress.add(tx, name, progress.Activity.THINKING, "hard")
        troubles.begin(
            tx, "r2", progress.ProviderTrouble.NO_CREDIT, detail="x", permanent=True, next_try_seconds=9.0
        )
        researchers.set_state(tx, "r3", "finished", reason=EndReason.LAB_OVER)
    first, *shown = command(lab, "list").splitlines()
    assert "no lab runs" in first
    assert shown[0].split()[:3] == ["r1", "was", "thinking"]
    text = "\n".join(shown)
    assert "was in trouble" in text
    assert "no credit: x" in text
    assert "the lab took nothing more from it" in text
    assert "lab_over" not in text
    assert json.loads(command(lab, "list", "--json").splitlines()[-1])["lab_runs"] is False
    with hold(lab.folder):
        running = command(lab, "list").splitlines()
    assert running[0].split()[:2] == ["r1", "thinking"]


def test_every_reason_to_end_has_words() -> None:
    for reason in EndReason:
        assert " " in reason_words(reason)
