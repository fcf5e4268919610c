"""`kill -9` of the process that hosts queue and engine, at random moments: every run ends once, and is paid once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from queue_lab import PretendedEngine, broken, in_memory, lost, open_lab, submit, trivial, work

from aar import database, ledger
from aar.database import charges, runs, waiting
from aar.engines import Job, Outcome
from aar.folder import LabFolder
from aar.lab import slots
from aar.ledger import Ledger

NAMES = ("r1", "r2", "r3")
SEEDS = 3


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def answer(job: Job) -> Outcome:
    """Most methods work; one in seven fails, and one in seven is lost at every try."""
    kind = int(job.code["method.py"].rsplit(" ", 1)[1]) % 7
    return broken(job) if kind == 3 else lost(job) if kind == 5 else trivial(job)


def study(path: Path, submissions: int) -> None:
    """A lab with so many submissions of each of three researchers, none of them run yet."""
    lab = open_lab(path, *NAMES, dev_seeds=SEEDS, queued=10_000)
    for i in range(submissions):
        for name in NAMES:
            submit(lab, name, f"{name} {i}")
    lab.database.close()


def host(path: Path) -> int:
    """A host that is at work at once: a copy of this process, which has imported everything."""
    child = os.fork()
    if child == 0:
        try:
            slots.FIRST_PAUSE_SECONDS = 0.01  # what is lost here is lost on purpose
            work(open_lab(path, *NAMES, dev_seeds=SEEDS), PretendedEngine(answer, seconds=0.05))
            os._exit(0)
        finally:
            os._exit(1)
    return child


def left(path: Path) -> int:
    store = database.open(LabFolder(path).database)
    with store.read() as tx:
        found = waiting.counts(tx)
    store.close()
    return found.get("queued", 0) + found.get("running", 0)


def killed_at_random_moments(path: Path, *, times: int, longest: float) -> int:
    """Kill the study's host again and again, then let one end it; how many kills hit a host with work to do."""
    rng, kills = np.random.default_rng(0), 0
    for _ in range(times):
        child = host(path)
        time.sleep(float(rng.uniform(0.0, longest)))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.waitstatus_to_exitcode(status) == -signal.SIGKILL and left(path) > 0
    assert os.waitstatus_to_exitcode(os.waitpid(host(path), 0)[1]) == 0
    return kills


def check(path: Path, *, queued: int) -> None:
    """Every run that was queued has one end in the ledger, and every one that ran to its end has one charge."""
    store = database.open(LabFolder(path).database)
    with store.read() as tx:
        everything = runs.all(tx)
        told = Counter(one.body["key"] for one in ledger.entries(tx) if one.kind == "run")
        paid = Counter(one.body["key"] for one in ledger.entries(tx) if one.kind == "charge")
        rows = {charge.key for charge in charges.all(tx)}
    Ledger(store).verify()
    store.close()
    assert len(everything) == queued
    assert told == {run.key: 1 for run in everything}
    assert paid == {run.key: 1 for run in everything if run.state in ("done", "failed")}
    assert rows == set(paid)
    assert {run.state for run in everything} == {"done", "failed", "lost", "cancelled"}
    for run in everything:
        arrays = LabFolder(path).blobs / f"{run.blob}.safetensors"
        assert arrays.is_file() == (run.state == "done")


def test_a_host_killed_five_times_leaves_every_run_with_one_end(memory: Path) -> None:
    study(memory, 10)
    assert killed_at_random_moments(memory, times=5, longest=0.4) == 5
    check(memory, queued=10 * len(NAMES) * SEEDS)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_host_killed_at_fifty_moments_leaves_every_run_with_one_end(memory: Path) -> None:
    study(memory, 70)
    assert killed_at_random_moments(memory, times=50, longest=0.3) == 50
    check(memory, queued=70 * len(NAMES) * SEEDS)
