"""What a fine-tune costs through the student service, against the same fine-tune in this process.

    python benchmarks/service.py [--rounds 5] [--items 1080] [--json]

Both sides train the same student on the same items in the same order, in turn, one thread each; the ratio
is of medians. The service is a real process on a real socket. Goal: at most 1.1, plain and custom loss.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from aar.students.control import RunRequest, recv_report, send_run
from aar.students.data import write_splits, write_weak
from aar.students.handles import Handles
from aar.students.shelf import Shelf
from w2s import testbeds, wire
from w2s.bench import student_seed
from w2s.blocks.losses import LogConfidence
from w2s.client import RemoteBench
from w2s.models.losses import torch_gradient
from w2s.runner import torch_gradient_of

SALT, SEED = b"benchmark", 7


@contextmanager
def service(folder: Path) -> Iterator[socket.socket]:
    """A student service on `folder`; gives the engine's end of its control connection."""
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-m", "aar.students", "--control", str(theirs.fileno()), "--data", str(folder)]
    process = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
    theirs.close()
    with ours:
        wire.recv(ours, deadline=time.monotonic() + 120)
        yield ours
    process.wait(10)


def remote(control: socket.socket, loss: Any) -> tuple[float, np.ndarray]:
    """Seconds of one fine-tune through the service, and its predictions."""
    ours, theirs = socket.socketpair()
    with ours:
        asked = RunRequest("mini-chat", "dev", (0,), SEED, SALT, practice=False, deadline_s=600)
        with theirs:
            send_run(control, asked, theirs)
        bench = RemoteBench(ours, gradient_of=torch_gradient_of)
        student = bench.strong()
        start = time.perf_counter()
        student.finetune(bench.unlabelled, bench.weak.hard, loss=loss)
        seconds = time.perf_counter() - start
        predictions = student.predict(bench.test)
        bench.finish(predictions)
    return seconds, recv_report(control).arrays["predictions"]


def in_process(shelf: Shelf, split: Any, soft: np.ndarray, loss: Any) -> tuple[float, np.ndarray]:
    """Seconds of the same fine-tune here, and its predictions."""
    handles = Handles(split, SALT)
    rows, recipe = handles.shown_unlabelled, shelf.recipe("strong")
    student = shelf.student("strong", split.world, student_seed(SEED, 0))
    examples = [handles.examples[row] for row in rows]
    targets = (soft[rows] > 0.5).astype(np.float64)
    gradient = None if loss is None else torch_gradient(loss)
    start = time.perf_counter()
    student.finetune(
        examples,
        np.zeros(len(rows), dtype=bool),
        targets,
        gradient=gradient,
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
    )
    seconds = time.perf_counter() - start
    return seconds, student.predict(list(split.test), np.zeros(len(split.test), dtype=bool))


def measure(rounds: int, items: int) -> dict[str, dict[str, float]]:
    """Median seconds on both sides, their ratio, and the largest difference of predictions, by loss."""
    import torch

    torch.set_num_threads(1)
    testbed = testbeds.load("mini-chat")
    split = testbeds.generate(testbed, item_seed=bytes(16))[0]["dev"][0]
    split = replace(split, unlabelled=split.unlabelled[:items], test=split.test[:200])
    soft = np.random.default_rng(0).uniform(size=len(split.unlabelled))
    shelf = Shelf(testbed)
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as made:
        write_splits(Path(made), "mini-chat", {"dev": (split,)})
        write_weak(Path(made), "dev", 0, soft)
        with service(Path(made)) as control:
            for name, make in (("plain", lambda: None), ("custom", LogConfidence)):
                pairs = [
                    (remote(control, make()), in_process(shelf, split, soft, make()))
                    for _ in range(rounds + 1)
                ][1:]
                there, here = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
                apart = max(float(np.abs(a[1] - b[1]).max()) for a, b in pairs)
                found[name] = {"service": there, "in_process": here, "ratio": there / here, "apart": apart}
    return found


def main() -> None:
    """Print the ratios; with --json one object on the last line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--items", type=int, default=1080)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.rounds, arguments.items)
    for name, row in found.items():
        print(
            f"{name:7} service {row['service']:.3f} s, in-process {row['in_process']:.3f} s, "
            f"ratio {row['ratio']:.3f}, predictions differ by at most {row['apart']:.1e}"
        )
    if arguments.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
