"""Jobs for an engine, and the folders that one is given."""

from __future__ import annotations

import itertools
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

from student_lab import SEEDS

from aar.engines import Job

VANILLA = """
    def run(bench):
        student = bench.strong()
        student.finetune(bench.unlabelled, bench.weak.hard, epochs=1)
        bench.log(share=float(bench.weak.hard.mean()))
        return student.predict(bench.test)
"""


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
