"""A small service folder on the real testbed, and methods that talk to a service from a thread."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from aar.students.control import RunReport, RunRequest
from aar.students.data import write_splits, write_weak
from aar.students.server import Service
from w2s import testbeds, wire
from w2s.client import RemoteBench
from w2s.errors import W2SError
from w2s.models.losses import LossArrays, torch_gradient
from w2s.records import Split, SplitName

UNLABELLED, TEST = 96, 40
SEEDS = (3, 4)


@cache
def worlds() -> dict[SplitName, tuple[Split, ...]]:
    """Every part of every split, a few items of each."""
    made, _ = testbeds.generate(testbeds.load("mini-chat"), item_seed=bytes(16))
    return {
        name: tuple(
            replace(part, unlabelled=part.unlabelled[:UNLABELLED], test=part.test[:TEST]) for part in parts
        )
        for name, parts in made.items()
    }


def splits() -> dict[SplitName, Split]:
    """The first part of each split: what is served unless a test asks for all."""
    return {name: parts[0] for name, parts in worlds().items()}


def soft_labels(split: SplitName, seed: int) -> np.ndarray:
    return np.random.default_rng([len(split), seed]).uniform(size=UNLABELLED)


def fill(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_splits(folder, "mini-chat", {name: (part,) for name, part in splits().items()})
    for split in splits():
        for seed in SEEDS:
            write_weak(folder, split, seed, soft_labels(split, seed))
    return folder


def service_here(folder: Path) -> Service:
    """A service in this process, which may forget its models often: what it imports stays, and is not looked at."""
    import transformers.modeling_utils  # noqa: F401

    gc.collect()
    gc.freeze()
    return Service(folder)


def request(split: SplitName = "dev", **changes: Any) -> RunRequest:
    made = RunRequest(
        testbed="mini-chat",
        split=split,
        supervisor_seeds=SEEDS,
        student_seed=7,
        salt=b"salt",
        practice=split == "practice",
        deadline_s=300,
        files=("method.py",),
        log_names=("loss", "share"),
    )
    return replace(made, **changes)


def gradient_of(loss: Any) -> Any:
    gradient = torch_gradient(loss)
    return lambda **batch: gradient(LossArrays(**batch))


def serve(
    service: Service, method: Callable[[socket.socket], Any], asked: RunRequest
) -> tuple[RunReport, Any]:
    """Serve `method` (on its end of the socket, in a thread) and give the report and what it returned."""
    ours, theirs = socket.socketpair()
    found: list[Any] = []

    def play() -> None:
        with theirs:
            try:
                found.append(method(theirs))
            except (W2SError, OSError) as error:
                found.append(error)

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    with ours:
        report = service.run(asked, ours)
    thread.join(20)
    assert found, "the method did not end"
    return report, found[0]


def run(service: Service, method: Callable[[RemoteBench], Any], asked: RunRequest | None = None) -> RunReport:
    """Serve a method that takes a bench and returns predictions; what it raises is raised here."""

    def whole(sock: socket.socket) -> None:
        bench = RemoteBench(sock, gradient_of=gradient_of)
        bench.finish(method(bench))

    report, returned = serve(service, whole, asked or request())
    if isinstance(returned, Exception):
        raise returned
    return report


def talk(service: Service, play: Callable[[Callable[..., Any]], Any], asked: RunRequest | None = None) -> Any:
    """Serve a peer that sends raw frames: `play` gets a function that asks and gives header and arrays."""

    def whole(sock: socket.socket) -> Any:
        def ask(header: dict[str, Any], arrays: dict[str, Any] | None = None) -> Any:
            wire.send(sock, header, arrays)
            return wire.recv(sock)

        return play(ask)

    return serve(service, whole, asked or request())


def vanilla(bench: RemoteBench) -> Any:
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    return student.predict(bench.test)
