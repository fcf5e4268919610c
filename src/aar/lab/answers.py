"""Answers to researchers about submissions, practice runs and posts: words, and figures of practice only."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from collections.abc import Mapping
from typing import Literal

from aar import forum
from aar.database import posts, runs, submissions
from aar.lab.view import Score, View
from aar.run_records import RunError


class Submission(View):
    """A submission in words."""

    id: str
    title: str
    researcher: str
    status: submissions.Status
    """Status of the submission; "pending" until it is decided."""
    reply: str
    """Reason, for people and language models; programs compare the status."""
    parents: tuple[str, ...]
    """Ids of the submissions that it builds on."""
    score: Score = None

    @classmethod
    def of(cls, row: submissions.Submission, scores: Mapping[str, float]) -> "Submission":
        """A submission as it stands; `scores` are those that the study's feedback tells."""
        return cls(
            id=row.id,
            title=row.title,
            researcher=row.researcher,
            status=row.status,
            reply=row.reply,
            parents=row.parents,
            score=scores.get(row.id),
        )


class TakenIn(Submission):
    """A submission that was just handed in."""

    submission: str
    """Its id once more, under the name that other requests have for it."""


class Code(Submission):
    """A submission with its files."""

    files: dict[str, str]
    """Contents by name."""


class PracticeStarted(View):
    """A practice run that was taken in."""

    run: str
    """Its name."""


class MethodError(View):
    """Error of a method on the practice bench."""

    type: str | None
    file: str | None
    line: int | None
    message: str


class Practice(View):
    """A practice run; no truth is involved in its figures."""

    run: str
    state: runs.State
    status: Literal["pending", "ok", "failed", "lost", "cancelled"]
    error: MethodError | None
    agreement_with_weak: float | None
    """Share of the training targets that agree with the weak labels."""
    class1_share: float | None
    """The share of test items that are predicted to be of class 1."""
    trained_on_share: float | None
    """The share of unlabelled items that were trained on."""
    logged: dict[str, float]
    """Values that the method logged itself."""
    nominal_minutes: float

    @classmethod
    def of(cls, run: runs.Run) -> "Practice":
        """A practice run, with what its author may know of it."""
        error = None
        if run.state == "failed":
            broke = run.end.error or RunError()
            error = MethodError(
                type=broke.type, file=broke.file, line=broke.line, message=broke.message or broke.rule or ""
            )
        return cls(
            run=run.key,
            state=run.state,
            status=_STATUS[run.state],
            error=error,
            agreement_with_weak=run.figures.get("agreement_with_weak"),
            class1_share=run.figures.get("class1_share"),
            trained_on_share=run.figures.get("trained_on_share"),
            logged=dict(run.end.logged),
            nominal_minutes=run.nominal_cost,
        )


_STATUS: Mapping[runs.State, Literal["pending", "ok", "failed", "lost", "cancelled"]] = {
    "queued": "pending",
    "running": "pending",
    "done": "ok",
    "failed": "failed",
    "lost": "lost",
    "cancelled": "cancelled",
}


class Badge(View):
    """A submission that a post cites, with its status now."""

    id: str
    status: submissions.Status


class Comment(View):
    """A comment under a post."""

    researcher: str
    body: str


class Post(View):
    """A post of the forum with the badges of the submissions that it cites."""

    id: int
    researcher: str
    kind: posts.Kind
    title: str
    body: str
    submissions: tuple[Badge, ...]
    votes: int
    comments: tuple[Comment, ...]
    at: float
    """Seconds since 1970."""

    @classmethod
    def of(cls, post: forum.Post) -> "Post":
        """A post as it stands."""
        return cls(
            id=post.id,
            researcher=post.researcher,
            kind=post.kind,
            title=post.title,
            body=post.body,
            submissions=tuple(Badge(id=cited.id, status=cited.status) for cited in post.submissions),
            votes=post.votes,
            comments=tuple(
                Comment(researcher=comment.researcher, body=comment.body) for comment in post.comments
            ),
            at=post.at,
        )


class Posts(View):
    """Posts, oldest first."""

    posts: tuple[Post, ...]


class Posted(View):
    """Answer to a new post."""

    id: int
