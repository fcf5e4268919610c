"""Jobs for an engine, honest and hostile, and the folders that one is given."""

from __future__ import annotations

import asyncio
import itertools
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

from student_lab import SEEDS

from aar.engines import Engine, Job, Outcome

VANILLA = """
    def run(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.hard, epochs=1)
        bench.log(share=float(bench.weak.hard.mean()))
        return student.predict(bench.test)
"""
HOSTILE = {
    "fork bomb": (
        """
        import os
        def run(bench):
            while True:
                try: os.fork()
                except OSError: pass
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
    "one allocation of 100 GB": (
        "def run(bench): bytearray(100 << 30)",
        ("MemoryError", "used more than 400 MB of memory"),
    ),
    "processes that fill the memory together": (
        """
        import os, time
        def run(bench):
            os.fork(); os.fork()
            held = []
            while len(held) < 200: held.append(bytearray(b"x") * (1 << 20))
            time.sleep(60)
        """,
        ("MemoryError", "used more than 400 MB of memory"),
    ),
    "endless writer": (
        """
        import tempfile
        def run(bench):
            n = 0
            while True:
                with open(f"{tempfile.gettempdir()}/filler {n % 2}", "ab") as file: file.write(bytes(1 << 20))
                n += 1
        """,
        ("OSError", None),
    ),
    "endless writer that minds no refusal": (
        """
        import tempfile
        def run(bench):
            n = 0
            while True:
                n += 1
                try:
                    with open(f"{tempfile.gettempdir()}/filler {n}", "wb") as file: file.write(bytes(1 << 16))
                except OSError: pass
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
    "endless printer": (
        """
        import os
        def run(bench):
            while True:
                print("x" * 10_000)
                os.write(2, b"y" * 10_000)
        """,
        ("TimeoutError", "took longer than 2.5 s"),
    ),
}
"""By what it does: a method, and the error and the rule that it ends with."""


@dataclass(frozen=True)
class Folders:
    root: Path

    @property
    def service(self):
        return self.root / "service"

    @property
    def logs(self):
        return self.root / "logs"


NUMBERS = itertools.count(1)


def job(source, **changes):
    """A job with a key of its own, as each job of a lab has."""
    made = Job(
        code={"method.py": textwrap.dedent(source)},
        testbed="mini-chat",
        split="dev",
        supervisor_seeds=(SEEDS[0],),
        student_seed=7,
        salt=b"salt",
        wall_seconds=300,
        memory_mb=600,
        key=f"{next(NUMBERS):064x}",
    )
    return replace(made, **changes)


async def beside_an_honest_one(engine: Engine, what: str) -> tuple[Outcome, Outcome]:
    """Outcomes of vanilla and of the hostile job that is under way when it begins."""
    source, (error, _) = HOSTILE[what]
    seconds = 2.5 if error == "TimeoutError" else 300
    hostile = asyncio.create_task(engine.run(job(source, wall_seconds=seconds, memory_mb=400)))
    await asyncio.sleep(0.5)
    return await engine.run(job(VANILLA, wall_seconds=300)), await hostile


def check_hostile(what: str, outcome: Outcome) -> None:
    """It ended by itself, with what it did as the reason."""
    _, (error, rule) = HOSTILE[what]
    assert (outcome.status, outcome.end.error.type) == ("method_failed", error), outcome
    assert rule is None or outcome.end.error.rule == rule
