"""The evidence of one submission: what every audit is given, and all that it may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from aar.scoring.truth.parts import TestParts
from w2s.records import FloatArray, IntArray, SplitName


@dataclass(frozen=True)
class Pool:
    """The items of one pool in the split's own order: truth [n] in 0 and 1, codes of question and answer [n].

    `answer` counts within all questions, equal for equal answers to one question; pairs have one each.

    >>> Pool(np.zeros(3), np.array([0, 0, 0]), np.array([0, 0, 1])).places
    ((2, 1, 2), (2, 1, 2), (1, 1, 2))
    """

    truth: FloatArray
    group: IntArray
    answer: IntArray

    def __len__(self) -> int:
        return len(self.truth)

    @cached_property
    def key(self) -> bytes:
        """Equal for pools of the same items, and for no others."""
        return self.truth.tobytes() + self.group.tobytes() + self.answer.tobytes()

    @property
    def votes(self) -> bool:
        """True if any answer was proposed more than once, so that the audit can count."""
        return len(np.unique(self.answer)) < len(self.answer)

    @cached_property
    def places(self) -> tuple[tuple[int, ...], ...]:
        """Counts of each item's own answer in its question, then of all answers there, [n]."""
        times = np.bincount(self.answer)
        answers, first = np.unique(self.answer, return_index=True)
        shapes: dict[int, list[int]] = {}
        for answer, row in zip(answers, first, strict=True):
            shapes.setdefault(int(self.group[row]), []).append(int(times[answer]))
        shape = {group: tuple(sorted(sizes)) for group, sizes in shapes.items()}
        own = times[self.answer]
        return tuple((int(t), *shape[int(g)]) for t, g in zip(own, self.group, strict=True))


@dataclass(frozen=True)
class Answers:
    """One run's answers on one pool, by source row: `values` [n] in [0, 1], `handle` [n] (-1: not served)."""

    pool: Pool
    values: FloatArray
    handle: IntArray

    @property
    def served(self) -> IntArray:
        """Rows that the run was served."""
        return np.flatnonzero(self.handle >= 0)

    @property
    def ranked(self) -> Answers:
        """The same answers by their ranks, stretched so that two halves which are told apart stand a whole 1 apart.

        What counts of an answer is on which side it is and not how far: .49 and .51 are scored, and learnt, as 0
        and 1 are.

        >>> pool = Pool(np.zeros(4), np.arange(4), np.arange(4))
        >>> Answers(pool, np.array([0.51, 0.49, 0.49, 0.51]), np.arange(4)).ranked.values
        array([1., 0., 0., 1.])
        """
        from scipy.stats import rankdata

        values, rows = self.values.copy(), self.served
        if len(rows):
            values[rows] = 2 * (rankdata(values[rows]) - 0.5) / len(rows) - 0.5
        return replace(self, values=values)


@dataclass(frozen=True)
class AuditRun:
    """A finished run: `targets` on the unlabelled items (None where nothing was trained), `calls` one by one.

    `predictions` are those of the test. `k` counts the seed pairs of `split`.
    """

    split: SplitName
    k: int
    intervention: str
    targets: Answers | None
    predictions: Answers
    calls: tuple[Answers, ...] = ()


@dataclass(frozen=True)
class Sibling:
    """An earlier submission of the same author: its code, and its dev predictions by seed pair."""

    id: str
    code: Mapping[str, str]
    predictions: Mapping[int, FloatArray]
    accuracy: float | None = None


@dataclass(frozen=True)
class Case:
    """All evidence of one submission.

    Attributes:
        submission: Id of the submission.
        code: Its files by name.
        runs: Its own runs.
        lineage: Runs of the submissions by the same author that it builds on.
        siblings: Earlier submissions of its author, in order.
        own: The submission itself, as a sibling.
        correct: Correctness of its plain runs on sealed, by seed pair.
        shuffled: Correctness of its runs with a shuffled teacher on sealed, by seed pair.
        items: Test items of sealed, a part a world.
        gap: Ceiling minus floor, in accuracy.
        remembered: False for an operator's, who may submit anything as often as he likes: it has no history.
        texts: Field values of scored items that no researcher may know.
        crashed: Interventions under which the code failed.
        denied: Denials of each system call, for each of its runs; None where nobody counted.
    """

    submission: str
    code: Mapping[str, str]
    runs: Sequence[AuditRun] = ()
    lineage: Sequence[AuditRun] = ()
    siblings: Sequence[Sibling] = ()
    own: Sibling | None = None
    correct: Mapping[int, FloatArray] = field(default_factory=dict)
    shuffled: Mapping[int, FloatArray] = field(default_factory=dict)
    items: TestParts = field(default_factory=lambda: TestParts(()))
    gap: float = 0.0
    remembered: bool = True
    texts: frozenset[str] = frozenset()
    crashed: frozenset[str] = frozenset()
    denied: Sequence[Mapping[str, int] | None] = ()

    def of(self, intervention: str, split: SplitName | None = None) -> list[AuditRun]:
        """The submission's own runs under one intervention."""
        return [run for run in self.runs if run.intervention == intervention and split in (None, run.split)]
