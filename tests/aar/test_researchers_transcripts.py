"""No transcript is lost: a researcher ends by itself, by a signal or by SIGKILL, and its log opens all the same."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_lab import FakeLab, serve

from aar.folder import LabFolder
from aar.researchers import running
from aar.researchers.exits import ExitCode
from aar.researchers.stopping import GRACE_SECONDS
from aar.researchers.transcripts import Recovered, Trouble, look, recover

TOKEN = "a-token"
SOON = 60.0
"""Seconds: a busy machine is given them, and what a researcher is in the middle of takes longer."""


def folder_of(parent: Path) -> LabFolder:
    lab = LabFolder(parent / "lab")
    for path in (lab.forum, lab.practice, lab.inspect_logs):
        path.mkdir(parents=True)
    return lab


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    tmp_path.chmod(0o755)
    return folder_of(tmp_path)


@contextlib.contextmanager
def researcher(
    folder: LabFolder, url: str, *, home: Path, script: str = ""
) -> Iterator[subprocess.Popen[str]]:
    home.mkdir(exist_ok=True)
    program = str(Path(__file__).with_name("scripted_researcher.py"))
    model = ["--model", "mockllm/model"] if script else []
    process = subprocess.Popen(
        [sys.executable, program, "--lab", str(folder.path), "--name", "r1", "--url", url, *model],
        env={**os.environ, "AAR_TOKEN": TOKEN, "HOME": str(home), "AAR_SCRIPT": script},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Any, *, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def waits(lab: FakeLab) -> bool:
    return any("/v1/submissions/s1" in what for what, _ in list(lab.requests))


def read(folder: LabFolder) -> Any:
    from inspect_ai.log import read_eval_log

    (path,) = folder.inspect_logs.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples
    return log


def calls(log: Any) -> list[str]:
    return [
        call.function
        for message in log.samples[0].messages
        for call in getattr(message, "tool_calls", None) or ()
    ]


@pytest.fixture(scope="module")
def killed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a lab whose researcher was killed while it waited for a verdict; checked until then."""
    made = tmp_path_factory.mktemp("killed")
    made.chmod(0o755)
    folder = folder_of(made)
    lab = FakeLab(researchers=("r1",), minutes=60, undecided=True, submissions_each=1)
    with serve(lab, {TOKEN: "r1"}) as url, researcher(folder, url, home=made / "home") as process:
        until(lambda: waits(lab))
        while_alive = recover(folder)
        process.kill()
        process.wait()
    (path,) = folder.inspect_logs.glob("*.eval")
    assert while_alive == Recovered(live=(path.name,))
    assert not list((made / "home").rglob("*.db")), "nothing is left in the home"
    return folder.path


@pytest.fixture
def killed(killed_once: Path, tmp_path: Path) -> LabFolder:
    """A copy of it that a test may change."""
    shutil.copytree(killed_once, tmp_path / "lab", symlinks=True)
    return LabFolder(tmp_path / "lab")


def spoken(said: str) -> list[str]:
    """The lines that are no entries of a log, which begin with the time."""
    return [line for line in said.splitlines() if not re.match(r"\d{4}-\d\d-\d\dT", line)]


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_ends_it_within_seconds_with_its_log_written(
    folder: LabFolder, tmp_path: Path, number: signal.Signals
) -> None:
    lab = FakeLab(researchers=("r1",), minutes=60, undecided=True, submissions_each=1)
    with serve(lab, {TOKEN: "r1"}) as url, researcher(folder, url, home=tmp_path / "home") as process:
        until(lambda: waits(lab))
        process.send_signal(number)
        _, said = process.communicate(timeout=SOON)
    assert process.returncode == ExitCode.STOPPED
    assert len(spoken(said)) == 1, said
    log = read(folder)
    assert log.status == "cancelled"
    assert "submit_method" in calls(log)
    assert recover(folder) == Recovered()
    assert not list((folder.inspect_logs / running.FOLDER).glob("**/*.db"))


@pytest.mark.parametrize(
    ("script", "number"),
    [
        ("a command that runs long", signal.SIGTERM),
        ("a call that hangs", signal.SIGINT),
    ],
)
def test_a_signal_ends_it_in_the_middle_of_what_it_does(
    folder: LabFolder, tmp_path: Path, script: str, number: signal.Signals
) -> None:
    lab = FakeLab(researchers=("r1",), minutes=60)
    begun = folder.workspaces / "r1" / "begun"
    with (
        serve(lab, {TOKEN: "r1"}) as url,
        researcher(folder, url, home=tmp_path / "home", script=script) as process,
    ):
        until(begun.exists)
        time.sleep(1.0)
        below = psutil.Process(process.pid).children(recursive=True)
        assert below, "its sandbox"
        process.send_signal(number)
        _, said = process.communicate(timeout=SOON)
    assert process.returncode == ExitCode.STOPPED, said
    assert len(spoken(said)) == 1, said
    _, alive = psutil.wait_procs(below, timeout=SOON)
    assert alive == []
    log = read(folder)
    assert log.status == "cancelled"
    assert calls(log) == ["bash"]


def test_one_that_cannot_end_by_itself_gives_up_and_is_recovered(folder: LabFolder, tmp_path: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=60)
    begun = folder.workspaces / "r1" / "begun"
    with (
        serve(lab, {TOKEN: "r1"}) as url,
        researcher(folder, url, home=tmp_path / "home", script="a call that blocks everything") as process,
    ):
        until(begun.exists)
        time.sleep(1.0)
        process.terminate()
        assert process.wait(timeout=GRACE_SECONDS + SOON) == ExitCode.STOPPED
    assert recover(folder).recovered
    assert calls(read(folder)) == ["bash"]


