"""Interface to one kind of database; all else in this package is portable SQLAlchemy.

`aar.database.sqlite` is the one that ships. Another is an entry point of the group `aar.storage`: its name is the
dialect of the URL ("postgresql"), and what it names is called with the URL and returns a `Backend`. The URL is the
setting `storage` of a run. Scorer and lab open it by themselves; the scorer has no network, but it may write in the
folder `db` of the run, where a database can listen on a socket.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import sqlalchemy as sa

from aar.errors import LabFolderError
from w2s.plugins import Seam


class Backend(Protocol):
    """One database at one URL. Writers are serialised: that is what lets `aar.database.upsert` be two statements.

    Every method raises errors of `aar.errors` that name the database and say what to do.
    """

    def exists(self) -> bool:
        """True if there is a database to open."""

    def create(self, *, group: int | None) -> None:
        """Make an empty database where there is none; let processes of the group id `group` write it too.

        Nothing that is not the lab's own changes its owner or mode.
        """

    def engine(self) -> sa.Engine:
        """Connections for any number of threads; `connect` opens them, `begin_read` and `begin_write` begin.

        Make it with `hide_parameters=True`: an error is logged, and no figure of a scored run may be.
        """

    def begin_read(self, connection: sa.Connection) -> None:
        """Begin a transaction that sees one moment, holds up no writer and is held up by none."""

    def begin_write(self, connection: sa.Connection) -> None:
        """Begin a transaction once no other process writes; nothing is read before that."""

    def version(self) -> int:
        """Return a number that changes whenever any process commits; cheap, called from one thread at a time."""

    def errors(self) -> AbstractContextManager[None]:
        """Turn errors of the driver into those of `aar.errors`."""

    def locked(self) -> LabFolderError:
        """Return the error of a writer whose turn did not come."""

    def upgrade(
        self, name: str, *, due: Callable[[sa.Connection], bool], change: Callable[[sa.Connection], None]
    ) -> None:
        """Set a copy aside whose name holds `name`, then `change` the tables; nothing where it is not `due` any more.

        One process at a time; the others wait. What `change` did is committed as a whole, or nothing of it.
        """

    def close(self) -> None:
        """Give back what `version` holds open."""


STORAGES: Seam[[sa.URL], Backend] = Seam(
    "storage",
    "aar.storage",
    {"sqlite": "aar.database.sqlite:SQLite"},
    protocol="aar.database.backend:Backend",
    suite="tests/conformance/test_storage.py --storage {}://...",
)
"""Backends by the dialect of their URL."""


def backend(url: sa.URL) -> Backend:
    """Return the backend of a URL, by its dialect."""
    return STORAGES.make(url.get_backend_name(), url)
