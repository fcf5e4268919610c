"""Standing of a researcher: its own budget, submissions and runs, and the leaderboard."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace

from aar.database import Transaction, messages, posts, researchers, standing, submissions
from aar.database.progress import StopReason
from aar.database.researchers import Role
from aar.errors import BudgetOf
from aar.feedback import Feedback
from aar.lab import budgets, capacity, queue_view
from aar.lab.answers import Submission
from aar.lab.budgets import Bound, Spent
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.queue_view import OwnQueue
from aar.lab.view import Score, View


class Message(View):
    """What the person who runs the lab tells a researcher."""

    id: int
    text: str


class Standing(View):
    """A researcher's remaining budget, the states of its submissions, and the request to stop."""

    researcher: str
    direction: str
    testbed: str
    minutes_left: float | None
    """Until no further submission is taken: its own or the study's, whichever is less; null without a bound."""
    submissions_left: int | None
    stop: bool
    """True if the lab takes no further method from this researcher; of one that a person stopped, a few last calls
    and posts (`aar.lab.stopped`)."""
    stop_reason: StopReason | None
    """Why; null while it goes on."""
    stop_of: BudgetOf | None
    """Whose time, money or tokens are used up, where that is why."""
    spending: Spent
    paused: bool
    """True if a person wants no further turn for now."""
    messages: tuple[Message, ...]
    """What was not read yet, oldest first."""
    forum: bool
    feedback: Feedback
    queue: OwnQueue
    submissions: tuple[Submission, ...]
    version: str
    """Changes with whatever a researcher would act on, the clock left out."""


class Entry(View):
    """One line of the leaderboard."""

    rank: int | None
    """1 for the latest verified record; null for what is not verified."""
    submission: str
    researcher: str
    title: str
    status: str
    """The submission's status, or "baseline"."""
    parents: tuple[str, ...]
    score: Score = None


class Leaderboard(View):
    """The record in words, and everything that was handed in."""

    record: str
    entries: tuple[Entry, ...]


def standing_of(lab: Lab, tx: Transaction, who: researchers.Researcher, phase: Phase) -> Standing:
    """The standing of one researcher in a phase of the lab."""
    own, used = submissions.all(tx, researcher=who.name), submissions.count(tx, who.name)
    scores = lab.scores(tx)
    used_by_it, study = budgets.of_researcher(tx, lab.settings, who, clock_s=lab.elapsed())
    bound = budgets.ends_research(lab.settings, used_by_it, study)
    queue = queue_view.of_researcher(tx, who, slots=capacity.of(tx, slots=lab.settings.slots))
    left = None if who.submissions is None else max(0, who.submissions - used)
    reason, whose = _stop_reason(lab, tx, who, phase, left=left, bound=bound)
    stop = reason is not None
    public = tuple(Submission.of(row, scores) for row in own)
    last_post = posts.last(tx) if who.forum else 0
    told = tuple(Message(id=one.id, text=one.text) for one in messages.unread(tx, who.name))
    paused = who.paused is not None
    mine = [row.model_dump() for row in (*public, *told)]
    news = [stop, paused, left, mine, queue.runs_queued, last_post]
    of_both = (lab.research_seconds_left(), budgets.research_seconds_left(lab.settings, used_by_it))
    seconds = min((one for one in of_both if one is not None), default=None)
    return Standing(
        researcher=who.name,
        direction=who.direction,
        testbed=lab.settings.testbed,
        minutes_left=None if seconds is None else round(max(0.0, seconds) / 60, 2),
        submissions_left=left,
        stop=stop,
        stop_reason=reason,
        stop_of=whose,
        spending=budgets.spent(lab.settings, used_by_it.spending, study),
        paused=paused,
        messages=told,
        forum=who.forum,
        feedback=lab.settings.feedback,
        queue=queue,
        submissions=public,
        version=hashlib.sha256(json.dumps(news).encode()).hexdigest()[:16],
    )


def _stop_reason(
    lab: Lab,
    tx: Transaction,
    who: researchers.Researcher,
    phase: Phase,
    *,
    left: int | None,
    bound: Bound | None,
) -> tuple[StopReason | None, BudgetOf | None]:
    """Why nothing more is taken from a researcher, and whose budget it is if it is one; the first that holds."""
    in_all = lab.settings.submissions_in_all
    if who.state == "stopped":
        return StopReason.STOPPED, None
    if lab.research_is_over:
        return StopReason.TIME, BudgetOf.STUDY
    if bound is not None:
        return StopReason(bound.kind.value), bound.whose
    if left == 0 or (in_all is not None and submissions.count_of_researchers(tx) >= in_all):
        return StopReason.SUBMISSIONS, None
    return (StopReason.OVER if phase in ("settling", "closing", "finished") else None), None


def may_go_on(lab: Lab, tx: Transaction, who: researchers.Researcher) -> bool:
    """True if nothing but its own state keeps a researcher from handing in more."""
    used = submissions.count(tx, who.name)
    left = None if who.submissions is None else max(0, who.submissions - used)
    bound = budgets.ends_research(
        lab.settings, *budgets.of_researcher(tx, lab.settings, who, clock_s=lab.elapsed())
    )
    at_work = replace(who, state="working")
    return _stop_reason(lab, tx, at_work, "research", left=left, bound=bound)[0] is None


def leaderboard(
    tx: Transaction, *, only: str | None = None, scores: Mapping[str, float] | None = None
) -> Leaderboard:
    """Leaderboard for researchers: ranks, words and the Ladder's record; under the Ladder no figures of anybody's runs.

    The latest verified record has rank 1; what is not verified has no rank. `only` leaves out whatever is
    neither this researcher's nor the lab's (a study without a forum); `scores` are those that feedback tells.
    """
    everything = [
        row for row in submissions.all(tx) if only in (None, row.researcher) or row.role is Role.BASELINE
    ]
    records = [row for row in everything if row.status == "verified" and row.role is not Role.BASELINE]
    ranked = sorted(records, key=lambda row: -(row.decided or 0.0))
    ranks = {row.id: rank for rank, row in enumerate(ranked, start=1)}
    rest = [row for row in everything if row.id not in ranks]
    entries = tuple(
        Entry(
            rank=ranks.get(row.id),
            submission=row.id,
            researcher=row.researcher,
            title=row.title,
            status="baseline" if row.role is Role.BASELINE else row.status,
            parents=row.parents,
            score=(scores or {}).get(row.id),
        )
        for row in [*ranked, *rest]
    )
    return Leaderboard(record=_record(standing.find(tx)), entries=entries)


def _record(stands: standing.Standing | None) -> str:
    """The record in words for researchers."""
    return "no record yet" if stands is None else f"accuracy {stands.record:.3f} on dev"
