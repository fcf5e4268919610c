"""Runs that verdicts ask for: what should stand in the queue, found by reading alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aar.baseline_sets import PLAIN
from aar.database import Transaction, standing, submissions, verdicts, wanted_runs
from aar.database.researchers import LAB, Role
from aar.database.submissions import Submission
from aar.database.verdicts import FLOOR
from aar.database.wanted_runs import WantedRun
from aar.settings import Settings


@dataclass(frozen=True)
class Need:
    """Runs of one submission that should stand in the queue: its first on sealed, or one that the scorer wants.

    Attributes:
        submission: Its id.
        seeds: How many supervisors on sealed; 0 for a run that the scorer wants.
        students: How many students of each.
        spare: Whether they may wait for cores that are left over.
        paid_by: Who asked for them, where that is not the author.
        wanted: The run that the scorer wants.
    """

    submission: str
    seeds: int = 0
    students: int = 1
    spare: bool = False
    paid_by: str | None = None
    wanted: WantedRun | None = None


@dataclass
class Conducted:
    """Record of the conductor's work in this process, so that it does nothing twice.

    Attributes:
        met: Needs whose runs stand in the queue, or have ended.
        lost: How many runs were lost when that was true: another loss may leave a need unmet again.
        refused: Codes whose waiting runs on sealed were cancelled.
        shown: Codes that are laid out for the scorer.
    """

    met: set[Need] = field(default_factory=set)
    lost: int = 0
    refused: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)

    def keep(self, needs: Iterable[Need], *, refused: Iterable[str], lost: int) -> None:
        """Remember what was done while `lost` runs were lost."""
        if lost != self.lost:
            self.met.clear()
            self.lost = lost
        self.met.update(needs)
        self.refused.update(refused)


def of_confirmations(tx: Transaction, settings: Settings, undecided: Sequence[Submission]) -> Iterator[Need]:
    """Runs that undecided submissions need: on sealed, those of their opponents, and those that the scorer wants."""
    wanted = wanted_runs.all(tx)
    for submission in undecided:
        if submission.stage == "sealed" and submission.role is not Role.BASELINE:
            yield from _of_one(tx, settings, submission)
        for run in wanted.get(submission.id, ()):
            yield Need(submission.id, wanted=run)


def _of_one(tx: Transaction, settings: Settings, submission: Submission) -> Iterator[Need]:
    """Runs on sealed of a submission, and of its opponents, with more students so that their luck counts for little."""
    verdict = verdicts.find(tx, submission.id, "dev")
    figures = verdict.figures if verdict is not None else None
    seeds = (figures.sealed_seeds if figures is not None else None) or settings.sealed_seeds
    yield Need(submission.id, seeds)
    if figures is not None:
        # the opponent that it had to beat, the holder of the record if that one broke on sealed, and the plain
        # baseline, which tells how good the supervisors are
        for name in {figures.champion, standing.champion(tx), _plain(tx)} - {None, FLOOR}:
            if submissions.get(tx, str(name)).status != "failed":
                yield Need(str(name), settings.sealed_seeds, students=settings.students, paid_by=LAB)
                if seeds > settings.sealed_seeds:
                    yield Need(str(name), seeds, students=settings.students, paid_by=submission.researcher)


def of_baselines(
    tx: Transaction, settings: Settings, baselines: Sequence[Submission], undecided: Sequence[Submission]
) -> Iterator[Need]:
    """Baselines on sealed: those that a confirmation is compared with in its turn, the others for the report."""
    champion = standing.champion(tx)
    confirming = [
        candidate
        for candidate in undecided
        if candidate.stage == "sealed" and candidate.role is not Role.BASELINE
    ]
    opponents = {champion, _plain(tx)} if confirming else set()
    for submission in confirming:
        verdict = verdicts.find(tx, submission.id, "dev")
        opponents |= {verdict.figures.champion} if verdict is not None else set()
    for baseline in baselines:
        if baseline.status == "failed":
            continue
        if (
            settings.confirmed == "best"
            and champion not in (None, baseline.id)
            and baseline.id not in opponents
        ):
            continue
        yield Need(baseline.id, settings.sealed_seeds, spare=baseline.id not in opponents)


def _plain(tx: Transaction) -> str | None:
    """The plain baseline, where a lab has one that runs."""
    return next(
        (
            row.id
            for row in submissions.all(tx, role=Role.BASELINE)
            if row.title == PLAIN and row.status != "failed"
        ),
        None,
    )
