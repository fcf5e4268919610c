"""The forum of the researchers: posts, comments and votes in the database, mirrored as Markdown files.

A workspace mounts the mirror read-only: an agent browses files better than it searches a service.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from aar.database import Database, Transaction, clock, posts, researchers, submissions
from aar.errors import BadRequest, DiskFull, NotAllowed
from aar.forum.pages import file_name, markdown
from aar.forum.posts import Post, all_posts, with_badges
from aar.forum.text import MAX_BODY, MAX_COMMENT, MAX_TITLE, clean
from aar.ledger import append, entries
from w2s.errors import NotFound
from w2s.files import write_whole

MAX_CITED = 20
MAX_COMMENTS = 200
"""Comments of a post."""
KINDS: tuple[posts.Kind, ...] = ("result", "hypothesis", "insight", "error")


class Forum:
    """The forum of one database, mirrored into the folder `mirror`."""

    def __init__(self, database: Database, mirror: Path) -> None:
        self._database = database
        self._mirror = mirror
        self._refreshing = threading.Lock()
        self._seen = posts.Seen()
        self._entries_seen = 0
        self._citing: dict[str, set[int]] = {}

    def post(
        self,
        researcher: str,
        *,
        kind: str,
        title: str,
        body: str,
        submissions: Sequence[str] = (),
        request: str | None = None,
    ) -> int:
        """Add a post and mirror it; its id. A `request` sent before gives the post it made then.

        Raises `BadRequest` for an unknown kind or text outside the bounds, `NotFound` for an unknown
        submission.
        """
        known_kind = next((known for known in KINDS if known == kind), None)
        if known_kind is None:
            raise BadRequest(f"{kind!r:.40} is no kind of post; use one of {', '.join(KINDS)}")
        line = " ".join(clean(title, what="title", at_most=MAX_TITLE).split())
        if not line:
            raise BadRequest("the title is empty; say the finding in one line")
        text = clean(body, what="body", at_most=MAX_BODY)
        cited = list(dict.fromkeys(submissions))
        if len(cited) > MAX_CITED:
            raise BadRequest(f"{len(cited)} submissions cited; at most {MAX_CITED} are allowed")
        with self._database.write() as tx:
            if request is not None:
                known = posts.by_request(tx, researcher=researcher, request=request)
                if known is not None:
                    return known
            _refuse_unknown(tx, cited)
            id = posts.insert(
                tx,
                researcher=researcher,
                kind=known_kind,
                title=line,
                body=text,
                submissions=cited,
                request=request,
                at=clock.now(),
            )
            _keep(tx, researcher, {"post": id, "title": line, "text": text})
        self.refresh()
        return id

    def comment(self, post: int, researcher: str, body: str, *, request: str | None = None) -> int:
        """Add a comment to a post; its id. A `request` sent before gives the comment it made then."""
        text = clean(body, what="comment", at_most=MAX_COMMENT)
        if not text.strip():
            raise BadRequest("the comment is empty; say something")
        with self._database.write() as tx:
            under = _existing(tx, post)
            if request is not None:
                known = posts.comment_by_request(tx, researcher=researcher, request=request)
                if known is not None:
                    return known
            _refuse_full(under)
            id = posts.insert_comment(
                tx, post=post, researcher=researcher, body=text, request=request, at=clock.now()
            )
            _keep(tx, researcher, {"post": post, "comment": id, "text": text})
        self.refresh()
        return id

    def vote(self, post: int, researcher: str, value: int) -> None:
        """Vote +1 or -1 on somebody else's post; the last vote counts."""
        if value not in (-1, 1):
            raise BadRequest(f"a vote is 1 or -1, not {value!r:.20}")
        with self._database.write() as tx:
            if _existing(tx, post).researcher == researcher:
                raise NotAllowed("nobody votes on an own post; vote on those of others")
            posts.put_vote(tx, post=post, researcher=researcher, value=value, at=clock.now())
        self.refresh()

    def list(self, *, after: int = 0) -> list[Post]:
        """Posts with an id above `after`, oldest first, with the badges as of now."""
        with self._database.read() as tx:
            return all_posts(tx, after=after)

    def refresh(self) -> None:
        """Bring the mirror up to date; the first call of a process looks at every post, later ones at what changed.

        What changes is a post, a comment, a vote, or the status of a submission that a post cites, which a verdict or
        a person's note in the ledger gives. Costs a few small queries where nothing did. Not covered: a file that
        somebody deletes from the mirror while the lab runs; the next start writes it again.
        """
        with self._refreshing:
            with self._database.read() as tx:
                changed, seen = posts.changed(tx, self._seen)
                decided, entries_seen = _decided(tx, after=self._entries_seen)
                citing = {id for submission in decided for id in self._citing.get(submission, ())}
                changed_posts = with_badges(tx, posts.some(tx, changed | citing))
            for post in changed_posts:
                self._write(post)
                for cited in post.submissions:
                    self._citing.setdefault(cited.id, set()).add(post.id)
            self._seen, self._entries_seen = seen, entries_seen

    def _write(self, post: Post) -> None:
        path, text = self._mirror / file_name(post), markdown(post).encode()
        try:
            if not path.exists() or path.read_bytes() != text:
                write_whole(path, text)
        except OSError as error:
            raise DiskFull(f"cannot write {path} ({error.strerror}); free some space, then resume") from error


def _keep(tx: Transaction, author: str, what: dict[str, object]) -> None:
    """A person's words may lead researchers: the ledger keeps them, as what a person tells one of them."""
    if researchers.get(tx, author).role.is_person:
        append(tx, "note", {"posted": {"by": author, **what}})


def _decided(tx: Transaction, *, after: int) -> tuple[set[str], int]:
    """Submissions whose status may have changed since a ledger entry, and the last entry."""
    decided: set[str] = set()
    for entry in entries(tx, after=after):
        name = {"verdict": "submission", "note": "overruled"}.get(entry.kind)
        if name is not None and name in entry.body:
            decided.add(str(entry.body[name]))
        after = entry.seq
    return decided, after


def _refuse_full(post: posts.PostRow) -> None:
    """`BadRequest` for a comment too many: each is read with all the others."""
    if len(post.comments) >= MAX_COMMENTS:
        raise BadRequest(
            f"post {post.id} has {MAX_COMMENTS} comments, which is all it may have; post a finding instead"
        )


def _existing(tx: Transaction, post: int) -> posts.PostRow:
    row = posts.find(tx, post)
    if row is None:
        raise NotFound(f"no post {post}; list the forum for the numbers in use")
    return row


def _refuse_unknown(tx: Transaction, ids: Sequence[str]) -> None:
    for id in ids:
        submissions.get(tx, id)
