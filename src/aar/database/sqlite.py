"""All that is special to SQLite: how a file is opened, shared, locked, watched, copied, and what its errors mean.

Covered: a writer killed at any moment (the write-ahead log keeps the last whole transaction), several processes and
threads writing at once (one at a time, the others wait up to 30 s), a full disk, a read-only folder, an upgrade that is
killed. Not covered: a network file system without working locks; a connection carried over a fork.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from aar import locks
from aar.errors import DiskFull, LabFolderError, WrongFormat
from aar.folder import LabFolder
from aar.storage_url import SIDE_FILES

BUSY_SECONDS = 30

THREADS = 40
"""Connections that stay open: opening one costs more than most reads."""
UPGRADE_SECONDS = 600
"""Time that a process waits for another one that copies and upgrades the file."""

_OTHER_TABLES = ("no such", "table ", "index ", "duplicate column", "error in ", "cannot ", "Cannot ")
"""How SQLite's words begin where tables, columns, indexes, views or triggers are not what a statement expects."""


class SQLite:
    """The backend of one SQLite file (`aar.database.backend`)."""

    def __init__(self, url: sa.URL) -> None:
        if not url.database or url.database == ":memory:":
            raise LabFolderError(f"{url!r} names no file; several processes open a lab, so give it one")
        if not Path(url.database).is_absolute():
            raise LabFolderError(
                f"{url!r} names no absolute path, and the processes of a lab work in different folders; write "
                "sqlite:////PATH with four slashes"
            )
        self.path = Path(url.database)
        # of its own: a connection that writes would miss what it wrote itself
        self._watcher: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """True if the file is there."""
        return self.path.is_file()

    def create(self, *, group: int | None) -> None:
        """Make the file and its folder; with `group` the folder is set-group-id and the file mode 0660.

        SQLite passes the file's mode on to its side files. A folder that was there before keeps its owner and mode,
        unless it is the folder `db` of a run.
        """
        path, folder = self.path, self.path.parent
        try:
            ours = not folder.exists() or self._in_a_run()
            folder.mkdir(parents=True, exist_ok=True)
            if group is not None and ours and os.geteuid() in (0, folder.stat().st_uid):
                os.chown(folder, -1, group)
                folder.chmod(0o2770)
            with closing(self._connect("rwc")) as connection:
                if path.stat().st_uid == os.geteuid():
                    path.chmod(0o660)
                if group is not None:  # of a lab that was moved, the side files too
                    for file in (path, *(path.with_name(f"{path.name}{suffix}") for suffix in SIDE_FILES)):
                        if not os.path.lexists(file):
                            continue
                        if file.lstat().st_gid != group and os.geteuid() in (0, file.lstat().st_uid):
                            os.lchown(file, -1, group)
                connection.execute("PRAGMA journal_mode=WAL")
        except OSError as error:
            raise LabFolderError(f"cannot make {path}: {error.strerror}; check the folder") from error

    def engine(self) -> sa.Engine:
        """Connections for any number of threads; as many as a server has threads stay open."""
        return self._engine(
            lambda: self._connect("rw"), poolclass=sa.QueuePool, pool_size=THREADS, max_overflow=32
        )

    def begin_read(self, connection: sa.Connection) -> None:
        """Begin a transaction that sees one moment."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: sa.Connection) -> None:
        """Take the write lock at once: a reader that becomes a writer could not wait for another one."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def version(self) -> int:
        """Return SQLite's own counter of commits; asking costs microseconds."""
        if self._watcher is None:
            self._watcher = self._connect("rw")
        return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection that watches."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def locked(self) -> LabFolderError:
        """Return the error of a writer whose turn did not come."""
        return LabFolderError(
            f"{self.path} stayed locked for {BUSY_SECONDS} s; another process holds a transaction open: end it"
        )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Name the file and what to do in place of SQLite's own errors; a broken constraint stays as it is."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.DatabaseError) as error:
            raised = error.orig
            if not isinstance(raised, sqlite3.DatabaseError) or isinstance(raised, sqlite3.IntegrityError):
                raise
            raise self._named(raised) from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise self._named(error) from error

    def upgrade(
        self, name: str, *, due: Callable[[sa.Connection], bool], change: Callable[[sa.Connection], None]
    ) -> None:
        """Set a copy of the file aside as `name`, then `change` it in one transaction; nothing if it is not `due`.

        Covered: several processes at once (a lock that the kernel frees, and SQLite's write lock until the end), a
        crash at any moment (the transaction is SQLite's; the copy gets its name once it is whole), a full disk.
        """
        with (
            self._upgrade_lock(),
            closing(self._connect("rw")) as raw,
            self._engine(lambda: raw, poolclass=sa.StaticPool).connect() as connection,
        ):
            # tables are dropped and made anew while others refer to them; what refers to what is checked at the end
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            self.begin_write(connection)
            if not due(connection):  # another process was faster
                return
            copy = self._set_aside(name)
            try:
                change(connection)
                self._check_references(connection)
            except BaseException:
                copy.unlink()  # nothing was changed; each further try would leave one more
                raise
            connection.commit()

    def _engine(self, creator: Callable[[], sqlite3.Connection], **pool: Any) -> sa.Engine:
        # an error is logged, and its parameters are figures of scored runs
        return sa.create_engine(
            "sqlite://", creator=creator, hide_parameters=True, json_deserializer=self._value, **pool
        )

    def _value(self, text: str) -> Any:
        """The value of a column that holds JSON."""
        try:
            # SQLite keeps a number as a number: SQLAlchemy expects the TypeError, and takes it as it is
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WrongFormat(
                f"{self.path} holds a value that is no JSON ({error}); it was changed by hand or is damaged"
            ) from error

    def _in_a_run(self) -> bool:
        folder = LabFolder(self.path.parent.parent)
        own = folder.database.parent
        return self.path.parent == own and not own.is_symlink() and folder.description.is_file()

    def _check_references(self, connection: sa.Connection) -> None:
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise LabFolderError(
                f"{self.path} cannot be brought up to date: rows of {broken[0]} refer to rows that are not there; it "
                "was changed by hand, or this is a bug to report. Nothing was changed"
            )

    def _upgrade_lock(self) -> AbstractContextManager[None]:
        busy = f"{self.path} has been upgraded by another process for {UPGRADE_SECONDS} s; wait for it, or end it"
        lock = self.path.with_name(f"{self.path.name}.upgrade.lock")
        return locks.held(lock, busy=busy, seconds=UPGRADE_SECONDS, mode=0o660)

    def copy(self, to: Path) -> None:
        """Copy the database as it was committed last, write-ahead log included, to one file; others may write on."""
        # a second connection: SQLite's own copy of what others see, whoever else keeps writers out
        with closing(self._connect("ro")) as source, closing(sqlite3.connect(to)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # no side files beside it
        state = self.path.stat()
        to.chmod(state.st_mode & 0o777)
        if os.geteuid() == 0:
            os.chown(to, state.st_uid, state.st_gid)
        with to.open("rb") as file:
            os.fsync(file.fileno())

    def _set_aside(self, name: str) -> Path:
        """Copy the file as it was committed last, write-ahead log included, to one file beside it."""
        finished = self.path.with_name(f"{self.path.name}.{name}.{datetime.now(UTC):%Y-%m-%dT%H-%M-%SZ}")
        part = finished.with_name(f"{finished.name}.part")
        try:
            self.copy(part)
            part.replace(finished)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return finished

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys=ON")
        # FULL: what a researcher was told is on disk even after a power cut, at about a millisecond a commit
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _named(self, error: sqlite3.DatabaseError) -> Exception:
        path, text = self.path, str(error)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind, the rest details
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return DiskFull(f"cannot write {path} ({text}); free some space, then continue with --resume")
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return LabFolderError(
                f"cannot write {path} ({text}); make its folder writable for this user and the scorer's group"
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self.locked()
        if code == sqlite3.SQLITE_ERROR and text.startswith(_OTHER_TABLES):
            return WrongFormat(
                f"{path} has other tables than a lab has ({text}); it was changed by hand or is damaged. Nothing "
                "was changed now"
            )
        if code == sqlite3.SQLITE_NOTADB:
            return WrongFormat(f"{path} is no lab database; name the folder of a run, or start a new one")
        if code == sqlite3.SQLITE_CORRUPT:
            return LabFolderError(
                f"{path} is damaged ({text}); the ledger's mirror ledger.jsonl is a second copy"
            )
        return error
