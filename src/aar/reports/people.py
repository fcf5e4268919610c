"""Researchers as a report shows them: work, expenses, trouble, and how each came to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aar.database import Transaction, progress, researchers, runs, spending, submissions
from aar.database.progress import ProviderTrouble
from aar.database.spending import Spending
from aar.database.troubles import Trouble
from aar.forum import Post


@dataclass(frozen=True)
class Person:
    """A researcher with its submissions and its expenses.

    Attributes:
        row: The researcher's row.
        colour: Index of its colour, from 0.
        submitted: Number of its submissions.
        verified: Number of its verified submissions.
        posts: Number of its posts.
        comments: Number of its comments.
        runs: Number of its runs that began.
        core_seconds: Core-seconds of its runs.
        spent: Sum of its calls to its model.
        hours: Hours that it has worked by the run's clock; in a lab that did not note that, from its start to its end.
        out_seconds: Seconds without an answer of its model's provider, by kind of trouble.
    """

    row: researchers.Researcher
    colour: int
    submitted: int
    verified: int
    posts: int
    comments: int
    runs: int
    core_seconds: float
    spent: Spending
    hours: float
    out_seconds: Mapping[ProviderTrouble, float]


def began(run: runs.Run) -> bool:
    """True unless the run only waited: what counts as a run in a report."""
    return run.tries > 0 or run.finished is not None


def last_event(
    tx: Transaction,
    submitted: Sequence[submissions.Submission],
    all_runs: Sequence[runs.Run],
    wrong: Sequence[Trouble],
) -> float:
    """When the lab last noted anything, in seconds since 1970; 0 if nothing. A person's word after the end is none."""
    times = [row.decided or row.created for row in submitted]
    times += [run.finished or run.started or 0.0 for run in all_runs]
    times += [trouble.ended or trouble.since for trouble in wrong]
    times += [activity.at for activity in progress.latest(tx).values()]
    return max(times, default=0.0)


def person(
    tx: Transaction,
    row: researchers.Researcher,
    *,
    colour: int,
    submitted: Sequence[submissions.Submission],
    ended: Sequence[runs.Run],
    written: Sequence[Post],
    troubles: Sequence[Trouble],
    last: float,
    elapsed_s: float,
) -> Person:
    """One author of a lab that ended at `last`, after `elapsed_s` seconds of the run's clock (0 if not known)."""
    # a person may stop one that had ended with the run long ago
    until = min(row.finished or last, last)
    own = [run for run in ended if run.researcher == row.name]
    out: dict[ProviderTrouble, float] = {}
    for trouble in troubles:
        if trouble.researcher == row.name:
            seconds = max(0.0, (trouble.ended or until) - trouble.since)
            out[trouble.kind] = out.get(trouble.kind, 0.0) + seconds
    if elapsed_s:  # while no lab runs nobody asks a provider
        out = {kind: min(seconds, elapsed_s) for kind, seconds in out.items()}
    worked_s = row.worked_at(elapsed_s)
    return Person(
        row=row,
        colour=colour,
        submitted=sum(submission.researcher == row.name for submission in submitted),
        verified=sum(
            submission.researcher == row.name and submission.status == "verified" for submission in submitted
        ),
        posts=sum(post.researcher == row.name for post in written),
        comments=sum(comment.researcher == row.name for post in written for comment in post.comments),
        runs=sum(map(began, own)),
        core_seconds=sum(run.end.core_seconds for run in own),
        spent=spending.of(tx, row.name),
        hours=(worked_s or max(0.0, until - (row.started or row.created))) / 3600,
        out_seconds=out,
    )
