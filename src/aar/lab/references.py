"""Order of training of references: first those that a run or a verdict waits for, then the rest.

A job is as urgent as the most urgent thing that waits for it, on the scale of the runs' priorities
(`aar.database.runs.PRIORITIES`), a little before or after the runs of that priority:

    what runs in the queue ask     just before these runs
    ceilings and floors of dev     after the opening: every verdict on dev has figures over them
    those of sealed                after the confirmations that wait for them; without one, after everything else

Covered: the order on one machine. Not covered: how long a training takes; a long one is not broken off for a
run that comes a moment later.
"""

from __future__ import annotations

from collections.abc import Collection

from aar.database import Transaction, runs, submissions, trainings
from aar.database.researchers import Role
from aar.database.trainings import Place
from aar.scoring.truth.reference_jobs import ReferenceJob, first_runs, plan
from aar.settings import Settings

BEFORE, AFTER = -0.25, 0.25


def planned(settings: Settings) -> dict[Place, float]:
    """Every reference that a lab needs in any case, with its rank while nothing waits for it."""
    return {job.place: _rank(job, settings) for job in plan(settings)}


def wanted(
    tx: Transaction, always: dict[Place, float], *, under_way: Collection[Place] = ()
) -> list[tuple[float, Place]]:
    """Places to train, each with its rank, in order; those done or `under_way` are left out.

    `always` is what `planned` gave.
    """
    done = {(row.role, row.split, row.k) for row in trainings.all(tx)}
    ranks = dict(always)
    if any(row.role is not Role.BASELINE for row in submissions.all(tx, stage="sealed")):
        after_confirmations = runs.PRIORITIES.index("sealed") + AFTER
        ranks |= {
            place: min(rank, after_confirmations) for place, rank in ranks.items() if place[1] == "sealed"
        }
    for place, priority in trainings.wanted(tx).items():
        ranks[place] = min(ranks.get(place, float("inf")), priority + BEFORE)
    left = {place: rank for place, rank in ranks.items() if place not in done and place not in under_way}
    return sorted((rank, place) for place, rank in left.items())


def _rank(job: ReferenceJob, settings: Settings) -> float:
    if job.split == "practice":
        return runs.PRIORITIES.index("practice") + BEFORE
    asked_by_runs = job.role == "supervisor" and job.k < first_runs(settings, job.split)
    if job.split == "dev":
        return runs.PRIORITIES.index("opening") + (BEFORE if asked_by_runs else AFTER)
    return runs.PRIORITIES.index("baseline") + (BEFORE if asked_by_runs else AFTER)
