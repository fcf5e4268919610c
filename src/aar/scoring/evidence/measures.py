"""Figures of one code on one split, as people see them: each with its interval, no figure of a single item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aar.database.figures import Figures
from aar.scoring.truth.parts import Rows, TestParts
from w2s.errors import NoGap
from w2s.metrics import Supervisors, world_accuracy, world_gain, world_means, world_pgr, world_pgr_gain
from w2s.records import BoolArray, Estimate, FloatArray


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


def measure_reference(rows: Rows, items: TestParts, *, collapsed: int = 0) -> Figures:
    """Accuracy of a floor or a ceiling over its seeds; `collapsed` trainings were thrown away and drawn again."""
    note = (
        f"{collapsed} of {len(rows) + collapsed} trainings collapsed and were drawn again"
        if collapsed
        else ""
    )
    return Figures(seeds=len(rows), n=len(items), accuracy=_accuracy(rows, items), note=note)


def measure(
    rows: Rows,
    comparison: Comparison | None,
    *,
    items: TestParts,
    floors: Rows,
    ceilings: Rows,
    supervisors: Callable[[Sequence[int]], Supervisors | None] = lambda _: None,
    typical: FloatArray | None = None,
    note: str = "",
) -> Figures:
    """Everything a person may see of one code on one split; aggregates only.

    Gains are taken at typical ones of `supervisors`, which tells how good those of pairs are, a figure a world. PGR is
    taken at the accuracy of a `typical` supervisor itself, [parts]. In a few worlds each pair of seeds is an
    observation.
    """
    keys = sorted(rows)
    if items.few(keys):
        ordered = items.in_order(keys)

        def apart(rows: Rows) -> Rows:
            return {i: rows[k] for i, k in enumerate(ordered) if k in rows}

        figures = measure(
            apart(rows),
            comparison and replace(comparison, against=apart(comparison.against)),
            items=TestParts(tuple(map(items.of, ordered))),
            floors=apart(floors),
            ceilings=apart(ceilings),
            supervisors=lambda pairs: supervisors([ordered[i] for i in pairs]),
            typical=None
            if typical is None
            else typical[[part for k in ordered for part in items.covered([k])]],
            note=note,
        )
        floor, ceiling = (items.mean(of, _like(items, of, keys)) for of in (floors, ceilings))
        return replace(figures, n=len(items), floor=floor, ceiling=ceiling)
    gap = _Gap(items, floors, ceilings, supervisors, typical)
    notes = [note] if note else []

    def interval(subset: bool | None) -> Estimate | None:
        try:
            return gap.recovered(rows, subset=subset)
        except NoGap as error:
            notes.append(str(error))
            return None

    pgr_difference = gain = None
    shared = [] if comparison is None else [k for k in keys if k in comparison.against]
    if comparison is not None and _enough(items, shared):
        against = comparison.against
        gain = comparison.gain or world_gain(
            items.tables(rows, shared),
            items.tables(against, shared),
            items.clusters(shared),
            supervisors=supervisors(shared),
        )
        try:
            pgr_difference = gap.gained(rows, against, shared)
        except NoGap as error:
            notes.append(str(error))
    ood = [flag for part in items.parts for flag in part.ood]
    split_in_two = any(ood) and not all(ood)
    return Figures(
        seeds=len(keys),
        n=len(items),
        accuracy=_accuracy(rows, items),
        floor=items.mean(floors, _like(items, floors, keys)),
        ceiling=items.mean(ceilings, _like(items, ceilings, keys)),
        pgr=interval(None),
        id_pgr=interval(False) if split_in_two else None,
        ood_pgr=interval(True) if split_in_two else None,
        champion=comparison.champion if comparison else None,
        gain=pgr_difference,
        accuracy_gain=gain,
        alpha=comparison.alpha if comparison else None,
        attempt=comparison.attempt if comparison else None,
        sealed_seeds=comparison.sealed_seeds if comparison else None,
        note="; ".join(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class _Gap:
    """Floors and ceilings of a split: what PGR is measured against, in the worlds where both are known."""

    items: TestParts
    floors: Rows
    ceilings: Rows
    supervisors: Callable[[Sequence[int]], Supervisors | None]
    typical: FloatArray | None

    def floors_of(self, keys: Sequence[int]) -> Supervisors | None:
        """Accuracy of the supervisors themselves of these pairs; None where a floor is missing."""
        if any(k not in self.floors for k in keys):
            return None
        typical = None if self.typical is None else self.typical[self.items.covered(keys)]
        return Supervisors(world_means(self.items.tables(self.floors, keys)), typical)

    def recovered(self, rows: Rows, *, subset: bool | None) -> Estimate | None:
        """PGR on all items, or on those in (False) or out of (True) distribution; None where it cannot be told."""
        keys = self.items.known(sorted(rows), self.floors, self.ceilings)
        masks = [self._mask(part, subset) for part in self.items.covered(keys)]
        if not self._enough(keys, masks):
            return None
        student, floor, ceiling = (
            [
                table[:, mask]
                for table, mask in zip(self.items.tables(of, _like(self.items, of, keys)), masks, strict=True)
            ]
            for of in (rows, self.floors, self.ceilings)
        )
        return world_pgr(
            student,
            floor,
            ceiling,
            [np.asarray(names)[mask] for names, mask in zip(self.items.clusters(keys), masks, strict=True)],
            same_supervisors=set(keys) <= set(self.floors),
            supervisors=self.floors_of(keys),
        )

    def gained(self, rows: Rows, against: Rows, shared: Sequence[int]) -> Estimate | None:
        """PGR of `rows` minus that of `against` on the seeds they share; None where it cannot be told."""
        keys = self.items.known(shared, self.floors, self.ceilings)
        if not self._enough(keys):
            return None
        floor, ceiling = (
            self.items.tables(of, _like(self.items, of, keys)) for of in (self.floors, self.ceilings)
        )
        return world_pgr_gain(
            self.items.tables(rows, keys),
            self.items.tables(against, keys),
            floor,
            ceiling,
            self.items.clusters(keys),
            same_supervisors=set(keys) <= set(self.floors),
            supervisors=self.supervisors(keys),
        )

    def _enough(self, keys: Sequence[int], masks: Sequence[BoolArray] | None = None) -> bool:
        """True if an interval can be told: in one world of two floors and two ceilings, too."""
        fewest = min(len(_like(self.items, of, keys)) for of in (self.floors, self.ceilings))
        return _enough(self.items, keys, masks) and (fewest > 1 or len(self.items.covered(keys)) > 1)

    def _mask(self, part: int, subset: bool | None) -> BoolArray:
        ood = np.array(self.items.parts[part].ood, dtype=np.bool_)
        return np.ones_like(ood) if subset is None else ood == subset


def _like(items: TestParts, rows: Rows, keys: Sequence[int]) -> list[int]:
    """Rows about the worlds of `keys`, those of `keys` first; all rows where none is."""
    covered = set(items.covered(keys))
    near = [k for k in rows if set(items.covered([k])) <= covered] or list(rows)
    return [*(k for k in keys if k in near), *(k for k in near if k not in keys)]


def _accuracy(rows: Rows, items: TestParts) -> Estimate | None:
    keys = sorted(rows)
    return world_accuracy(items.tables(rows), items.clusters(keys)) if _enough(items, keys) else None


def _enough(items: TestParts, keys: Sequence[int], masks: Sequence[BoolArray] | None = None) -> bool:
    """True if an interval can be told: two worlds, or two seeds and two questions in one."""
    covered = items.covered(keys)
    if len(covered) != 1:
        return len(covered) > 1 and all(mask.any() for mask in masks or ())
    names = np.asarray(items.parts[covered[0]].clusters)
    return len(keys) > 1 and len(np.unique(names if masks is None else names[masks[0]])) > 1
