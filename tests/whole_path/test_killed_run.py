"""A whole run whose every process is killed once, then continued: nothing is lost and nothing is paid twice.

One run serves all tests of this file, since it takes minutes: the launcher, the lab, the scorer, a student
service, a researcher and a method process in flight each get a SIGKILL.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from aar import database, ledger
from aar.database import charges, posts, runs, submissions, verdicts
from aar.folder import LabFolder

pytestmark = pytest.mark.timeout(600)

START = """
import json, sys
from pathlib import Path
from aar.cli.run import run_lab
from aar.folder import LabFolder
from aar.settings import Settings

settings = Settings(
    researchers=2,
    minutes=2.8,
    seed=5,
    submissions=4,
    baseline_seeds=3,
    sealed_seeds=4,
    floors=4,
    ceilings=4,
)
print(json.dumps(run_lab(LabFolder(Path(sys.argv[1])), settings, port=None)))
"""
VICTIMS = ("aar.server", "aar.scoring", "aar.students", "aar.researchers", "w2s.runner")


@dataclass(frozen=True)
class Interrupted:
    """The folder of the run, what was in it when the launcher was killed, and what `--resume` printed."""

    folder: LabFolder
    before: dict[str, Any]
    killed: tuple[str, ...]
    left: list[str]
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
    found = []
    for process in psutil.Process(launcher.pid).children(recursive=True):
        try:
            words = process.cmdline()
        except psutil.Error:
            continue
        if module in words and "bwrap" not in words[0]:
            found.append(process)
    return found


def wait_for(condition: Any, *, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Interrupted]:
    folder = LabFolder(tmp_path_factory.mktemp("run"))
    output = (folder.path / "launcher.log").open("wb")
    launcher = subprocess.Popen(
        [sys.executable, "-c", START, str(folder.path)], stdout=output, stderr=subprocess.STDOUT
    )
    killed = []
    try:
        assert wait_for(lambda: below(launcher, "aar.researchers"), seconds=180), (
            folder.path / "launcher.log"
        ).read_text()
        for module in VICTIMS:
            assert wait_for(lambda module=module: below(launcher, module), seconds=60), f"no {module} to kill"
            for victim in below(launcher, module)[-1:]:
                victim.kill()
                killed.append(module)
            time.sleep(3)
        before = recorded(folder)
        descendants = psutil.Process(launcher.pid).children(recursive=True)
        launcher.kill()
        launcher.wait()
        psutil.wait_procs(descendants, timeout=10)
        left = [" ".join(process.cmdline()) for process in descendants if process.is_running()]
        resumed = subprocess.run(
            [sys.executable, "-m", "aar.cli", "run", "--resume", str(folder.path), "--json"],
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert resumed.returncode == 0, resumed.stderr[-3000:]
        yield Interrupted(
            folder, before, tuple(killed), left, json.loads(resumed.stdout.strip().splitlines()[-1])
        )
    finally:
        if launcher.poll() is None:
            launcher.kill()
        output.close()


def test_every_kind_of_process_was_killed(interrupted: Interrupted) -> None:
    assert interrupted.killed == VICTIMS


def test_no_process_outlives_the_launcher(interrupted: Interrupted) -> None:
    assert interrupted.left == []


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
    assert printed["submissions"] >= len(interrupted.before["submissions"]) - 3
    assert set(printed["baselines"]) == {"vanilla", "confident_labels", "zero_shot"}
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
    assert list(interrupted.folder.inspect_logs.glob("*.eval"))
