"""Folder for a session's unwritten log, with a lock that shows that its process still lives.

Everything lies in the hidden folder `.running` beside the logs: Inspect's buffer of events, which it would keep in the
user's home, and one lock file a session, which the kernel frees when the process dies, however it dies.

These locks are not those of `aar.locks`: who asks whether one is held must neither make the file, nor write it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

FOLDER = ".running"
DATA_HOME = "XDG_DATA_HOME"
PROCESS = "process"
"""Under this name a log's metadata says whose lock tells that it is still being written."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


@contextlib.contextmanager
def session(logs: Path, researcher: str) -> Iterator[str]:
    """Hold a session's lock and keep its buffer in `logs`; gives the name for the log's metadata."""
    folder = logs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{re.sub(r'[^A-Za-z0-9_-]', '-', researcher)[:60]}-{uuid.uuid4().hex[:12]}"
    lock = _lock(logs, name)
    # Inspect asks for the folder each time, so it need not be set before the import.
    before = os.environ.get(DATA_HOME)
    os.environ[DATA_HOME] = str(folder.resolve())
    try:
        with lock.open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield name
    finally:
        lock.unlink(missing_ok=True)
        if before is None:
            del os.environ[DATA_HOME]
        else:
            os.environ[DATA_HOME] = before


def lives(logs: Path, name: str) -> bool:
    """True if the process of a session still holds its lock."""
    if not _NAME.fullmatch(name):
        return False
    try:
        with _lock(logs, name).open("rb") as probe:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def forget(logs: Path, name: str) -> None:
    """Remove the lock file of a session that is over."""
    if _NAME.fullmatch(name):
        _lock(logs, name).unlink(missing_ok=True)


def buffers(logs: Path, log: str) -> list[Path]:
    """The databases with the events of the log of that name, the newest first."""
    # The folder between is named after where the logs lay then; a run folder may have been moved.
    every = (logs / FOLDER).glob("inspect_ai/samplebuffer/*/*.db")
    return sorted(
        (path for path in every if path.name.rsplit(".", 2)[0] == log and _plain(path)),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )


def _plain(path: Path) -> bool:
    """True if the path is a file of the run folder itself: a link may lead anywhere, or nowhere."""
    return path.is_file() and not path.is_symlink()


def _lock(logs: Path, name: str) -> Path:
    return logs / FOLDER / f"{name}.lock"
