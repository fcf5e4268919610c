"""The job that an engine is given for a run: everything in it follows from the run's row and the lab."""

from __future__ import annotations

from typing import cast

from aar.database import Transaction, runs, trainings
from aar.engines import Job
from aar.errors import EngineError
from aar.lab.draw import draw
from aar.lab.intake import Lab
from w2s.records import SplitName


def draw_missing_salts(lab: Lab, tx: Transaction) -> None:
    """Give runs that an earlier version queued, without their salt, the one that it would have given them."""
    for run in runs.without_salt(tx):
        code, split = run.seeds_of or run.code_hash, cast(SplitName, run.split)
        drawn = draw(lab.secret, code_hash=code, split=split, k=run.pair_index)
        runs.set_salt(tx, run.key, drawn.salt.hex())


def job_of(lab: Lab, run: runs.Run) -> Job:
    """Job for the engine from a run: its row, the code that it names, and the bounds of this lab."""
    if run.salt is None:
        raise EngineError(f"run {run.key} has no salt; start the lab again, which draws it")
    return Job(
        code=lab.snapshots.get(run.commit),
        testbed=lab.settings.testbed,
        split=cast(SplitName, run.split),
        supervisor_seeds=trainings.asked_by(run.supervisor_seed, companions=bool(run.companions)),
        student_seed=int(run.student_seed, 16),
        salt=bytes.fromhex(run.salt),
        practice=run.split == "practice",
        intervention=run.intervention,
        wall_seconds=lab.settings.run_seconds,
        memory_mb=lab.settings.run_memory_mb,
        key=run.key,
    )
