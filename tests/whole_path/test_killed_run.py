"""A whole run whose every process is killed once, and which is stopped twice: nothing is lost and nothing paid twice.

One run serves all tests of this file, since it takes minutes: the launcher, the lab, the scorer, a student
service, a researcher, the researchers' host and a method process in flight each get a SIGKILL, and the run goes on to
its end. With `--slow` it goes on twice in between, each time with one submission more for each researcher, and is
stopped by Ctrl-C and by SIGTERM while both work. It ends when these are used up, so that it is the same run on a busy
machine. Its testbed is a user's own, with one small world, so that most of the time goes to processes and little to
training. It has one slot: each one more is a service more to start, five times, and the engine's own tests have two.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import own_testbed
import psutil
import pytest

from aar import database, ledger
from aar.database import charges, posts, progress, runs, submissions, verdicts
from aar.database.progress import Activity
from aar.folder import LabFolder

pytestmark = pytest.mark.timeout(1800)

START = """
import json, sys
from pathlib import Path
from aar.cli.run import run_lab
from aar.launch.reserved import listen
from aar.folder import LabFolder
from aar.settings import Settings
from w2s.testbeds import load

testbed = load(sys.argv[2])
settings = Settings(
    testbed=testbed.name,
    researchers=2,
    seed=5,
    submissions=1,
    slots=1,
    baselines=("vanilla", "zero_shot"),
    dev_seeds=2,
    baseline_seeds=2,
    sealed_seeds=2,
    floors=2,
    ceilings=2,
)
print(json.dumps(run_lab(LabFolder(Path(sys.argv[1])), settings, listen(None), testbed=testbed)))
"""
RESUME = [sys.executable, "-m", "aar.cli", "run", "--resume"]
LOGGED = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ (aar|w2s)\.", re.MULTILINE)
VICTIMS = ("aar.api", "aar.scoring", "aar.students", "aar r2", "aar.researchers.host", "w2s.runner")


@dataclass(frozen=True)
class Interrupted:
    """The folder of the run, what was in it when the launcher was killed, and what `--resume` printed.

    `stopped` tells of each time that it was asked to stop: the exit status, the last line, and the transcripts that
    were not whole afterwards.
    """

    folder: LabFolder
    before: dict[str, Any]
    killed: tuple[str, ...]
    left: list[str]
    stopped: dict[signal.Signals, tuple[int, str, list[str]]]
    printed: dict[str, Any]


def recorded(folder: LabFolder) -> dict[str, Any]:
    store = database.open(folder.database)
    with store.read() as tx:
        found = {
            "submissions": {one.id: one.commit for one in submissions.all(tx)},
            "posts": {post.id: post.title for post in posts.all(tx)},
            "verdicts": {(one.submission, one.stage): one.status for one in verdicts.all(tx)},
            "charges": {one.key for one in charges.all(tx)},
            "ended": {one.key for one in runs.all(tx) if one.state in ("done", "failed")},
        }
    store.close()
    return found


def below(launcher: subprocess.Popen[bytes], module: str) -> list[psutil.Process]:
    """The processes of a module; researchers, who have their host's command line, are known by their names."""
    found = []
    for process in psutil.Process(launcher.pid).children(recursive=True):
        try:
            words, name = process.cmdline(), process.name()
        except psutil.Error:
            continue
        of_module = not name.startswith("aar r") and module in words and "bwrap" not in words[0]
        if of_module or name == module:
            found.append(process)
    return found


def wait_for(launcher: subprocess.Popen[bytes], module: str) -> list[psutil.Process]:
    """The processes of a module as soon as there are any; none if the launcher ended before."""
    while launcher.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            if found := below(launcher, module):
                return found
        time.sleep(0.05)
    return []


def not_whole(folder: LabFolder) -> list[str]:
    """Transcripts that do not open with all that was said.

    One that was killed before its first turn holds its task; one whose session could not begin, since what it needed
    was killed meanwhile, holds the error.
    """
    from inspect_ai.event import ModelEvent
    from inspect_ai.log import list_eval_logs, read_eval_log

    found = []
    for info in list_eval_logs(str(folder.inspect_logs)):
        log = read_eval_log(info)
        if not log.samples and log.error is not None:
            continue  # ended before anything was said, and says why
        if log.status == "started" or not log.samples:
            found.append(f"{info.name}: {log.status}, {len(log.samples or [])} samples")
            continue
        sample = log.samples[0]
        turned = any(isinstance(event, ModelEvent) for event in sample.events)
        if not sample.input or (turned and not sample.messages):
            found.append(f"{info.name}: {log.status}, {len(sample.events)} events, no message")
    return found


def working_since(folder: LabFolder, began: float) -> set[str]:
    """Researchers of whom something was heard since then, but that they start."""
    store = database.open(folder.database)
    with store.read() as tx:
        said = progress.all(tx)
    store.close()
    return {one.researcher for one in said if one.at > began and one.activity is not Activity.STARTING}


