"""A session that a person pauses takes no further turn, and reads what it is told before its next one."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fake_lab import Declined, FakeLab, serve
from provider_servers import Provider, Say, Turn, Use
from provider_servers import serve as provide
from provider_servers.server import KEY
from test_researchers_ends import OPUS, SHORT

from aar.researchers import ending
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.lab_client import LabClient
from aar.researchers.session import Session, run
from aar.researchers.watching import LET_GO_ON, TOLD, Watch

LOOK = Use.one("my_status")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    lab = tmp_path / "lab"
    for name in ("forum", "practice"):
        (lab / name).mkdir(parents=True)
    tmp_path.chmod(0o755)
    return lab


def test_it_reads_a_message_once_and_waits_while_it_is_paused(folder: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)
    asked: list[tuple[int, float]] = []
    resumed: list[float] = []

    def resume() -> None:
        time.sleep(1.5)
        resumed.append(time.monotonic())
        with lab.lock:
            lab.paused.clear()

    def answer(turn: Turn) -> object:
        asked.append((turn.number, time.monotonic()))
        if turn.number == 1:
            lab.messages["r1"] = [{"id": 4, "text": "Look at s3."}, {"id": 7, "text": "And at s5."}]
        if turn.number == 2:
            lab.paused.add("r1")
            threading.Thread(target=resume).start()
        if turn.number >= 4:
            lab.stopped = "submissions"
        return Say("Done.") if turn.number > 5 else LOOK

    provider = Provider(answer)  # type: ignore[arg-type]
    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        session = Session(folder, "r1", url, model=OPUS, options=ModelOptions(base_url=base), waits=SHORT)
        assert run(session, "token") is ExitCode.OK
    told = [turn.number for turn in provider.turns if TOLD in turn.last]
    assert len(told) == 1
    (text,) = [turn.last for turn in provider.turns if turn.number == told[0]]
    assert text.index("Look at s3.") < text.index("And at s5.")
    assert lab.messages["r1"] == []
    after = [at for number, at in asked if number > 2]
    assert after[0] >= resumed[0], "no turn while it was paused"
    assert ("r1", "resting", "paused by a person") in lab.progress


def test_one_that_is_let_go_on_in_its_last_turns_works_on(folder: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)

    def answer(turn: Turn) -> object:
        if turn.number == 2:
            lab.stopped = "stopped"
        if turn.number == 5:
            lab.stopped = None
        if turn.number >= 20:
            lab.stopped = "submissions"
        return Say("Done.") if turn.number in (5, 22) else LOOK

    provider = Provider(answer)  # type: ignore[arg-type]
    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        session = Session(folder, "r1", url, model=OPUS, options=ModelOptions(base_url=base), waits=SHORT)
        assert run(session, "token") is ExitCode.OK
    assert [turn.number for turn in provider.turns if LET_GO_ON in turn.last] == [6]
    assert provider.turns[-1].number == 22, "with last turns of their own at its second end"
    assert [told.state for _, told in lab.calls.states] == ["working", "finished"]


def test_one_that_is_let_go_on_between_its_last_look_and_its_end_is_started_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)
    lab.stopped = "stopped"
    last = Watch._last

    async def over(watch: Watch, calls: bool) -> bool | str:
        goes_on = await last(watch, calls)
        if goes_on is False:
            lab.stopped = None
        return goes_on

    monkeypatch.setattr(Watch, "_last", over)
    provider = Provider(lambda turn: Say("Done."))  # type: ignore[arg-type]
    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        session = Session(folder, "r1", url, model=OPUS, options=ModelOptions(base_url=base), waits=SHORT)
        assert run(session, "token") is ExitCode.ENDED_EARLY
    assert [told.state for _, told in lab.calls.states] == ["working"]
    assert "a person let it go on" in capsys.readouterr().err.strip().splitlines()[-1]


def test_a_call_that_a_pause_meets_waits_for_the_person_and_then_is_taken(folder: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)
    asked: list[float] = []
    taken = lab.calls.taken

    def refuse(who: str, path: str, body: dict[str, Any]) -> bool:
        if path == "/v1/calls" and "r1" in lab.paused:
            raise Declined(429, "NotNow", "a person has paused r1")
        return taken(who, path, body)

    def resume() -> None:
        with lab.lock:
            asked.append(time.monotonic())
            lab.paused.clear()

    lab.calls.taken = refuse  # type: ignore[method-assign]
    lab.paused.add("r1")

    async def open_one(url: str) -> float:
        client = LabClient(url, "token")
        threading.Timer(1.0, resume).start()
        await client.open_call("c1", model=OPUS, input_tokens=1, output_tokens=1)
        await client.close()
        return time.monotonic()

    with serve(lab, {"token": "r1"}) as url:
        assert asyncio.run(open_one(url)) >= asked[0]
    assert list(lab.calls.by_id) == ["c1"]


def test_a_person_who_stops_it_waits_for_no_verdict() -> None:
    pending = [{"status": "pending"}]
    assert ending.over({"stop": True, "stop_reason": "stopped", "submissions": pending})
    assert not ending.over({"stop": True, "stop_reason": "submissions", "submissions": pending})
