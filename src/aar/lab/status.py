"""Status of a lab for the terminal and `aar queue show`; for people only, since it holds figures."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from collections import Counter
from collections.abc import Mapping, Sequence

from aar import ideas
from aar.database import Transaction, researchers, spending, submissions, trainings
from aar.database.researchers import Role
from aar.database.spending import Spending
from aar.lab import budgets, capacity, estimate, references
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.members import Member, Money, members
from aar.lab.queue_view import Traffic, WaitsFor, traffic
from aar.lab.view import View
from aar.reports.ranking import leader

RECENT = 6
"""Submissions that are listed one by one."""


class Recent(View):
    """A submission, and what its verdict waits for."""

    id: str
    researcher: str
    title: str
    status: submissions.Status
    stage: submissions.Stage
    waits: WaitsFor | None


class Counts(View):
    """Runs that wait, are under way, and have ended."""

    queued: int
    running: int
    done: int


class Trained(View):
    """References that are trained, and how many there will be."""

    done: int
    total: int


class Clock(View):
    """Remaining time of a run."""

    seconds_left: float | None
    """By the estimate; null where nothing can be said yet."""
    bound_seconds_left: float | None
    """Until the run is broken off; null without a bound."""
    measured: bool
    """True if the estimate rests on durations of this run."""


class Ideas(View):
    """Ideas of the researchers so far: `count`, those of each family, and the effective number of families."""

    count: int
    families: dict[str, int]
    effective: float


class Spendings(Money):
    """What the study's calls to models cost, and what they may."""

    usd_budget: float | None
    tokens_budget: int | None
    """In weighted tokens."""
    ends_research: bool
    """True if a budget, also one of hours, is used up and somebody could have handed in more."""


class Status(View):
    """The state of a lab."""

    phase: Phase
    researchers: tuple[Member, ...]
    recent: tuple[Recent, ...]
    queue: Counts
    cut: bool
    """True if the bound on the time left work undone."""
    undecided: int
    references: Trained
    traffic: Traffic
    clock: Clock
    spending: Spendings
    best: str | None
    """The best verified submission, in words."""
    ideas: Ideas | None
    """Null before the first submission."""


def status(lab: Lab, phase: Phase) -> Status:
    """The state of a lab in a phase."""
    with lab.database.read() as tx:
        everything = submissions.all(tx)
        handed_in = [row for row in everything if row.role is not Role.BASELINE]
        queue = traffic(tx, slots=capacity.of(tx, slots=lab.settings.slots))
        trained = len(trainings.all(tx))
        sums = spending.all(tx)
        left = estimate.seconds_left(tx, lab.settings, everything, clock_s=lab.elapsed(), load=lab.load)
        return Status(
            phase=phase,
            researchers=tuple(members(tx, lab.settings, everything, sums, clock_s=lab.elapsed())),
            recent=tuple(_recent(handed_in[-RECENT:], queue)),
            queue=Counts(
                queued=queue.counts.get("queued", 0),
                running=queue.counts.get("running", 0),
                done=sum(n for name, n in queue.counts.items() if name not in ("queued", "running")),
            ),
            cut=_cut(lab, tx, handed_in),
            undecided=sum(row.stage != "done" for row in handed_in),
            references=Trained(done=trained, total=trained + len(references.wanted(tx, lab.planned))),
            traffic=queue,
            clock=Clock(
                seconds_left=None if left is None else round(left.seconds, 1),
                bound_seconds_left=lab.seconds_left(),
                measured=left is not None and left.measured,
            ),
            spending=_spendings(lab, tx, sums),
            best=_best(tx, handed_in),
            ideas=_ideas(lab, handed_in),
        )


def _ideas(lab: Lab, handed_in: Sequence[submissions.Submission]) -> Ideas | None:
    families = Counter(str(idea.family) for idea in ideas.read(lab.snapshots, handed_in))
    if not families:
        return None
    effective = ideas.effective_number(list(families.values()))
    return Ideas(count=families.total(), families=dict(families.most_common()), effective=round(effective, 2))


def _spendings(lab: Lab, tx: Transaction, sums: Mapping[str, Spending]) -> Spendings:
    study = spending.together(sums)
    clock_s = lab.elapsed()
    ends = any(
        budgets.ends_research(lab.settings, _used(who, sums, clock_s), study) is not None
        and (who.submissions is None or submissions.count(tx, who.name) < who.submissions)
        for who in researchers.own(tx)
    )
    of_study = budgets.of_study(lab.settings)
    return Spendings(
        **vars(Money.of(of_study, study, study)),
        usd_budget=of_study.budget_usd,
        tokens_budget=of_study.budget_tokens,
        ends_research=ends,
    )


def _used(who: researchers.Researcher, sums: Mapping[str, Spending], clock_s: float) -> budgets.Used:
    return budgets.Used(sums.get(who.name, Spending()), who.worked_at(clock_s))


def _recent(rows: Sequence[submissions.Submission], queue: Traffic) -> list[Recent]:
    waits = {wait.submission: wait for wait in queue.waits}
    return [
        Recent(
            id=row.id,
            researcher=row.researcher,
            title=row.title,
            status=row.status,
            stage=row.stage,
            waits=waits.get(row.id),
        )
        for row in rows
    ]


def _best(tx: Transaction, handed_in: list[submissions.Submission]) -> str | None:
    best = leader(tx, handed_in)
    if best is None or best.sealed is None or best.sealed.pgr is None:
        return None
    pgr = best.sealed.pgr
    return f"{best.submission.id} by {best.submission.researcher}, PGR {pgr.mean:.2f} [{pgr.low:.2f}, {pgr.high:.2f}]"


def _cut(lab: Lab, tx: Transaction, handed_in: Sequence[submissions.Submission]) -> bool:
    """True if the bound on the time left work undone: a missing submission, or one without a verdict."""
    if not lab.research_is_over:
        return False
    undecided = any(row.stage != "done" for row in handed_in)
    return undecided or not all(
        who.submissions is None or submissions.count(tx, who.name) >= who.submissions
        for who in researchers.own(tx)
    )
