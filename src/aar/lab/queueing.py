"""Puts runs into the queue: draws their seeds, gives them their names, and knows those that are there already."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

from aar.database import Transaction, runs, submissions, trainings
from aar.database.runs import Priority
from aar.database.wanted_runs import WantedRun
from aar.engines import RunSpec, names_companions
from aar.lab.draw import Draw, draw
from aar.lab.resubmission import again
from aar.seeds import pair_index
from aar.students.interventions import INTERVENTIONS
from aar.submissions.snapshots import Snapshots
from w2s.records import SplitName

logger = logging.getLogger(__name__)


def pairs(seeds: int, *, students: int) -> list[int]:
    """Numbers of the pairs of `seeds` supervisors with `students` each, every supervisor's first student first.

    >>> pairs(2, students=2)
    [0, 1, 1000000, 1000001]
    """
    return [pair_index(k, student) for student in range(students) for k in range(seeds)]


class Queueing:
    """The queue of one lab, as those who add to it see it; what takes runs from it is `aar.lab.slots`."""

    def __init__(self, testbed: str, secret: bytes, snapshots: Snapshots) -> None:
        self._testbed, self._secret, self._snapshots = testbed, secret, snapshots
        self._asks_companions: dict[str, bool] = {}

    def sealed(
        self,
        tx: Transaction,
        submission: submissions.Submission,
        *,
        seeds: int,
        students: int,
        spare: bool,
        paid_by: str | None = None,
    ) -> int:
        """Queue the confirmation runs of a submission, `students` for each of `seeds` supervisors; how many were new.

        `paid_by` is who asked for them where that is not its author: somebody whose method is compared with it.
        `spare` ones (of baselines that nobody is compared with) get the cores that are left over; they move
        up once the champion is among them.
        """
        priority: Priority = "baseline" if spare else "sealed"
        return self.runs_of(
            tx, submission, "sealed", pairs(seeds, students=students), priority=priority, paid_by=paid_by
        )

    def wanted(
        self, tx: Transaction, submission: submissions.Submission, wanted: Sequence[WantedRun]
    ) -> None:
        """Queue the runs that the scorer wants of a submission besides its plain ones; those that are known stay.

        One under an intervention that there is no more is left out: the scorer ends its submission.
        """
        for run in wanted:
            if run.intervention not in INTERVENTIONS:
                logger.warning("%s: there is no intervention %r", submission.id, run.intervention)
                continue
            self.runs_of(
                tx,
                submission,
                cast(SplitName, run.split),
                [run.k],
                priority="audit",
                intervention=run.intervention,
                seeds_of=run.seeds_of,
            )

    def runs_of(
        self,
        tx: Transaction,
        submission: submissions.Submission,
        split: SplitName,
        numbers: Sequence[int],
        *,
        priority: Priority,
        intervention: str = "none",
        seeds_of: str = "",
        paid_by: str | None = None,
        companions: bool | None = None,
    ) -> int:
        """Queue runs of a submission on pairs of seeds; how many were new. Those that are known stay, or move up.

        `seeds_of` is another code whose seeds they have; `paid_by` is who asked for them where that is not the author;
        `companions` says whether the code names several supervisors, where that is known.
        """
        new = 0
        if companions is None:
            companions = self._names_companions(submission.code_hash, submission.commit)
        there = trainings.supervisors(tx, split)
        for k in numbers:
            drawn = draw(self._secret, code_hash=seeds_of or submission.code_hash, split=split, k=k)
            key = self.key(submission.code_hash, split, k, drawn, intervention)
            new += again(tx, key, submission, priority=priority)
            new += runs.queue(
                tx,
                key,
                submission=submission.id,
                researcher=paid_by or submission.researcher,
                code_hash=submission.code_hash,
                commit=submission.commit,
                split=split,
                pair_index=k,
                supervisor_seed=drawn.supervisor,
                student_seed=drawn.student_seed_hex,
                nominal_cost=1.0,
                salt=drawn.salt.hex(),
                intervention=intervention,
                seeds_of=seeds_of,
                priority=priority,
                companions=companions,
                ready=there.issuperset(trainings.asked_by(drawn.supervisor, companions=companions)),
            )
        return new

    def key(self, code_hash: str, split: SplitName, k: int, drawn: Draw, intervention: str = "none") -> str:
        """The name of a run: equal runs have equal names, so that none is made twice."""
        return RunSpec(
            code_hash,
            self._testbed,
            split,
            pair_index=k,
            supervisor_seeds=drawn.supervisors,
            student_seed=drawn.student_seed,
            intervention=intervention,
        ).key()

    def _names_companions(self, code_hash: str, commit: str) -> bool:
        if code_hash not in self._asks_companions:
            self._asks_companions[code_hash] = names_companions(self._snapshots.get(commit))
        return self._asks_companions[code_hash]
