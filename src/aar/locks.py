"""One process at a time holds a lock file, and the kernel frees it when that process dies, however it dies.

Covered: processes of this machine, threads of one process that each hold it by a call of their own. Not covered: a file
system without such locks (the call fails there; a lock that is a mere file would outlive a crash), several machines.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aar.errors import LabBusy, LabFolderError


@contextmanager
def held(path: Path, *, busy: str, seconds: float = 0.0, mode: int = 0o600) -> Iterator[None]:
    """Hold the lock at `path`, waiting up to `seconds` (-1: for ever) for it; `LabBusy` says `busy` otherwise.

    A lock file that is made gets `mode`; its takers must be able to write it. Raises `LabFolderError` where
    it is a link, or cannot be opened.
    """
    # not needed by most commands, and it takes a tenth of a second
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=seconds, mode=mode, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        raise LabBusy(busy) from None
    except OSError as error:
        raise LabFolderError(
            f"cannot lock {path} ({error.strerror}); it must be a plain file that this user may write, on a file "
            "system with locks"
        ) from error
    try:
        yield
    finally:
        lock.release()


def may_be_held(path: Path) -> bool:
    """Whether a process holds the lock, or this user cannot find out; makes no lock file where there is none."""
    if not path.exists():
        return False
    try:
        with held(path, busy=""):
            return False
    except (LabBusy, LabFolderError):
        return True
