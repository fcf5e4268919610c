"""A lab's database: transactions, the format of its tables, and how an earlier one is brought up to date.

What is special to a kind of database stands in its backend (`aar.database.backend`). Not covered: a `Database` carried
over a fork (open one in each process).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aar.database import migrations, schema
from aar.database.backend import Backend, backend
from aar.database.turns import Turns
from aar.errors import LabFolderError, NoLab, WrongFormat

FORMAT = 10
"""Version of the tables; an older one is brought up to date (`aar.database.migrations`), a newer one refused."""

TURN_SECONDS = 30

_NOT_OF_THE_FORMAT = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    *(sa.exc.DataError, sa.exc.IntegrityError, sa.exc.InterfaceError, sa.exc.ProgrammingError),
)
"""What a revision raises where a value or a row is not what it should be."""

Transaction = sa.Connection
"""First parameter of every reading or writing function; made by `Database.read` and `Database.write`."""


class Database:
    """An open lab database: hand it around within one process, threads included."""

    def __init__(self, url: sa.URL, opened: Backend) -> None:
        self.url = url
        self._backend = opened
        self._engine = opened.engine()
        self._turns = Turns()
        sa.event.listen(self._engine, "begin", self._begin)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Everything in the block, or nothing: takes the write lock at once, commits at the end.

        Keep the block short (no computing, no waiting in it): the other processes queue behind it.
        """
        if not self._turns.take(seconds=TURN_SECONDS):
            raise self._backend.locked()
        try:
            with self._transaction(writes=True) as tx:
                yield tx
        finally:
            self._turns.give()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view; writers are not held up by it and it not by them."""
        with self._transaction(writes=False) as tx:
            yield tx

    def version(self) -> int:
        """A number that changes whenever any process commits anything here; asking costs microseconds.

        Call it from one thread at a time.
        """
        with self._backend.errors():
            return self._backend.version()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()
        self._backend.close()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        with self._backend.errors(), self._engine.connect() as connection:
            connection.execution_options(aar_writes=writes)
            with connection.begin():
                yield connection

    def _begin(self, connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("aar_writes", False)
        (self._backend.begin_write if writes else self._backend.begin_read)(connection)


def open(where: Path | str | sa.URL, *, create: bool = False, group: int | None = None) -> Database:
    """Open the database at a URL; a path is an SQLite file. With `create` it is made where it is missing.

    `group` is the group id through which processes of other users (the scorer) write the same database. One of an
    earlier format is brought up to date, after a copy of it is set aside; that needs Alembic, nothing else does.
    Raises `NotFound` for a dialect without a storage, `NoLab` where there is none, `WrongFormat` for another version,
    `DiskFull`, `LabFolderError`.
    """
    url = _url(where)
    opened = backend(url)
    with opened.errors():
        if create:
            opened.create(group=group)
        elif not opened.exists():
            raise NoLab(
                f"no database at {_shown(url)}; start a new run, or name the folder of an existing one"
            )
        database = Database(url, opened)
    try:
        if create:
            _create_tables(database)
        with database.read() as tx:
            stored = _format(tx)
        if type(stored) is int and migrations.OLDEST <= stored < FORMAT:
            with opened.errors():
                _bring_up_to_date(opened, url, stored)
            with database.read() as tx:
                stored = _format(tx)
        if stored != FORMAT:
            raise WrongFormat(
                f"{_shown(url)} is of format {stored if stored is not None else 'unknown'}, this version reads format "
                f"{FORMAT}; use the version that wrote it, or start a new run"
            )
    except BaseException:
        database.close()
        raise
    return database


def _url(where: Path | str | sa.URL) -> sa.URL:
    if isinstance(where, Path):
        return sa.URL.create("sqlite", database=str(where.absolute()))
    try:
        return sa.make_url(where)
    except (sa.exc.ArgumentError, ValueError):  # not shown: it may hold a password
        raise LabFolderError(
            "the URL of the database is none; write it as DIALECT://USER@HOST/NAME, or name a file by its path"
        ) from None


def _bring_up_to_date(opened: Backend, url: sa.URL, stored: int) -> None:
    opened.upgrade(
        f"format-{stored}",
        due=lambda connection: bool(_format(connection) == stored),
        change=partial(_change, url=url, start=stored),
    )


def _change(connection: sa.Connection, *, url: sa.URL, start: int) -> None:
    """Take the revisions; `WrongFormat` where the tables hold what no version of that format wrote.

    What the driver says of the disk, of locks and of tables is left to the backend.
    """
    try:
        migrations.run(connection, start=start)
    except _NOT_OF_THE_FORMAT as error:
        reason = getattr(error, "orig", error)  # the driver's own words, without the statement
        raise WrongFormat(
            f"{_shown(url)} cannot be brought up to date: it holds what no lab of format {start} "
            f"holds ({type(error).__name__}: {reason}); it was changed by hand or is damaged, or this is a bug to "
            "report. Nothing was changed"
        ) from error


def _create_tables(database: Database) -> None:
    with database.read() as tx:
        if sa.inspect(tx).has_table("meta"):
            return
    with database.write() as tx:
        if not sa.inspect(tx).get_table_names():  # nobody was faster, and it is nobody else's database
            schema.metadata.create_all(tx, checkfirst=False)
            tx.execute(schema.meta.insert().values(key="format", value=FORMAT))


def _format(tx: Transaction) -> Any:
    if not sa.inspect(tx).has_table("meta"):
        return None
    return tx.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "format"))


def _shown(url: sa.URL) -> str:
    """Name of a database in errors: its path, or its URL without the password."""
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string()
