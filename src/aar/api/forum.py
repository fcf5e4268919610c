"""Routes of the forum, in studies that have one."""

from typing import Annotated

from fastapi import APIRouter, Query

from aar.api.door import Caller, Door, Here, Member, Reader, Writer
from aar.api.requests import Finding, Number, Remark, Vote
from aar.database import clock, posts, researchers
from aar.database.tokens import Access
from aar.errors import NotNow
from aar.forum import with_badges
from aar.lab import answers, for_researchers
from aar.lab.view import Done

MOST_POSTS = 1000
DAY_SECONDS, MOST_WRITTEN = 24 * 3600.0, 500
"""Posts, comments and votes of one guest within a day."""
Word = Annotated[str, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=MOST_POSTS)]

router = APIRouter(prefix="/forum", tags=["forum"])


@router.get("")
def read(door: Here, who: Reader, after: Number = 0, limit: Limit = MOST_POSTS) -> answers.Posts:
    """Posts with an id above `after`, the oldest first, at most `limit` of them."""
    with door.lab.database.read() as tx:
        found = with_badges(tx, posts.all(tx, after=after, most=limit))
    return answers.Posts(posts=tuple(map(answers.Post.of, found)))


@router.get("/search")
def search(
    door: Here, who: Reader, words: Annotated[list[Word], Query(max_length=16)], limit: Limit = 50
) -> answers.Posts:
    """The newest posts that hold every one of the words, at most `limit` of them."""
    with door.lab.database.read() as tx:
        found = with_badges(tx, posts.found(tx, words, most=limit))
    return answers.Posts(posts=tuple(map(answers.Post.of, found)))


@router.post("")
def write(door: Here, who: Writer, finding: Finding) -> answers.Posted:
    """Publish a finding."""
    _admit(door, who, finding.request_id)
    post = door.lab.forum.post(
        who.name,
        kind=finding.kind,
        title=finding.title,
        body=finding.body,
        submissions=finding.submissions,
        request=finding.request_id,
    )
    return answers.Posted(id=post)


@router.post("/{post}/comments")
def comment(door: Here, who: Writer, post: Number, remark: Remark) -> answers.Posted:
    """Comment on a post."""
    _admit(door, who, remark.request_id)
    return answers.Posted(id=door.lab.forum.comment(post, who.name, remark.body, request=remark.request_id))


@router.post("/{post}/vote")
def vote(door: Here, who: Member, post: Number, body: Vote) -> Done:
    """Vote on a post; a later vote replaces the earlier one."""
    for_researchers.refuse_late_post(door.lab, who)
    door.lab.forum.vote(post, who.name, body.value)
    return Done()


def _admit(door: Door, who: Caller, request: str | None) -> None:
    """Refuse a researcher that has made its last posts, and a guest that has written much; a repetition passes."""
    if who.researcher is not None:
        for_researchers.refuse_late_post(door.lab, who.researcher)
    if who.access is Access.OPERATOR:
        with door.lab.database.write() as tx:
            researchers.add(tx, who.name)
    if who.token:
        with door.lab.database.read() as tx:
            again = request is not None and posts.was_sent(tx, researcher=who.name, request=request)
            written = posts.written_since(tx, who.name, clock.now() - DAY_SECONDS)
        if written >= MOST_WRITTEN and not again:
            raise NotNow(
                f"{who.name} has written {written} posts, comments and votes within a day, which is all a guest may"
            )