def test_one_that_ends_while_the_lab_is_open_says_so(folder: LabFolder, tmp_path: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=60)
    with (
        serve(lab, {TOKEN: "r1"}) as url,
        researcher(folder, url, home=tmp_path / "home", script="refuses") as process,
    ):
        _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.ENDED_FOR_GOOD, said
    assert not lab.finished
    assert read(folder).status == "success"


def test_a_signal_before_its_session_begins_ends_it_as_well(folder: LabFolder, tmp_path: Path) -> None:
    lab = FakeLab(researchers=("r1",), minutes=60, down=1000)
    with serve(lab, {TOKEN: "r1"}) as url, researcher(folder, url, home=tmp_path / "home") as process:
        until(lambda: lab.down < 1000)
        process.terminate()
        _, said = process.communicate(timeout=SOON)
    assert process.returncode == ExitCode.STOPPED
    assert len(spoken(said)) == 1, said


def test_a_killed_one_is_recovered_up_to_its_last_call(killed: LabFolder) -> None:
    from inspect_ai.log import list_eval_logs

    folder = killed
    (path,) = folder.inspect_logs.glob("*.eval")
    assert [info.name.rsplit("/", 1)[1] for info in list_eval_logs(str(folder.inspect_logs))] == [path.name]

    assert recover(folder) == Recovered(recovered=(path.name,))
    log = read(folder)
    assert log.status == "error"
    made = calls(log)
    assert made[-1] == "wait_for_verdict"
    answered = [message for message in log.samples[0].messages if message.role == "tool"]
    assert len(answered) == len(made) - 1, "all but the call that it was killed in have their answers"
    assert recover(folder) == Recovered()


def test_a_log_of_a_run_folder_that_was_moved_is_recovered(killed: LabFolder, tmp_path: Path) -> None:
    moved = LabFolder(killed.path.rename(tmp_path / "moved"))
    assert recover(moved).recovered
    assert "submit_method" in calls(read(moved))


def test_what_cannot_be_recovered_is_said_and_hides_nothing_else(killed: LabFolder) -> None:
    from inspect_ai.log import read_eval_log

    folder = killed
    (path,) = folder.inspect_logs.glob("*.eval")
    lost = path.with_name(f"1-{path.name}")
    lost.write_bytes(path.read_bytes())
    cut = path.with_name(f"2-{path.name}")
    cut.write_bytes(path.read_bytes()[:-40])
    spoilt = path.with_name(f"3-{path.name}")
    spoilt.write_bytes(path.read_bytes())
    (buffer,) = running.buffers(folder.inspect_logs, path.name)
    buffer.with_name(f"3-{buffer.name}").write_bytes(b"SQLite format 3\0" + b"no database" * 1000)

    done = recover(folder)
    assert done.recovered == (path.name,)
    troubles = {
        lost.name: Trouble.NO_EVENTS,
        cut.name: Trouble.DAMAGED_LOG,
        spoilt.name: Trouble.DAMAGED_EVENTS,
    }
    assert done.troubles == troubles
    assert read_eval_log(str(path)).samples
    assert [read_eval_log(str(each)).status for each in (lost, spoilt)] == ["error", "error"]
    assert list(buffer.parent.glob("3-*.damaged")), "what could not be read is kept"
    assert recover(folder) == Recovered(troubles={cut.name: Trouble.DAMAGED_LOG})


def test_nothing_to_recover_costs_no_import(folder: LabFolder) -> None:
    with zipfile.ZipFile(folder.inspect_logs / "a.eval", "w") as log:
        log.writestr("header.json", "{}")
    script = (
        "import sys; from pathlib import Path; from aar.folder import LabFolder; "
        "from aar.researchers.transcripts import Recovered, recover; "
        f"assert recover(LabFolder(Path({str(folder.path)!r}))) == Recovered(); "
        "assert 'inspect_ai' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("start", ["[]", "3", "null", '{"eval": 3}', "{}", "[" * 100_000])
def test_a_log_that_says_nothing_sensible_of_its_start_is_damaged_or_dead_and_no_crash(
    folder: LabFolder, start: str
) -> None:
    with zipfile.ZipFile(folder.inspect_logs / "a.eval", "w") as log:
        log.writestr("_journal/start.json", start)
    found = look(folder.inspect_logs)
    assert [*found.dead, *found.damaged] == ["a.eval"]


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, 93])
def test_a_log_whose_bytes_were_changed_is_damaged_and_no_crash(folder: LabFolder, how: int) -> None:
    import zipfile_zstd  # type: ignore[import-untyped]  # noqa: F401

    path = folder.inspect_logs / "a.eval"
    with zipfile.ZipFile(path, "w", how) as log:
        log.writestr("_journal/start.json", '{"eval": {"metadata": {"process": "r1-0"}}}' * 3)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        look(folder.inspect_logs)


@pytest.mark.parametrize("target", ["nowhere", "precious"])
def test_a_buffer_that_is_a_link_is_no_buffer(folder: LabFolder, tmp_path: Path, target: str) -> None:
    (tmp_path / "precious").write_bytes(b"kept")
    place = folder.inspect_logs / running.FOLDER / "inspect_ai" / "samplebuffer" / "0"
    place.mkdir(parents=True)
    (place / "a.eval.1.db").symlink_to(tmp_path / target)
    assert running.buffers(folder.inspect_logs, "a.eval") == []
    (place / "a.eval.2.db").write_bytes(b"")
    assert [path.name for path in running.buffers(folder.inspect_logs, "a.eval")] == ["a.eval.2.db"]
