"""Status of a lab for the terminal and `aar queue show`; for people only, since it holds figures."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from collections import Counter
from collections.abc import Sequence

from aar import ideas
from aar.database import Transaction, progress, researchers, submissions, trainings
from aar.database.researchers import Role
from aar.lab import capacity, estimate, references
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.queue_view import Traffic, WaitsFor, traffic
from aar.lab.view import View
from aar.reports.ranking import leader
from aar.researchers import directions

RECENT = 6
"""Submissions that are listed one by one."""


class Member(View):
    """A researcher, its activity and its submissions.

    Attributes:
        name: Name.
        direction: Direction of its research, in a few words.
        state: State in the lab.
        activity: Present activity.
        text: Detail of the activity, in the researcher's words.
        submitted: Number of submissions used.
        budget: Number of submissions allowed; None without a limit.
        verified: Number of verified submissions.
        pending: Number of submissions without a verdict.
    """

    name: str
    direction: str
    state: researchers.State
    activity: progress.Activity
    text: str
    submitted: int
    budget: int | None
    verified: int
    pending: int


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
        left = estimate.seconds_left(tx, lab.settings, everything, load=lab.load)
        return Status(
            phase=phase,
            researchers=tuple(_team(tx, everything)),
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
            best=_best(tx, handed_in),
            ideas=_ideas(lab, handed_in),
        )


def _ideas(lab: Lab, handed_in: Sequence[submissions.Submission]) -> Ideas | None:
    families = Counter(str(idea.family) for idea in ideas.read(lab.snapshots, handed_in))
    if not families:
        return None
    effective = ideas.effective_number(list(families.values()))
    return Ideas(count=families.total(), families=dict(families.most_common()), effective=round(effective, 2))


def _team(tx: Transaction, everything: Sequence[submissions.Submission]) -> list[Member]:
    doing = progress.latest(tx)
    members = []
    for who in researchers.team(tx):
        own = [row for row in everything if row.researcher == who.name]
        last = doing.get(who.name)
        members.append(
            Member(
                name=who.name,
                direction=directions.title(who.direction),
                state=who.state,
                activity=progress.Activity.STARTING if last is None else last.activity,
                text="" if last is None else last.text,
                submitted=len(own),
                budget=who.submissions,
                verified=sum(row.status == "verified" for row in own),
                pending=sum(row.status == "pending" for row in own),
            )
        )
    return members


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
        for who in researchers.team(tx)
    )
