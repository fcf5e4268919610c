"""Routes of the forum, in studies that have one."""

from fastapi import APIRouter

from aar.api.door import Here, Member
from aar.api.requests import Finding, Number, Remark, Vote
from aar.lab import answers, for_researchers
from aar.lab.view import Done

router = APIRouter(prefix="/forum", tags=["forum"])


@router.get("")
def read(door: Here, who: Member, after: Number = 0) -> answers.Posts:
    """Posts with an id above `after`."""
    return answers.Posts(posts=tuple(answers.Post.of(post) for post in door.lab.forum.list(after=after)))


@router.post("")
def write(door: Here, who: Member, finding: Finding) -> answers.Posted:
    """Publish a finding."""
    for_researchers.refuse_late_post(door.lab, who)
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
def comment(door: Here, who: Member, post: Number, remark: Remark) -> answers.Posted:
    """Comment on a post."""
    for_researchers.refuse_late_post(door.lab, who)
    return answers.Posted(id=door.lab.forum.comment(post, who.name, remark.body, request=remark.request_id))


@router.post("/{post}/vote")
def vote(door: Here, who: Member, post: Number, body: Vote) -> Done:
    """Vote on a post; a later vote replaces the earlier one."""
    for_researchers.refuse_late_post(door.lab, who)
    door.lab.forum.vote(post, who.name, body.value)
    return Done()
