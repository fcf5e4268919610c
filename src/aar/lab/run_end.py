"""End of a run, written once: its arrays, then the row, the ledger and the charge together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from aar import ledger
from aar.database import runs, shares, submissions
from aar.database.charges import ChargeKind
from aar.engines import Outcome
from aar.lab import cooldown
from aar.lab.cancellation import end_siblings
from aar.lab.intake import Lab
from aar.run_records import RunEnd
from w2s.files import write_whole
from w2s.records import FloatArray

MOST_TRIES = 3

PASSES_PER_MINUTE = 10_000
"""Forward passes of one item that count as a nominal minute: about one vanilla run of a mini testbed."""

STATES: Mapping[str, runs.End] = {"ok": "done", "method_failed": "failed", "lost": "lost"}


def finish(lab: Lab, run: runs.Run, outcome: Outcome) -> None:
    """Write how a run ended; one that was lost goes back into the queue, `MOST_TRIES` times in all.

    Nothing is written of a run that had ended before (it was cancelled): the first end stands.
    """
    if outcome.status == "lost" and run.tries < MOST_TRIES:
        with lab.database.write() as tx:
            runs.requeue(tx, run.key)
        return
    blob: str | None = None
    figures: dict[str, Any] = {}
    if outcome.status == "ok":
        blob = write_blob(lab.folder.blobs, run.key, outcome.arrays)
        if run.split == "practice":
            figures = practice_figures(lab.folder.practice, outcome.arrays)
    nominal = 0.0 if outcome.status == "lost" else round(outcome.end.nominal / PASSES_PER_MINUTE, 3)
    with lab.database.write() as tx:
        ended = ledger.record_run(
            tx,
            run.key,
            state=STATES[outcome.status],
            end=_kept(run, outcome.end),
            blob=blob,
            figures=figures,
        )
        if not ended:
            return
        shares.settle(
            tx, priority=run.priority, researcher=run.researcher, nominal=nominal - run.nominal_cost
        )
        if outcome.status == "lost":
            return
        ledger.record_charge(
            tx, run.key, researcher=run.researcher, kind=ChargeKind.RUN, nominal_minutes=nominal
        )
        if not run.plain:  # what breaks in an audit may still be verified
            return
        worked = outcome.status == "ok"
        author = submissions.get(tx, run.submission).researcher if run.submission else run.researcher
        # further seeds of a record are paid by who attacks it; that they break is not its fault
        if author == run.researcher:
            cooldown.note(tx, run, worked=worked)
        if not worked:
            end_siblings(tx, run)


def _kept(run: runs.Run, end: RunEnd) -> RunEnd:
    """The end as it is stored: no logged number of sealed, and a method's own words on practice only, as plain text."""
    message = end.error.message if end.error is not None and run.split == "practice" else None
    if message is not None:
        message = message.encode("utf-8", "replace").decode()
    error = None if end.error is None else replace(end.error, message=message)
    return replace(end, error=error, logged={} if run.split == "sealed" else end.logged)


def write_blob(folder: Path, key: str, arrays: Mapping[str, FloatArray]) -> str:
    """Store a run's arrays for the scorer, safetensors, whole or not at all; its name, which the ledger keeps.

    The name ends in the SHA-256 of the file, so that it cannot be changed unseen.
    """
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array, dtype=np.float64) for name, array in arrays.items()})
    name = f"{key}-{hashlib.sha256(data).hexdigest()}"
    write_whole(folder / f"{name}.safetensors", data)
    return name


def practice_figures(folder: Path, arrays: Mapping[str, FloatArray]) -> dict[str, Any]:
    """Figures of a practice run for its author; no truth is involved.

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
