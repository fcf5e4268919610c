"""Figures of one code on one split, as people see them: each with its interval, no figure of a single item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aar.database.figures import Figures
from aar.scoring.evidence.correctness import Rows, stacked
from aar.scoring.truth.vault import TestItems
from w2s.errors import NoGap
from w2s.metrics import accuracy_interval, paired_gain, pgr_gain, pgr_interval
from w2s.records import Estimate, FloatArray


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
    all_items = interval([True] * len(items))
    return Figures(
        seeds=len(keys),
        n=len(items),
        accuracy=_accuracy(student, clusters),
        floor=float(floor.mean()),
        ceiling=float(ceiling.mean()),
        pgr=all_items,
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
