"""Posts as they are read, with the ledger's badge on every submission that one cites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aar.database import Transaction, posts, submissions


@dataclass(frozen=True)
class Cited:
    """A submission that a post cites, with its status now: the badge."""

    id: str
    researcher: str
    title: str
    status: submissions.Status


@dataclass(frozen=True)
class Post:
    """One post.

    Attributes:
        id: Number of the post.
        researcher: Author.
        kind: Kind of post.
        title: Title.
        body: Text.
        submissions: Cited submissions, each with its badge.
        votes: Sum of +1 and -1.
        comments: Comments on the post.
        at: Time, in seconds since 1970.
    """

    id: int
    researcher: str
    kind: posts.Kind
    title: str
    body: str
    submissions: tuple[Cited, ...]
    votes: int
    comments: tuple[posts.Comment, ...]
    at: float


def all_posts(tx: Transaction, *, after: int = 0) -> list[Post]:
    """Posts with an id above `after`, oldest first, within a transaction."""
    return with_badges(tx, posts.all(tx, after=after))


def with_badges(tx: Transaction, rows: Sequence[posts.PostRow]) -> list[Post]:
    """Posts from their rows, each cited submission with its status now."""
    badges = submissions.named(tx, {id for row in rows for id in row.submissions})
    return [
        Post(
            id=row.id,
            researcher=row.researcher,
            kind=row.kind,
            title=row.title,
            body=row.body,
            submissions=tuple(badge(badges[id]) for id in row.submissions),
            votes=row.votes,
            comments=row.comments,
            at=row.at,
        )
        for row in rows
    ]


def badge(row: submissions.Submission) -> Cited:
    """A submission as a post cites it."""
    return Cited(id=row.id, researcher=row.researcher, title=row.title, status=row.status)
