"""Logs of a run's processes: each writes lines with times to its error stream, which is its file in `logs/`.

The error stream is used because the scorer and the student services see no folder of logs from inside their sandboxes,
and because what a library or the interpreter itself prints belongs into the same file.

Covered: one line a record, whatever an agent put into a title, and a traceback whose lines cannot be taken for records,
whatever an agent put into an error's text; levels for our own loggers alone, so that no library
logs a request with its key; files that grow (the launcher copies a large one aside and empties it). Not covered: what a
record says. No token, no label and no figure of a scored run may be logged; a line that is written between the copy
and the emptying is lost.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

Level = Literal["debug", "info", "warning", "error"]

VARIABLE = "AAR_LOG_LEVEL"
"""The environment variable by which the processes of a run learn the level."""
OURS = ("aar", "w2s")
MOST_BYTES = 5 * 2**20
"""A file that is larger is put aside."""
KEPT = 3
"""Files that were put aside are kept as NAME.log.1, the newest, to NAME.log.3."""


class OneLine(logging.Formatter):
    """A record as one line with its time in UTC; a traceback follows on lines of its own, each behind a bar."""

    converter = time.gmtime  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(
            "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S"
        )

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the name is logging's)
        """The line, with control characters shown as escapes: it may hold what an agent wrote."""
        record.message = _escaped(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        """The traceback, with control characters shown as escapes; a bar begins each line, which no record has."""
        return "\n".join(f"  | {_escaped(line)}" for line in super().formatException(ei).split("\n"))


def _escaped(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def set_up() -> None:
    """Log to the error stream of this process. Call it once, where a process begins."""
    _begin(logging.StreamHandler(sys.stderr))


@contextmanager
def kept_in(file: Path) -> Iterator[None]:
    """Log to `file` within the block: for the launcher, whose error stream is a person's terminal."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.FileHandler(file)
    _begin(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


def _begin(handler: logging.Handler) -> None:
    """Have the handler hear our own loggers from the chosen level on, and libraries from warnings on."""
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level().upper())
    logging.getLogger("stamina").setLevel(logging.ERROR)  # the client says itself that the lab is away


def choose_level(chosen: Level) -> None:
    """Have this process, and all that it starts, log from `chosen` on."""
    os.environ[VARIABLE] = chosen


def level() -> Level:
    """The level that was chosen; "info" where none was, or no known one."""
    names: tuple[Level, ...] = ("debug", "info", "warning", "error")
    return next((name for name in names if name == os.environ.get(VARIABLE)), "info")


def rotate(folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Put large logs in `folder` aside; their writers go on in the emptied file, since they append.

    No link is followed, neither one in place of a log nor one in place of an earlier log.
    """
    for path in folder.glob("*.log"):
        if path.is_symlink() or path.stat().st_size <= most_bytes:
            continue
        for number in range(KEPT, 1, -1):
            older = path.with_name(f"{path.name}.{number - 1}")
            if os.path.lexists(older):
                older.replace(path.with_name(f"{path.name}.{number}"))
        newest = path.with_name(f"{path.name}.1")
        with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW), "r+b") as log, newest.open("xb") as aside:
            shutil.copyfileobj(log, aside)
            log.truncate(0)
