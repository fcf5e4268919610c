"""The lab's queue at work: each free slot takes the next run, and its end is written once."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from aar import ledger
from aar.database import runs
from aar.engines import Engine, Job, Outcome
from aar.server.lab import Lab
from aar.server.seeds import draw
from aar.students.interventions import intervention
from w2s.records import FloatArray, SplitName

MOST_TRIES = 3
IDLE_SECONDS = 0.5

PASSES_PER_MINUTE = 10_000
"""Forward passes of one item that count as a nominal minute: about one vanilla run of a mini testbed."""


async def work(lab: Lab, engine: Engine, stopping: asyncio.Event) -> None:
    """One slot's loop: claim a run, let the engine run it, write the end. Ends when `stopping` is set."""
    while not stopping.is_set():
        run = await asyncio.to_thread(_claim, lab)
        if run is None:
            lab.changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(lab.changed.wait(), IDLE_SECONDS)
            continue
        outcome = await engine.run(job_of(lab, run))
        if stopping.is_set() and outcome.status == "lost":
            return  # we ended it ourselves: it is queued again at the next start
        try:
            await asyncio.to_thread(finish, lab, run, outcome)
        except (UnicodeError, ValueError, TypeError) as error:
            # a method found words or numbers that cannot be stored: its run must not stop everybody's queue
            unstorable = Outcome("method_failed", error_type="BadMethod", error_rule=type(error).__name__)
            await asyncio.to_thread(finish, lab, run, unstorable)
        lab.changed.set()


def job_of(lab: Lab, run: runs.Run) -> Job:
    """What the engine needs to know of a queued run."""
    drawn = draw(lab.secret, code_hash=run.code_hash, split=cast(SplitName, run.split), k=run.pair_index)
    return Job(
        code=lab.snapshots.get(run.commit),
        testbed=lab.settings.testbed,
        split=cast(SplitName, run.split),
        supervisor_seeds=drawn.supervisors,
        student_seed=drawn.student_seed,
        salt=drawn.salt,
        practice=run.split == "practice",
        intervention=intervention(run.intervention),
        wall_seconds=lab.settings.run_seconds,
        memory_mb=lab.settings.run_memory_mb,
    )


def _claim(lab: Lab) -> runs.Run | None:
    with lab.database.write() as tx:
        return runs.claim(tx)


def finish(lab: Lab, run: runs.Run, outcome: Outcome) -> None:
    """Write how a run ended: arrays first, then the row, the ledger and the charge in one transaction."""
    if outcome.status == "lost" and run.tries < MOST_TRIES:
        with lab.database.write() as tx:
            runs.requeue(tx, run.key)
        return
    blob: str | None = None
    figures: dict[str, Any] = {}
    if outcome.status == "ok":
        blob = run.key
        write_blob(lab.folder.blobs, blob, outcome.arrays)
        if run.split == "practice":
            figures = practice_figures(lab.folder.practice, outcome.arrays)
    state = {"ok": "done", "method_failed": "failed", "lost": "lost"}[outcome.status]
    with lab.database.write() as tx:
        ended = ledger.record_run(
            tx,
            run.key,
            state=state,  # type: ignore[arg-type]
            seconds=outcome.seconds,
            core_seconds=outcome.core_seconds,
            blob=blob,
            error_type=outcome.error_type,
            error_file=outcome.error_file,
            error_line=outcome.error_line,
            error_rule=outcome.error_rule,
            error_message=_clean(outcome.message) if run.split == "practice" else None,
            logged={} if run.split == "sealed" else _finite(outcome.logged),
            figures=figures,
        )
        if ended and outcome.status != "lost":
            ledger.record_charge(
                tx,
                run.key,
                researcher=run.researcher,
                kind="run",
                nominal_minutes=round(outcome.nominal / PASSES_PER_MINUTE, 3),
            )
        if state == "failed" and run.intervention == "none":  # what breaks in an audit may still be verified
            runs.drop_queued(tx, code_hash=run.code_hash, split=run.split)


def _clean(message: str | None) -> str | None:
    """A method's own words as text that can be stored."""
    return None if message is None else message.encode("utf-8", "replace").decode()


def _finite(logged: Mapping[str, float | None]) -> dict[str, float]:
    """What was logged, without what was not a number."""
    return {name: value for name, value in logged.items() if value is not None}


def write_blob(folder: Path, key: str, arrays: Mapping[str, FloatArray]) -> None:
    """Store a run's arrays for the scorer: safetensors, whole or not at all."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{key}.part"
    data = save({name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()})
    unfinished.write_bytes(data)
    unfinished.chmod(0o644)
    unfinished.replace(folder / f"{key}.safetensors")


def practice_figures(folder: Path, arrays: Mapping[str, FloatArray]) -> dict[str, Any]:
    """What a practice run tells its author besides that it works; no truth is involved.

    `class1_share` of the test predictions, and how often the targets that were trained on agree with
    the weak labels (`agreement_with_weak`, over the items that were trained on).
    """
    figures: dict[str, Any] = {"class1_share": round(float(np.mean(arrays["predictions"] > 0.5)), 3)}
    lines = (folder / "items.jsonl").read_text(encoding="utf-8").splitlines()
    weak = [json.loads(line).get("weak") for line in lines]
    soft = np.array([value for value in weak if value is not None])
    targets, weight = arrays.get("targets"), arrays.get("target_weight")
    if targets is not None and weight is not None and len(soft) == len(targets) and (weight > 0).any():
        used = weight > 0
        figures["agreement_with_weak"] = round(float(np.mean((targets > 0.5)[used] == (soft > 0.5)[used])), 3)
        figures["trained_on_share"] = round(float(used.mean()), 3)
    return figures
