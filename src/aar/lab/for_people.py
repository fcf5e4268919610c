"""What people write on the forum of a run: posts and answers, which researchers read like each other's.

Covered: a lab that runs, which brings its mirror up to date within two seconds, and one that does not, whose mirror is
brought up to date here.
"""

from __future__ import annotations

from collections.abc import Sequence

from aar.database import Database, researchers
from aar.errors import NotAllowed
from aar.folder import LabFolder
from aar.forum import Forum
from aar.settings import settings_of


def post(
    folder: LabFolder, store: Database, *, kind: str, title: str, body: str, submissions: Sequence[str] = ()
) -> int:
    """Publish a post of the person who runs the lab; its number.

    Raises `BadRequest` for what is no post, `NotFound` for an unknown submission, `NotAllowed` where there is no forum.
    """
    author = _author(folder, store)
    return Forum(store, folder.forum).post(author, kind=kind, title=title, body=body, submissions=submissions)


def reply(folder: LabFolder, store: Database, number: int, body: str) -> int:
    """Comment on a post as the person who runs the lab; the comment's number. Raises as `post` does."""
    author = _author(folder, store)
    return Forum(store, folder.forum).comment(number, author, body)


def _author(folder: LabFolder, store: Database) -> str:
    if not settings_of(folder).forum:
        raise NotAllowed(
            "this study has no forum, so that nobody would read it; aar researcher tell reaches its researchers"
        )
    with store.write() as tx:
        researchers.add(tx, researchers.OPERATOR)
    return researchers.OPERATOR
