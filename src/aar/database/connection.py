"""Transactions that survive `kill -9`, and errors that say what is wrong with the disk.

Covered: a writer killed at any moment (SQLite's write-ahead log keeps the last whole transaction),
several processes and threads writing at once (one at a time, the others wait up to 30 s), a full disk,
a read-only folder, a database of another format. Not covered: a network file system without working
locks; a `Database` carried over a fork (open one in each process).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from aar.database import migrations, schema
from aar.database.turns import Turns
from aar.errors import DiskFull, LabFolderError, NoLab, WrongFormat

FORMAT = 6
"""Version of the tables; an older one is brought up to date (`aar.database.migrations`), a newer one refused."""

BUSY_SECONDS = 30

Transaction = sa.Connection
"""What every reading or writing function takes first; made by `Database.read` and `Database.write`."""


class Database:
    """An open lab database: hand it around within one process, threads included."""

    def __init__(self, path: Path, engine: sa.Engine) -> None:
        self.path = path
        self._engine = engine
        self._turns = Turns()
        self._watcher: sqlite3.Connection | None = (
            None  # of its own: one that writes would miss what it wrote
        )

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """Everything in the block, or nothing: takes the write lock at once, commits at the end.

        Keep the block short (no computing, no waiting in it): the other processes queue behind it.
        """
        if not self._turns.take(seconds=BUSY_SECONDS):
            raise LabFolderError(_locked(self.path))
        try:
            with self._transaction("BEGIN IMMEDIATE") as tx:
                yield tx
        finally:
            self._turns.give()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent view; writers are not held up by it and it not by them."""
        with self._transaction("BEGIN") as tx:
            yield tx

    def version(self) -> int:
        """A number that changes whenever any process commits anything here; asking costs microseconds.

        Call it from one thread at a time.
        """
        if self._watcher is None:
            self._watcher = _connect(self.path, mode="rw")
        with _storage_errors(self.path):
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with _storage_errors(self.path), self._engine.connect() as connection:
            connection.execution_options(aar_begin=begin)
            with connection.begin():
                yield connection


def open(path: Path, *, create: bool = False, group: int | None = None) -> Database:
    """Open the database at `path`, with `create` making it (and its folder) where it is missing.

    `group` is the group id through which processes of other users (the scorer) write the same file:
    the folder becomes set-group-id and the file mode 0660, which SQLite passes on to its side files.
    Raises `NoLab` where there is none, `WrongFormat` for another version, `DiskFull`, `LabFolderError`.
    """
    with _storage_errors(path):
        if create:
            try:
                _create(path, group=group)
            except OSError as error:
                raise LabFolderError(f"cannot make {path}: {error.strerror}; check the folder") from error
        elif not path.is_file():
            raise NoLab(f"no database at {path}; start a new run, or name the folder of an existing one")
        engine = sa.create_engine(
            "sqlite://", creator=lambda: _connect(path, mode="rw"), poolclass=sa.QueuePool, max_overflow=32
        )
        sa.event.listen(engine, "begin", _begin)
        database = Database(path, engine)
    try:
        with database.read() as tx:
            found = _format(tx)
        if isinstance(found, int) and found in migrations.STEPS:
            with database.write() as tx:
                migrations.migrate(tx, to=FORMAT)
                found = _format(tx)
        _check_format(found, path)
    except BaseException:
        database.close()
        raise
    return database


def _create(path: Path, *, group: int | None) -> None:
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
    if group is not None and (path.parent.stat().st_uid == os.geteuid() or os.geteuid() == 0):
        os.chown(path.parent, -1, group)
        path.parent.chmod(0o2770)
    connection = _connect(path, mode="rwc")
    try:
        if path.stat().st_uid == os.geteuid():
            path.chmod(0o660)
        if group is not None:  # of a lab that was moved, the side files too
            for file in path.parent.glob(f"{path.name}*"):
                if file.lstat().st_gid != group and os.geteuid() in (0, file.lstat().st_uid):
                    os.lchown(file, -1, group)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        tables = connection.execute("SELECT count(*) FROM sqlite_master WHERE type='table'").fetchone()[0]
        if tables == 0:
            dialect = sa.create_engine("sqlite://").dialect
            for table in schema.metadata.sorted_tables:
                connection.execute(str(sa.schema.CreateTable(table).compile(dialect=dialect)))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    connection.execute(str(sa.schema.CreateIndex(index).compile(dialect=dialect)))
            connection.execute("INSERT INTO meta (key, value) VALUES ('format', ?)", (str(FORMAT),))
        connection.execute("COMMIT")
    finally:
        connection.close()


def _connect(path: Path, *, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys=ON")
    # FULL: what a researcher was told is on disk even after a power cut, at about a millisecond a commit
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("aar_begin", "BEGIN"))


def _format(tx: Transaction) -> Any:
    if not sa.inspect(tx).has_table("meta"):
        return None
    return tx.scalar(sa.select(schema.meta.c.value).where(schema.meta.c.key == "format"))


def _check_format(found: Any, path: Path) -> None:
    if found != FORMAT:
        raise WrongFormat(
            f"{path} is of format {found if found is not None else 'unknown'}, this version reads format "
            f"{FORMAT}; use the version that wrote it, or start a new run"
        )


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
        raised = error.orig
        if not isinstance(raised, sqlite3.DatabaseError) or isinstance(raised, sqlite3.IntegrityError):
            raise
        raise _named(raised, path) from error
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise _named(error, path) from error


def _named(error: sqlite3.DatabaseError, path: Path) -> Exception:
    text, code = str(error), getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return DiskFull(f"cannot write {path} ({text}); free some space, then continue with --resume")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return LabFolderError(
            f"cannot write {path} ({text}); make its folder writable for this user and the scorer's group"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LabFolderError(_locked(path))
    if code == sqlite3.SQLITE_ERROR and text.startswith("no such"):
        return WrongFormat(f"{path} lacks what every lab has ({text}); it was changed by hand or is damaged")
    if code == sqlite3.SQLITE_NOTADB:
        return WrongFormat(f"{path} is no lab database; name the folder of a run, or start a new one")
    if code == sqlite3.SQLITE_CORRUPT:
        return LabFolderError(
            f"{path} is damaged ({text}); the ledger's mirror ledger.jsonl is a second copy"
        )
    return error


def _locked(path: Path) -> str:
    return f"{path} stayed locked for {BUSY_SECONDS} s; another process holds a transaction open: end it"
