"""Which database the setting `storage` of a run may name: its URL, checked before anything opens it.

Covered: what is no URL, a password in it, and an SQLite file outside the run's own folder `db`, also by a link. A run
folder may come from a stranger, and whoever opens a database may upgrade it or change whom it belongs to. Not covered:
a hard link, a link that is put there after the check, and where the URL of another storage leads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite adds to the name of a database for the files that it keeps beside it."""


def parsed(text: object) -> sa.URL:
    """The URL that `text` is; `ValueError` says what it should be and never shows the text, which may hold a password.

    >>> parsed("postgresql://aar@host/lab").database
    'lab'
    >>> parsed("postgresql://aar:secret@host/lab")
    Traceback (most recent call last):
    ValueError: a URL without a password; give it to the driver in its own way, such as PGPASSFILE
    """
    # takes a fifth of a second, and most runs name no storage
    import sqlalchemy as sa

    try:
        url = sa.make_url(text) if isinstance(text, str) else None
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None:
        raise ValueError("the URL of a database, such as postgresql://USER@HOST/NAME, or null")
    if url.password is not None or any("password" in name.lower() for name in url.query):
        raise ValueError("a URL without a password; give it to the driver in its own way, such as PGPASSFILE")
    return url


def leads_out(file: Path, folder: Path) -> bool:
    """Whether the SQLite database `file`, or what SQLite keeps beside it, lies elsewhere than in `folder`.

    Links above `folder` do not count: a run may lie behind one, but nothing in it may be one that leads out.
    """
    inside = folder.parent.resolve() / folder.name
    if not file.name:
        return True
    names = (file.name, *(f"{file.name}{suffix}" for suffix in SIDE_FILES))
    try:
        return any(file.with_name(name).resolve().parent != inside for name in names)
    except (OSError, RuntimeError, ValueError):  # a ring of links, a zero byte
        return True
