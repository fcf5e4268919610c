"""What the finished runs of one code amount to: correctness by supervisor, and figures for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from aar import ledger
from aar.database.figures import Figures
from aar.database.runs import Run
from aar.errors import ScoringError
from aar.scoring.vault import TestItems, Vault
from w2s.errors import BadPredictions, NoGap
from w2s.metrics import accuracy_interval, paired_gain, pgr_gain, pgr_interval
from w2s.records import Estimate, FloatArray, SplitName

Rows = Mapping[int, FloatArray]
"""Per-item correctness, [n], by supervisor."""


@dataclass(frozen=True)
class Outcome:
    """Where the runs of one code on one split stand; `rows` hold what is finished so far.

    `failed` is the method's own fault, `lost` is nobody's; `complete` has nothing queued or running.
    """

    state: Literal["waiting", "complete", "failed", "lost"]
    rows: Rows
    culprit: Run | None = None


@dataclass
class Results:
    """Reads finished runs of one lab; each blob is read once."""

    vault: Vault
    blobs: Path
    _known: dict[str, FloatArray] = field(default_factory=dict, repr=False)
    _items: dict[SplitName, TestItems] = field(default_factory=dict, repr=False)

    def items(self, split: SplitName) -> TestItems:
        """Test items of a split."""
        if split not in self._items:
            self._items[split] = self.vault.test_items(split)
        return self._items[split]

    def outcome(self, runs: Sequence[Run], split: SplitName, *, needed: int, waits: bool) -> Outcome:
        """Where the ended `runs` of one code on `split` stand; complete with `needed` supervisors or more.

        `waits` says that others are queued or under way.
        """
        by_supervisor: dict[int, list[FloatArray]] = {}
        lost: Run | None = None
        failed = next((run for run in runs if run.state == "failed"), None)
        for run in runs:
            if run.state == "lost":
                lost = run
            if run.state != "done":
                continue
            try:
                correct = self._correct(run, split)
            except ScoringError:
                lost = run
                continue
            by_supervisor.setdefault(run.supervisor_seed, []).append(correct)
        # runs that share a supervisor share its luck: they are one seed, measured more than once
        rows = {k: np.mean(tables, axis=0) for k, tables in sorted(by_supervisor.items())}
        if failed is not None:
            return Outcome("failed", rows, failed)
        if waits:
            return Outcome("waiting", rows)
        if lost is not None:
            return Outcome("lost", rows, lost)
        return Outcome("complete" if len(rows) >= needed else "waiting", rows)

    def references(self, kind: Literal["floor", "ceiling"], split: SplitName, count: int) -> Rows | None:
        """The first `count` floors or ceilings of a split, or None while one is missing."""
        rows: dict[int, FloatArray] = {}
        for k in range(count):
            name = f"{kind}-{split}-{k}"
            if name not in self._known:
                correct = self.vault.reference(kind, split, k)
                if correct is None:
                    return None
                self._known[name] = correct
            rows[k] = self._known[name]
        return rows

    def _correct(self, run: Run, split: SplitName) -> FloatArray:
        if run.key not in self._known:
            self._known[run.key] = self.items(split).correct(
                read_predictions(self.blobs, run, self.items(split))
            )
        return self._known[run.key]


def read_predictions(blobs: Path, run: Run, items: TestItems) -> FloatArray:
    """Probabilities of class 1 of a finished run, in the order of the split's test items.

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


def stacked(rows: Rows, keys: Sequence[int]) -> FloatArray:
    """Rows by the given supervisors, [S, n]."""
    return np.stack([rows[k] for k in keys])


def _first(rows: Rows, keys: Sequence[int]) -> FloatArray:
    """All rows, [S, n], those of `keys` first and in that order."""
    return stacked(rows, [*(k for k in keys if k in rows), *(k for k in rows if k not in keys)])


@dataclass(frozen=True)
class Comparison:
    """With whom a submission was compared, and on what the decision was made.

    `gain` is the interval of the decision where that is not the 95 % one; `sealed_seeds` what a
    confirmation asks for.
    """

    champion: str
    against: Rows
    attempt: int | None = None
    gain: Estimate | None = None
    alpha: float | None = None
    sealed_seeds: int | None = None


def measure_reference(rows: Rows, items: TestItems) -> Figures:
    """Accuracy of a floor or a ceiling over its seeds."""
    correct = stacked(rows, sorted(rows))
    return Figures(
        seeds=len(rows),
        n=len(items),
        accuracy=_accuracy(correct, items.clusters),
    )


def _accuracy(correct: FloatArray, clusters: Sequence[str]) -> Estimate | None:
    return accuracy_interval(correct, clusters) if len(correct) > 1 and len(set(clusters)) > 1 else None


def measure(
    rows: Rows,
    comparison: Comparison | None,
    *,
    items: TestItems,
    floors: Rows,
    ceilings: Rows,
    note: str = "",
) -> Figures:
    """Everything a person may see of one code on one split; aggregates only."""
    keys = sorted(rows)
    student, clusters = stacked(rows, keys), items.clusters
    floor = _first(floors, keys)
    ceiling = stacked(ceilings, sorted(ceilings))
    notes = [note] if note else []

    def interval(part: Sequence[bool]) -> Estimate | None:
        chosen = np.asarray(part)
        names = np.asarray(clusters)[chosen]
        if len(student) < 2 or len(set(names)) < 2:
            return None
        try:
            return pgr_interval(
                student[:, chosen],
                floor[:, chosen],
                ceiling[:, chosen],
                names,
                same_supervisors=set(keys) <= set(floors),
            )
        except NoGap as error:
            notes.append(str(error))
            return None

    pgr_difference = gain = None
    shared = [] if comparison is None else [k for k in keys if k in comparison.against]
    if comparison is not None and len(shared) >= 2:
        a, b = stacked(rows, shared), stacked(comparison.against, shared)
        gain = comparison.gain or paired_gain(a, b, clusters)
        try:
            pgr_difference = pgr_gain(
                a, b, _first(floors, shared), ceiling, clusters, same_supervisors=set(shared) <= set(floors)
            )
        except NoGap as error:
            notes.append(str(error))
    split_in_two = any(items.ood) and not all(items.ood)
    whole = interval([True] * len(items))
    return Figures(
        seeds=len(keys),
        n=len(items),
        accuracy=_accuracy(student, clusters),
        floor=float(floor.mean()),
        ceiling=float(ceiling.mean()),
        pgr=whole,
        id_pgr=interval([not ood for ood in items.ood]) if split_in_two else None,
        ood_pgr=interval(items.ood) if split_in_two else None,
        champion=comparison.champion if comparison else None,
        gain=pgr_difference,
        accuracy_gain=gain,
        alpha=comparison.alpha if comparison else None,
        attempt=comparison.attempt if comparison else None,
        sealed_seeds=comparison.sealed_seeds if comparison else None,
        note="; ".join(dict.fromkeys(notes)),
    )
