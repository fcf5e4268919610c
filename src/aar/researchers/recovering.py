"""One log is recovered from its buffer: in a folder of its own, and moved into place only once it is whole.

This is the half of `aar.researchers.transcripts` that imports Inspect AI. It uses Inspect's own recovery, which
is not part of its public interface; the version is pinned.
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import sqlite3
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from zstandard import ZstdError

from aar import locks
from aar.folder import LabFolder
from aar.researchers import running
from aar.researchers.transcripts import Recovered, Trouble, look

WORK = "recovering-"
NOBODY = 99_999_999
"""No process can have this number: Inspect skips a buffer whose process number is taken, be it by another one."""
_BUSY = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM)
_DAMAGE = (
    sqlite3.Error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ZstdError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    RuntimeError,
    RecursionError,
    ExceptionGroup,
)
"""Errors that reading a damaged file can raise."""


def recover_all(logs: Path) -> Recovered:
    """Recover every log that a dead process left open; two at once wait for each other."""
    (logs / running.FOLDER).mkdir(exist_ok=True)
    busy = f"transcripts in {logs} are being recovered by another process; wait for it"
    with locks.held(logs / running.FOLDER / "recovering", busy=busy, seconds=-1, mode=0o644):
        for left_behind in (logs / running.FOLDER).glob(f"{WORK}*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        logs_found = look(logs)
        troubles = dict.fromkeys(logs_found.damaged, Trouble.DAMAGED_LOG)
        recovered = []
        for name, process in logs_found.dead.items():
            trouble = recover_one(logs, name)
            if trouble is None:
                recovered.append(name)
            else:
                troubles[name] = trouble
            if trouble is not Trouble.FAILED:
                running.forget(logs, process)
    return Recovered(tuple(recovered), logs_found.live, troubles)


def recover_one(logs: Path, name: str) -> Trouble | None:
    """Close one log whose process is dead; why it has no sample, or None if it has."""
    trouble: Trouble | None = Trouble.NO_EVENTS
    try:
        for buffer in running.buffers(logs, name):
            trouble = _from_buffer(logs / name, buffer)
            if trouble is None:
                break
        return None if trouble is None else _without_events(logs / name, trouble)
    except OSError:
        return Trouble.FAILED


def _from_buffer(log: Path, buffer: Path) -> Trouble | None:
    from inspect_ai.log._recorders.buffer.database import location_dir_and_file
    from inspect_ai.log._recover import RecoveryNotAvailable, recover_eval_log_async

    with _work(log) as work:
        copy = Path(shutil.copy2(log, work))
        folder, file = location_dir_and_file(copy.as_uri())
        place = Path(work) / "samples" / folder
        place.mkdir(parents=True)
        for suffix in ("", "-wal"):
            part = buffer.with_name(buffer.name + suffix)
            if part.is_file():
                shutil.copy2(part, place / f"{file}.{NOBODY}.db{suffix}")
        try:
            asyncio.run(
                recover_eval_log_async(
                    str(copy), overwrite=True, cleanup=False, _db_dir=Path(work) / "samples"
                )
            )
            if not _has_sample(copy):
                return _removed(buffer, Trouble.NO_EVENTS)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _BUSY:
                raise OSError(str(error)) from error
            return _aside(buffer)
        except (*_DAMAGE, RecoveryNotAvailable):
            return _aside(buffer)
        copy.replace(log)
    return _removed(buffer, None)


def _without_events(log: Path, trouble: Trouble) -> Trouble:
    from inspect_ai.log._recover._read import read_crashed_eval_log
    from inspect_ai.log._recover._write import write_recovered_eval_log

    async def close(output: Path) -> None:
        await write_recovered_eval_log(await read_crashed_eval_log(str(log)), iter(()), str(output))

    with _work(log) as work:
        try:
            asyncio.run(close(Path(work) / log.name))
        except _DAMAGE:
            return Trouble.DAMAGED_LOG
        (Path(work) / log.name).replace(log)
    return trouble


def _removed(buffer: Path, trouble: Trouble | None) -> Trouble | None:
    for suffix in ("", "-wal", "-shm"):
        buffer.with_name(buffer.name + suffix).unlink(missing_ok=True)
    return trouble


def _aside(buffer: Path) -> Trouble:
    """Keep what cannot be read, under a name that is not read again."""
    for suffix in ("-wal", "-shm", ""):
        part = buffer.with_name(buffer.name + suffix)
        if part.is_file():
            part.replace(buffer.with_name(f"{buffer.name}.damaged{suffix}"))
    return Trouble.DAMAGED_EVENTS


def _has_sample(log: Path) -> bool:
    with zipfile.ZipFile(log) as content:
        return any(name.startswith("samples/") for name in content.namelist())


def _work(log: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=log.parent / running.FOLDER, prefix=WORK)


def main() -> int:
    """`python -m aar.researchers.recovering FOLDER`: recover, and print what became of each log as JSON."""
    done = recover_all(LabFolder(Path(sys.argv[1]).resolve()).inspect_logs)
    print(json.dumps({"recovered": done.recovered, "live": done.live, "troubles": dict(done.troubles)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