def hears_ctrl_c() -> None:
    """As from a terminal: what a shell runs in the background ignores SIGINT, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stopped_by(number: signal.Signals, folder: LabFolder) -> tuple[int, str, list[str]]:
    """Go on with the run, with one submission more, and ask it to stop while both researchers work."""
    began = time.time()
    launcher = subprocess.Popen(
        [*RESUME, str(folder.path), "--submissions", "+1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=hears_ctrl_c,
    )
    while launcher.poll() is None and working_since(folder, began) != {"r1", "r2"}:
        time.sleep(0.5)
    launcher.send_signal(number)
    output, _ = launcher.communicate(timeout=200)
    return launcher.returncode, output.decode().strip().splitlines()[-1], not_whole(folder)


@pytest.fixture(scope="module")
def interrupted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Interrupted]:
    signals = [signal.SIGINT, signal.SIGTERM] if request.config.getoption("--slow") else []
    folder = LabFolder(tmp_path_factory.mktemp("run"))
    testbed = own_testbed.write(tmp_path_factory.mktemp("own"))
    output = (folder.path / "launcher.log").open("wb")
    launcher = subprocess.Popen(
        [sys.executable, "-c", START, str(folder.path), str(testbed)],
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    killed = []
    try:
        assert wait_for(launcher, "aar r1"), (folder.path / "launcher.log").read_text()
        for module in VICTIMS:
            found = wait_for(launcher, module)
            assert found, f"no {module} to kill: {(folder.path / 'launcher.log').read_text()}"
            found[-1].kill()
            killed.append(module)
            time.sleep(1)
        before = recorded(folder)
        descendants = psutil.Process(launcher.pid).children(recursive=True)
        launcher.kill()
        launcher.wait()
        psutil.wait_procs(descendants, timeout=60)
        left = [" ".join(process.cmdline()) for process in descendants if process.is_running()]
        stopped = {number: stopped_by(number, folder) for number in signals}
        resumed = subprocess.run(
            [*RESUME, str(folder.path), "--json"],
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
        assert resumed.returncode == 0, resumed.stderr[-3000:]
        yield Interrupted(
            folder, before, tuple(killed), left, stopped, json.loads(resumed.stdout.strip().splitlines()[-1])
        )
    finally:
        if launcher.poll() is None:
            launcher.kill()
        output.close()


def test_every_kind_of_process_was_killed(interrupted: Interrupted) -> None:
    assert interrupted.killed == VICTIMS


def test_no_process_outlives_the_launcher(interrupted: Interrupted) -> None:
    assert interrupted.left == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on_and_keeps_its_transcripts(
    interrupted: Interrupted, number: signal.Signals, code: int
) -> None:
    ended, said, broken = interrupted.stopped[number]
    assert (ended, broken) == (code, [])
    assert said.endswith(f"aar run --resume {interrupted.folder.path}")


def test_every_transcript_of_the_run_opens_with_what_was_said(interrupted: Interrupted) -> None:
    assert not_whole(interrupted.folder) == []
    assert len(list(interrupted.folder.inspect_logs.glob("*.eval"))) >= 2 * (len(interrupted.stopped) + 1)


def test_a_run_that_ended_by_itself_leaves_nothing_undecided(interrupted: Interrupted) -> None:
    after = recorded(interrupted.folder)
    printed = interrupted.printed
    assert (printed["ending"], printed["pending"]) == ("complete", 0)
    assert printed["submissions"] == 2 * (1 + len(interrupted.stopped))
    decided = {id for id, _ in after["verdicts"]}
    assert decided >= set(after["submissions"])


def test_nothing_that_was_recorded_is_lost(interrupted: Interrupted) -> None:
    after = recorded(interrupted.folder)
    for what in ("submissions", "posts", "verdicts"):
        assert interrupted.before[what].items() <= after[what].items()
    for what in ("charges", "ended"):
        assert interrupted.before[what] <= after[what]


def test_no_run_is_paid_or_recorded_twice(interrupted: Interrupted) -> None:
    store = database.open(interrupted.folder.database)
    with store.read() as tx:
        book = list(ledger.entries(tx))
        ended = {one.key for one in runs.all(tx) if one.state in ("done", "failed")}
    store.close()
    paid = [entry.body["key"] for entry in book if entry.kind == "charge" and entry.body["kind"] == "run"]
    told = [entry.body["key"] for entry in book if entry.kind == "run"]
    assert len(paid) == len(set(paid))
    assert len(told) == len(set(told))
    assert set(paid) == ended


def test_the_ledger_holds_to_its_first_entry(interrupted: Interrupted) -> None:
    store = database.open(interrupted.folder.database)
    ledger.Ledger(store).verify(mirror=interrupted.folder.ledger)
    store.close()


def test_the_resumed_run_ends_with_its_report_and_counts_everything(interrupted: Interrupted) -> None:
    printed = interrupted.printed
    assert Path(printed["report"]).stat().st_size > 10_000
    assert set(printed["baselines"]) == {"vanilla", "zero_shot"}
    assert set(printed) >= {
        "run",
        "report",
        "submissions",
        "verified",
        "best",
        "baselines",
        "cost",
        "seconds",
    }


def test_every_process_left_a_log_with_times_that_tells_no_secret_and_no_figure(
    interrupted: Interrupted,
) -> None:
    folder = interrupted.folder
    logs = {path.stem: path.read_text(errors="replace") for path in folder.logs.glob("*.log")}
    assert set(logs) >= {"launcher", "lab", "scorer", "prepare", "references-0", "students-0", "r1", "r2"}
    for name, text in logs.items():
        assert LOGGED.search(text), name
        assert folder.lab_secret.read_bytes().hex() not in text
    told = [line for line in logs["scorer"].splitlines() if LOGGED.match(line)]
    assert any(" on dev: " in line for line in told)
    assert not [line for line in told if re.search(r"\d\.\d", line.split(" aar.", 1)[1])]
