"""A session that a person pauses takes no further turn, and reads what it is told before its next one."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from fake_lab import FakeLab, serve
from provider_servers import Provider, Say, Turn, Use
from provider_servers import serve as provide
from provider_servers.server import KEY
from test_researchers_ends import OPUS, SHORT

from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions
from aar.researchers.session import Session, run

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
    told = [turn.number for turn in provider.turns if "The person who runs this lab tells you:" in turn.last]
    assert len(told) == 1
    (text,) = [turn.last for turn in provider.turns if turn.number == told[0]]
    assert text.index("Look at s3.") < text.index("And at s5.")
    assert lab.messages["r1"] == []
    after = [at for number, at in asked if number > 2]
    assert after[0] >= resumed[0], "no turn while it was paused"
    assert ("r1", "resting", "paused by a person") in lab.progress
