"""Rows of the forum; `aar.forum.Forum` is the door to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import comments as comments_table
from aar.database.schema import posts as table
from aar.database.schema import votes as votes_table

Kind = Literal["result", "hypothesis", "insight", "error"]


@dataclass(frozen=True)
class Comment:
    """One comment under a post; `request` is the caller's own id, so that what is sent twice stands once."""

    id: int
    post: int
    researcher: str
    body: str
    request: str | None
    at: float


@dataclass(frozen=True)
class PostRow:
    """One post as stored.

    Attributes:
        id: Number of the post.
        researcher: Author.
        kind: Kind of post.
        title: Title.
        body: Text.
        submissions: Ids of the submissions that it cites.
        request: Id of the author's request, so that a repeated one posts nothing; None without one.
        at: Time, in seconds since 1970.
        votes: Sum of +1 and -1.
        comments: Comments on the post.
    """

    id: int
    researcher: str
    kind: Kind
    title: str
    body: str
    submissions: tuple[str, ...]
    request: str | None
    at: float
    votes: int
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class Seen:
    """Up to where the forum was read: the newest post, comment and vote."""

    post: int = 0
    comment: int = 0
    vote: float = 0.0


def changed(tx: Transaction, since: Seen) -> tuple[frozenset[int], Seen]:
    """The posts that are new or were commented or voted on since then, and up to where that is.

    Votes of the last moment are told once more, since another may have been given in it.
    """
    comments = sa.select(comments_table.c.id, comments_table.c.post).where(
        comments_table.c.id > since.comment
    )
    votes = sa.select(votes_table.c.at, votes_table.c.post).where(votes_table.c.at >= since.vote)
    new_posts = list(tx.scalars(sa.select(table.c.id).where(table.c.id > since.post)))
    new_comments, new_votes = tx.execute(comments).all(), tx.execute(votes).all()
    seen = Seen(
        post=max([since.post, *new_posts]),
        comment=max([since.comment, *(row.id for row in new_comments)]),
        vote=max([since.vote, *(row.at for row in new_votes)]),
    )
    return frozenset([*new_posts, *(row.post for row in (*new_comments, *new_votes))]), seen


def all(tx: Transaction, *, after: int = 0, most: int | None = None) -> list[PostRow]:
    """Posts with an id above `after`, oldest first, at most `most`, with their votes and comments."""
    return _read(tx, table.c.id > after, most)


def found(
    tx: Transaction,
    words: Sequence[str] = (),
    *,
    researcher: str | None = None,
    kind: Kind | None = None,
    most: int | None = None,
) -> list[PostRow]:
    """The newest posts, at most `most` of them, oldest first: by a researcher, of a kind.

    Every one of `words` stands in the title, the text, a comment or the author's name, whatever the case of ASCII
    letters; all posts are read for that.
    """
    query = sa.select(table.c.id).order_by(table.c.id.desc())
    for word in words:
        comments = sa.select(comments_table.c.post).where(
            comments_table.c.body.icontains(word, autoescape=True)
        )
        texts = (table.c.title, table.c.body, table.c.researcher)
        query = query.where(
            sa.or_(*(text.icontains(word, autoescape=True) for text in texts), table.c.id.in_(comments))
        )
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    if kind is not None:
        query = query.where(table.c.kind == kind)
    return some(tx, set(tx.scalars(query if most is None else query.limit(most))))


def some(tx: Transaction, ids: Collection[int]) -> list[PostRow]:
    """The posts with these ids, oldest first."""
    return _read(tx, table.c.id.in_(ids)) if ids else []


def _read(tx: Transaction, condition: sa.ColumnElement[bool], most: int | None = None) -> list[PostRow]:
    rows = tx.execute(sa.select(table).where(condition).order_by(table.c.id).limit(most)).all()
    ids = [row.id for row in rows]
    remarks: dict[int, list[Comment]] = {}
    for row in tx.execute(
        sa.select(comments_table).where(comments_table.c.post.in_(ids)).order_by(comments_table.c.id)
    ):
        remarks.setdefault(row.post, []).append(Comment(**row._mapping))
    tally = {
        row.post: int(row.value)
        for row in tx.execute(
            sa.select(votes_table.c.post, sa.func.sum(votes_table.c.value).label("value"))
            .where(votes_table.c.post.in_(ids))
            .group_by(votes_table.c.post)
        )
    }
    return [
        PostRow(
            **{**row._mapping, "submissions": tuple(row.submissions)},
            votes=tally.get(row.id, 0),
            comments=tuple(remarks.get(row.id, ())),
        )
        for row in rows
    ]


def last(tx: Transaction) -> int:
    """Id of the newest post, 0 without any."""
    return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))) or 0)


def find(tx: Transaction, post: int) -> PostRow | None:
    """One post, or None."""
    return next(iter(some(tx, [post])), None)


def written_since(tx: Transaction, researcher: str, at: float) -> int:
    """Number of a researcher's posts, comments and votes since a time, in seconds since 1970."""
    return sum(
        int(
            tx.execute(
                sa.select(sa.func.count())
                .select_from(kind)
                .where(kind.c.researcher == researcher, kind.c.at >= at)
            ).scalar_one()
        )
        for kind in (table, comments_table, votes_table)
    )


def by_request(tx: Transaction, *, researcher: str, request: str) -> int | None:
    """The post that this request of this researcher made earlier, or None."""
    return tx.scalar(
        sa.select(table.c.id).where(table.c.researcher == researcher, table.c.request == request)
    )


def insert(
    tx: Transaction,
    *,
    researcher: str,
    kind: Kind,
    title: str,
    body: str,
    submissions: Sequence[str],
    request: str | None,
    at: float,
) -> int:
    """Add a post; its id."""
    added = tx.execute(
        table.insert()
        .values(
            researcher=researcher,
            kind=kind,
            title=title,
            body=body,
            submissions=list(submissions),
            request=request,
            at=at,
        )
        .returning(table.c.id)
    )
    return int(added.scalar_one())


def comment_by_request(tx: Transaction, *, researcher: str, request: str) -> int | None:
    """The comment that this request of this researcher made earlier, or None."""
    known = sa.select(comments_table.c.id).where(
        comments_table.c.researcher == researcher, comments_table.c.request == request
    )
    return tx.scalar(known)


def was_sent(tx: Transaction, *, researcher: str, request: str) -> bool:
    """True if this request of this researcher made a post or a comment earlier."""
    return (
        by_request(tx, researcher=researcher, request=request) is not None
        or comment_by_request(tx, researcher=researcher, request=request) is not None
    )


def insert_comment(
    tx: Transaction, *, post: int, researcher: str, body: str, request: str | None, at: float
) -> int:
    """Add a comment; its id."""
    added = tx.execute(
        comments_table.insert()
        .values(post=post, researcher=researcher, body=body, request=request, at=at)
        .returning(comments_table.c.id)
    )
    return int(added.scalar_one())


def put_vote(tx: Transaction, *, post: int, researcher: str, value: int, at: float) -> None:
    """Set a researcher's vote on a post; the last one counts."""
    upsert.put(tx, votes_table, {"post": post, "researcher": researcher}, {"value": value, "at": at})
