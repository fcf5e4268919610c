"""The launcher and its researchers' ends: what the lab was not told by themselves it hears from the launcher."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from aar.errors import LabBusy, LabFolderError
from aar.folder import LabFolder
from aar.launch.children import Child, plain
from aar.launch.operator_client import OperatorClient
from aar.launch.reserved import hold
from aar.launch.signals import STOPS, Hurry, Stopped, exit_code
from aar.launch.status_feed import StatusFeed
from aar.launch.team import Team
from aar.settings import Settings


class Silent:
    """A display that nobody looks at."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None: ...
    def update(self, status: object) -> None: ...
    def tick(self) -> None: ...
    def say(self, line: str) -> None: ...


def test_a_researcher_that_ended_well_is_over_for_the_lab_though_its_last_word_was_lost(
    tmp_path: Path,
) -> None:
    away, heard = [True], []

    def lab(request: httpx.Request) -> httpx.Response:
        if away[0]:
            raise httpx.ConnectError("the lab restarts")
        heard.append(request.url.path)
        return httpx.Response(200, json={})

    line = OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))
    team = Team(LabFolder(tmp_path), Silent(), line)
    child = Child("r1", plain([sys.executable, "-c", ""]), tmp_path / "r1.log")
    team.add_researcher(child)
    assert isinstance(child.process, subprocess.Popen)
    child.process.wait()
    team.look_after()
    away[0] = False
    for _ in range(3):
        team.look_after()
    assert heard == ["/v1/operator/researchers/r1/stopped"]
    assert child.starts == 1
    assert not team.given_up


def test_the_lab_hears_that_a_researcher_died_before_the_next_process_begins(tmp_path: Path) -> None:
    away, events = [True], []

    def lab(request: httpx.Request) -> httpx.Response:
        if away[0]:
            raise httpx.ConnectError("the lab restarts")
        events.append(request.url.path)
        return httpx.Response(200, json={})

    def start(output: object) -> subprocess.Popen[bytes]:
        events.append("starts")
        process = subprocess.Popen(["false"] if events == ["starts"] else ["sleep", "600"])
        if events == ["starts"]:
            process.wait()
        return process

    line = OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))
    team = Team(LabFolder(tmp_path), Silent(), line)
    team.add_researcher(Child("r1", start, tmp_path / "r1.log"))
    end = time.monotonic() + 60
    while time.monotonic() < end and len(events) < 3:
        team.look_after()
        away[0] = time.monotonic() < end - 58
        time.sleep(0.05)
    assert events == ["starts", "/v1/operator/researchers/r1/restarts", "starts"]
    team.researchers[0].stop()


