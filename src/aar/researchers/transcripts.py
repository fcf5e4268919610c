"""No transcript is lost: a log that a dead process left behind is closed with what its buffer holds.

Covered: a researcher killed at any moment, by its log's own events up to the last that ended; a run folder that was
moved meanwhile; a recovery that is itself killed, and two at once. A log whose process lives is never touched. Not
covered: a machine that loses power, since the buffer is not forced to the disk at each event.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from aar.folder import LabFolder
from aar.researchers import running

MOST_SECONDS = 600.0
MOST_START_BYTES = 16 << 20
_START, _HEADER = "_journal/start.json", "header.json"


class Trouble(StrEnum):
    """Reason that a log does not open with all its messages."""

    NO_EVENTS = "no_events"
    """Nothing was kept of it: it is closed without a sample."""
    DAMAGED_EVENTS = "damaged_events"
    """Its buffer cannot be read and is kept aside: it is closed without a sample."""
    DAMAGED_LOG = "damaged_log"
    """The file itself cannot be read; it is left as it is."""
    FAILED = "failed"
    """It could not be recovered now, e.g. because the disk is full; the next call tries again."""


@dataclass(frozen=True)
class Recovered:
    """Result of the recovery of unclosed logs, by file name.

    Attributes:
        recovered: logs that open with their sample again.
        live: logs that a living process still writes.
        troubles: the others, and why.
    """

    recovered: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    troubles: Mapping[str, Trouble] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The logs that are not closed: whose process lives, whose died (with its name), and what cannot be read."""

    live: tuple[str, ...]
    dead: Mapping[str, str]
    damaged: tuple[str, ...]


def recover(folder: LabFolder) -> Recovered:
    """Close every log of a lab that a dead process left open, in a process of its own where there is any.

    Costs a look at each log's table of contents where there is nothing to do. Never raises for what is in a file.
    """
    unclosed = look(folder.inspect_logs)
    troubles = dict.fromkeys(unclosed.damaged, Trouble.DAMAGED_LOG)
    if not unclosed.dead:
        return Recovered(live=unclosed.live, troubles=troubles)
    command = [sys.executable, "-P", "-m", "aar.researchers.recovering", str(folder.path.resolve())]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=MOST_SECONDS, cwd="/", check=False
        )
        answer = json.loads(done.stdout)
        return Recovered(
            recovered=tuple(answer["recovered"]),
            live=tuple(answer["live"]),
            troubles={name: Trouble(code) for name, code in answer["troubles"].items()},
        )
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
        return Recovered(
            live=unclosed.live, troubles={**troubles, **dict.fromkeys(unclosed.dead, Trouble.FAILED)}
        )


def look(logs: Path) -> Found:
    """Find the logs that are not closed; reads no more than the start of each."""
    live: list[str] = []
    dead: dict[str, str] = {}
    damaged: list[str] = []
    for path in sorted(logs.glob("*.eval")):
        if path.is_symlink() or not path.is_file():
            continue
        try:
            process = _process(path)
            if process is None:
                continue
            if running.lives(logs, process):
                live.append(path.name)
            elif _process(path) is not None:  # it may have ended, and closed its log, in between
                dead[path.name] = process
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            damaged.append(path.name)
    return Found(tuple(live), dead, tuple(damaged))


def _process(path: Path) -> str | None:
    """Process whose lock shows that the log is still being written; None if it is closed."""
    with zipfile.ZipFile(path) as log:
        names = log.namelist()
        if _HEADER in names:
            return None
        # teaches zipfile how Inspect compresses, where Python does not know it
        import zipfile_zstd  # type: ignore[import-untyped]  # noqa: F401
        from zstandard import ZstdError

        try:
            with log.open(_START) as stream:
                start: Any = json.loads(stream.read(MOST_START_BYTES))
        except (lzma.LZMAError, ZstdError) as error:
            raise zipfile.BadZipFile(str(error)) from error
    if not isinstance(start, dict):
        raise ValueError(f"{_START} holds no object")
    metadata = start["eval"].get("metadata") if isinstance(start["eval"], dict) else None
    return str(metadata.get(running.PROCESS, "")) if isinstance(metadata, dict) else ""
