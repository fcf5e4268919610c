"""Correctness by supervisor: what the finished runs of one code amount to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from aar import ledger
from aar.database.runs import Run
from aar.errors import ScoringError
from aar.scoring.truth.parts import Rows
from aar.scoring.truth.vault import TestItems
from w2s.errors import BadPredictions
from w2s.records import FloatArray


@dataclass(frozen=True)
class Outcome:
    """State of the runs of one code on one split; `rows` hold what is finished so far.

    `failed` is the method's own fault, `lost` is nobody's; `complete` has nothing queued or running.
    """

    state: Literal["waiting", "complete", "failed", "lost"]
    rows: Rows
    culprit: Run | None = None


def outcome_of(
    runs: Sequence[Run], correct: Callable[[Run], FloatArray], *, needed: int, waits: bool
) -> Outcome:
    """State of the ended `runs` of one code on one split; complete with `needed` supervisors or more.

    `correct` gives the correctness of a run that is done, or raises `ScoringError` where its arrays are damaged;
    `waits` says that others are queued or under way.
    """
    by_supervisor: dict[int, list[FloatArray]] = {}
    lost: Run | None = None
    failed = next((run for run in runs if run.state == "failed"), None)
    for run in runs:
        if run.state == "lost":
            lost = run
        if run.state == "done":
            try:
                table = correct(run)
            except ScoringError:  # damaged arrays are a loss of the lab's, not the method's fault
                lost = run
                continue
            by_supervisor.setdefault(run.supervisor_seed, []).append(table)
    # runs that share a supervisor share its luck: they are one seed, measured more than once
    rows = {k: np.mean(tables, axis=0) for k, tables in sorted(by_supervisor.items())}
    if failed is not None:
        return Outcome("failed", rows, failed)
    if waits:
        return Outcome("waiting", rows)
    if lost is not None:
        return Outcome("lost", rows, lost)
    return Outcome("complete" if len(rows) >= needed else "waiting", rows)


def read_predictions(blobs: Path, run: Run, items: TestItems) -> FloatArray:
    """Probabilities of class 1 of a finished run, in the order of the test items of its part.

    `ScoringError` if the file is missing, damaged, or does not hold one probability for each item.
    """
    p = read_arrays(blobs, run)["predictions"]
    try:
        if p.shape != (len(items),):
            raise ScoringError(
                f"run {run.key} holds {p.shape} predictions for {len(items)} items; it is lost"
            )
        items.correct(p)
    except BadPredictions as error:
        raise ScoringError(f"the predictions of run {run.key} are damaged ({error}); it is lost") from error
    return p


def read_arrays(blobs: Path, run: Run) -> dict[str, FloatArray]:
    """All arrays of a finished run, `predictions` among them; `ScoringError` if they cannot be read."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = blobs / f"{run.blob or run.key}.safetensors"
    try:
        data = path.read_bytes()
        arrays = {name: array.astype(np.float64) for name, array in load(data).items()}
        arrays["predictions"]
    except (OSError, KeyError, SafetensorError) as error:
        raise ScoringError(f"{path} is missing or damaged ({error}); the run is lost") from error
    if not ledger.holds(path.stem, data):
        raise ScoringError(f"{path} is not what the ledger says of it; the run is lost")
    return arrays
