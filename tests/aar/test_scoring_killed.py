"""`kill -9` of a real scorer process, again and again: every verdict is written, and written once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats  # noqa: F401  a forked scorer finds both imported
from synthetic_lab import SyntheticLab

from aar.database import submissions, verdicts
from aar.ledger import Ledger, entries
from aar.scoring.audits import rules
from aar.scoring.serve import serve


def start(lab: SyntheticLab) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "aar.scoring", "serve", str(lab.path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def undecided(lab: SyntheticLab) -> int:
    with lab.db.read() as tx:
        return sum(one.stage != "done" for one in submissions.all(tx))


def fork(lab: SyntheticLab) -> int:
    """A scorer process that is at work at once: a copy of this one, which has imported everything."""
    child = os.fork()
    if child == 0:
        try:
            serve(lab.folder, stop=threading.Event(), say=lambda line: None)
        finally:
            os._exit(1)
    return child


def test_a_scorer_killed_again_and_again_writes_every_verdict_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "DRAWS", 20)  # a verdict in less time than the scorer is given
    lab = SyntheticLab(tmp_path / "lab")
    for name, accuracy in (("vanilla", 0.66), ("confident_labels", 0.68), ("zero_shot", 0.64)):
        lab.submit("lab", dev=accuracy, sealed=accuracy, title=name, seeds=5)
    for i in range(6):
        accuracy = 0.66 + 0.04 * i
        lab.submit(f"r{i % 3 + 1}", dev=accuracy, sealed=accuracy)
    rng, kills, longest = np.random.default_rng(0), 0, 0.3
    while left := undecided(lab):
        scorer = fork(lab)
        time.sleep(float(rng.uniform(0, longest)))
        os.kill(scorer, signal.SIGKILL)
        os.waitpid(scorer, 0)
        kills += 1
        lab.finish_audits()
        longest = (
            0.3 if undecided(lab) < left else 1.2 * longest
        )  # a busy machine needs longer for one verdict
        assert kills < 1000, "no progress between the kills"
    assert kills > 2
    with lab.db.read() as tx:
        written = Counter((verdict.submission, verdict.stage) for verdict in verdicts.all(tx))
        told = Counter(
            (entry.body["submission"], entry.body["stage"])
            for entry in entries(tx)
            if entry.kind == "verdict"
        )
    assert written == told
    assert set(written.values()) == {1}
    Ledger(lab.db).verify()


def test_a_second_scorer_of_the_same_lab_is_refused(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    first = start(lab)
    try:
        one = lab.submit("r1", dev=0.8, sealed=0.8)
        deadline = time.monotonic() + 120
        while lab.status(one)[1] != "done" and time.monotonic() < deadline:
            lab.finish_audits()
            time.sleep(0.05)
        second = start(lab)
        _, error = second.communicate(timeout=120)
        assert second.returncode == 1
        assert b"another scorer already serves" in error
    finally:
        first.kill()
        first.wait()


def test_a_scorer_that_is_asked_to_end_ends(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab").with_baselines()
    scorer = start(lab)
    one = lab.submit("r1", dev=0.66)
    deadline = time.monotonic() + 120
    while lab.status(one)[1] != "done" and time.monotonic() < deadline:
        time.sleep(0.05)
    scorer.terminate()
    assert scorer.wait(timeout=120) == 0
