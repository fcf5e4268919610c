"""Supervisors, floors and ceilings that a lab needs, in order."""

from __future__ import annotations

from dataclasses import dataclass

from aar.database.trainings import Place, Role
from aar.scoring.truth.vault import ReferenceKind
from aar.settings import Settings
from w2s.records import SplitName


@dataclass(frozen=True)
class ReferenceJob:
    """One fine-tune on the truth: supervisor or ceiling `k` (from 0; companions have far higher numbers)."""

    role: Role
    split: SplitName
    k: int

    @property
    def kind(self) -> ReferenceKind:
        """Kind of the reference that its test correctness gives."""
        return "floor" if self.role == "supervisor" else "ceiling"

    @property
    def place(self) -> Place:
        """Role, split and number, as the database names it."""
        return (self.role, self.split, self.k)

    def __str__(self) -> str:
        return f"{self.split} {self.role} {self.k + 1}"


def floors(settings: Settings, split: SplitName) -> int:
    """Supervisors that the floor of a split is measured over: never fewer than its runs learn from."""
    return max(settings.floors, first_runs(settings, split))


def first_runs(settings: Settings, split: SplitName) -> int:
    """Most runs of one submission on a split at the first try."""
    if split == "dev":
        return max(settings.baseline_seeds, settings.dev_seeds)
    return settings.sealed_seeds


def plan(settings: Settings) -> list[ReferenceJob]:
    """Every reference job that each lab needs, in the order in which a run needs them; what only figures need is last.

    Companions are not among them: they are trained when a run asks them.
    """

    def jobs(role: Role, split: SplitName, end: int, start: int = 0) -> list[ReferenceJob]:
        return [ReferenceJob(role, split, k) for k in range(start, end)]

    return [
        *jobs("supervisor", "practice", 1),
        *jobs("supervisor", "dev", first_runs(settings, "dev")),
        *jobs("ceiling", "dev", settings.ceilings),
        *jobs("supervisor", "dev", floors(settings, "dev"), first_runs(settings, "dev")),
        *jobs("supervisor", "sealed", settings.sealed_seeds),
        *jobs("ceiling", "sealed", settings.ceilings),
        *jobs("supervisor", "sealed", floors(settings, "sealed"), settings.sealed_seeds),
    ]
