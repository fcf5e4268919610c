"""Researchers as a report shows them: work, expenses, trouble, and how each came to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aar.database import Transaction, researchers, runs, spending, submissions
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
        runs: Number of its runs.
        core_seconds: Core-seconds of its runs.
        spent: Sum of its calls to its model.
        hours: Time between its start and its end, in hours.
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
) -> Person:
    """One author of a lab whose last event was at `last`."""
    own = [run for run in ended if run.researcher == row.name]
    out: dict[ProviderTrouble, float] = {}
    for trouble in troubles:
        if trouble.researcher == row.name:
            seconds = max(0.0, (trouble.ended or row.finished or last) - trouble.since)
            out[trouble.kind] = out.get(trouble.kind, 0.0) + seconds
    return Person(
        row=row,
        colour=colour,
        submitted=sum(submission.researcher == row.name for submission in submitted),
        verified=sum(
            submission.researcher == row.name and submission.status == "verified" for submission in submitted
        ),
        posts=sum(post.researcher == row.name for post in written),
        comments=sum(comment.researcher == row.name for post in written for comment in post.comments),
        runs=len(own),
        core_seconds=sum(run.end.core_seconds for run in own),
        spent=spending.of(tx, row.name),
        hours=max(0.0, (row.finished or last) - (row.started or row.created)) / 3600,
        out_seconds=out,
    )