@pytest.mark.parametrize("ends_with", [0, 4], ids=["it had finished", "it was given up"])
def test_one_that_had_ended_is_started_again_once_a_person_lets_it_go_on(
    tmp_path: Path, ends_with: int
) -> None:
    heard: list[str] = []

    def lab(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json={})

    line = OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))
    team = Team(LabFolder(tmp_path), Silent(), line)
    ends = [sys.executable, "-c", f"raise SystemExit({ends_with})"]
    child = Child("r1", plain(ends), tmp_path / "r1.log")
    team.add_researcher(child)

    def until(over: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not over() and time.monotonic() < end:
            team.look_after()
            time.sleep(0.02)
        assert over()

    until(lambda: "r1" in team.done or "r1" in team.given_up)
    for state in ("working", "stopped", "finished"):
        team.heard({"r1": state})
        team.look_after()
    assert child.starts == 1
    team.heard({"r1": "waiting"})
    team.look_after()
    assert (child.starts, team.done, team.given_up) == (2, set(), {})
    assert heard == ["stopped", "restarts"]
    child.stop()


def test_a_run_that_goes_on_elsewhere_keeps_its_settings(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    folder.describe({"settings": Settings(minutes=20.0).as_json(), "testbed": "mini-chat"})
    command = [sys.executable, "-m", "aar.cli", "run", "--resume", str(tmp_path), "--minutes", "+10"]
    with hold(folder):
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "being run by another" in refused.stderr
    assert json.loads(folder.description.read_text())["settings"]["minutes"] == 20.0


def test_a_folder_is_held_once(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    with hold(folder), pytest.raises(LabBusy, match="is being run by another aar"), hold(folder):
        pass
    with hold(folder):
        pass


def test_a_lock_that_was_linked_to_another_file_is_refused_and_the_file_kept(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(LabFolderError, match="must be a plain file"), hold(LabFolder(tmp_path / "run")):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def answering(versions: list[dict[str, object]]) -> OperatorClient:
    """A lab that has these statuses, and then no news for as long as anybody waits."""

    def lab(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        newer = [status for status in versions if int(str(status["version"])) > after]
        if not newer:
            time.sleep(0.05)
            return httpx.Response(200, json={"version": after})
        return httpx.Response(200, json=newer[0])

    return OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))


def test_the_launcher_is_told_of_each_change_once_and_of_nothing_while_nothing_changes() -> None:
    statuses: list[dict[str, object]] = [{"version": 3, "phase": "baselines"}]
    with StatusFeed(answering(statuses)) as feed:
        assert feed.next(60.0) == {"version": 3, "phase": "baselines"}
        assert feed.next(0.5) is None
        statuses.append({"version": 7, "phase": "research"})
        assert feed.next(60.0) == {"version": 7, "phase": "research"}
        assert feed.trouble == ""


def test_a_lab_that_is_away_is_noticed_by_the_time_since_it_was_heard() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with StatusFeed(OperatorClient("http://lab", "token", transport=httpx.MockTransport(gone))) as feed:
        since = feed.heard
        assert feed.next(0.5) is None
        assert feed.heard == since
        assert "refused" in feed.trouble


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_by_a_signal_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "aar.cli", "run", "--out", str(tmp_path)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # as from a terminal: what a shell runs in the background ignores SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as launcher:
        while launcher.poll() is None and not list(tmp_path.glob("*/logs/prepare.log")):
            time.sleep(0.1)
        launcher.send_signal(number)
        output, _ = launcher.communicate()
    (made,) = tmp_path.iterdir()
    assert launcher.returncode == 128 + number, output
    assert output.strip().endswith(f"run --resume {made}"), output


@pytest.fixture
def hurry():
    before = {number: signal.getsignal(number) for number in STOPS}
    yield Hurry()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("number", STOPS)
def test_a_signal_whose_exception_was_dropped_is_raised_at_the_next_look(
    hurry: Hurry, number: signal.Signals
) -> None:
    class Deleted:
        def __del__(self) -> None:
            signal.raise_signal(number)  # as in a callback after a fork: what is raised here is only printed

    signal.signal(number, signal.SIG_DFL)
    hurry.install()
    hurry.check()
    Deleted()
    with pytest.raises(Stopped) as stopped:
        hurry.check()
    assert exit_code(stopped.value) == 128 + number


def test_a_signal_that_was_to_be_ignored_stays_ignored(hurry: Hurry) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with hurry.install():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_one_that_was_let_go_on_while_it_ended_is_started_once_more_and_not_again(tmp_path: Path) -> None:
    """Its last word comes late, its process ends well, and what the launcher heard of it is old."""
    heard: list[str] = []

    def lab(request: httpx.Request) -> httpx.Response:
        heard.append(request.url.path.rpartition("/")[2])
        return httpx.Response(200, json={})

    line = OperatorClient("http://lab", "token", transport=httpx.MockTransport(lab))
    team = Team(LabFolder(tmp_path), Silent(), line)
    child = Child("r1", plain([sys.executable, "-c", ""]), tmp_path / "r1.log")
    team.add_researcher(child)
    team.heard({"r1": "waiting"})
    for _ in range(2):
        assert isinstance(child.process, subprocess.Popen)
        child.process.wait()
        for _ in range(3):
            team.look_after()
    assert heard == ["stopped", "restarts", "stopped"]
    assert child.starts == 2
