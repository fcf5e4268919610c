"""The three benches of one run: in this process, through a real student service process, and the tests' own."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fake_bench import FakeBench
from student_lab import SEEDS, TEST, UNLABELLED, fill, gradient_of, request, soft_labels, splits

from aar.students.control import recv_report, send_run
from w2s import testbeds, wire
from w2s.bench import LocalBench
from w2s.client import RemoteBench
from w2s.records import Predictions

LOG_NAMES = ("loss", "share")
OF_THE_MODEL = ("is not a word of this model", "start with the same token", "no tokens under this template")
"""Refusals that only a bench with models knows."""


class StudentService:
    """A student service process of its own, which serves one run after the other."""

    def __init__(self, folder: Path) -> None:
        fill(folder)
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "aar.students",
                    "--control",
                    str(theirs.fileno()),
                    "--data",
                    str(folder),
                ],
                pass_fds=(theirs.fileno(),),
            )
        self._control = ours
        wire.recv(ours)

    @contextmanager
    def bench(self) -> Iterator[RemoteBench]:
        """The bench of a run on dev; the run fails at the end, unless it ended before."""
        ours, theirs = socket.socketpair()
        with theirs:
            send_run(self._control, request(log_names=LOG_NAMES), theirs)
        with ours:
            bench = RemoteBench(ours, gradient_of=gradient_of)
            yield bench
            if not getattr(bench, "finished", False):
                bench.fail("Exception", file="", line=0, message="")
        recv_report(self._control)

    def close(self) -> None:
        """End the process."""
        self._control.close()
        self._process.wait(timeout=60)


def local_bench() -> LocalBench:
    """The same split as the service's, with the labels of the same supervisors."""
    split = splits()["dev"]
    soft = [soft_labels("dev", seed) for seed in SEEDS]
    return LocalBench.from_split(testbeds.load("mini-chat"), split, soft, seed=7, log_names=LOG_NAMES)


def fake_bench(layers: int) -> FakeBench:
    """A bench without a model that has as many items and layers as the others."""
    return FakeBench(n=UNLABELLED, n_test=TEST, layers=layers, log_names=LOG_NAMES)


Outcome = tuple[str, ...]
Method = Callable[[Any], Iterator[Callable[[], Any]]]


def outcomes(bench: Any, method: Method) -> list[Outcome]:
    """What became of each call that `method` makes: the shape and type of its answer, or its refusal in words."""
    return [_outcome(call) for call in method(bench)]


def _outcome(call: Callable[[], Any]) -> Outcome:
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - what a bench raises is what is compared
        # Ids are other ones in every run.
        return "refused", type(error).__name__, re.sub(r"\d{7,}", "ID", str(error))
    if isinstance(answer, Predictions):
        answer = answer.probabilities
    if isinstance(answer, np.ndarray):
        # The width of hidden states is the model's affair.
        return "answered", str(answer.dtype), str(answer.ndim), str(len(answer))
    return "accepted", type(answer).__name__ if isinstance(answer, (str, float)) else ""


def of_the_model(outcome: Outcome) -> bool:
    """Whether a call was refused for what only a model knows."""
    return outcome[0] == "refused" and any(words in outcome[2] for words in OF_THE_MODEL)


__all__ = ["LOG_NAMES", "StudentService", "fake_bench", "local_bench", "of_the_model", "outcomes", "replace"]
