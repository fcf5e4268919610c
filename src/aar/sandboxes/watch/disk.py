"""A thread measures the writable folders of a sandbox again and again, and ends it beyond a limit.

Covered: every file and folder below them (the space it occupies, so a sparse file counts little; a hard link counts
once; no link is followed), and files that were deleted while a process of the sandbox has them open or mapped.
A walk ends as soon as a bound is passed, and takes at most a fifth of the time. While nothing of the sandbox runs it
writes nothing, and is not looked at; as soon as something has run, it is.
Not covered: what is written between two looks; deleted files that are only on their way through a socket; without
root, deleted files that are only mapped.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from aar.sandboxes.profile import Limits
from aar.sandboxes.watch.folder_walk import entries_below

PAUSE_SECONDS = 0.5
MIB = 1 << 20


class Watched(Protocol):
    """A sandbox whose disk is watched, as `process.SandboxProcess` is one."""

    limits: Limits

    def poll(self) -> int | None: ...  # noqa: D102
    def wait(self, timeout: float | None = None) -> int: ...  # noqa: D102
    def stirs(self) -> None: ...  # noqa: D102
    def members(self) -> list[int]: ...  # noqa: D102
    def kill(self, reason: str = "killed") -> None: ...  # noqa: D102


class _Over(Exception):
    """A bound is passed; the message says which."""


def watch(process: Watched, folders: Sequence[Path]) -> None:
    """End `process` with the reason "disk" once `folders` hold more than its limits allow."""

    def look() -> None:
        while True:
            process.stirs()
            if process.poll() is not None:
                return
            began = time.monotonic()
            if excess(folders, process.limits, processes=process.members()):
                process.kill("disk")
                return
            with contextlib.suppress(TimeoutError):
                process.wait(max(PAUSE_SECONDS, 4 * (time.monotonic() - began)))

    threading.Thread(target=look, name="sandbox-disk", daemon=True).start()


def excess(folders: Iterable[Path], limits: Limits, *, processes: Iterable[int] = ()) -> str:
    """Excess of `folders` over the limits, in words; empty if they are within.

    A folder that cannot be looked into, or lies too deep, counts as beyond a limit on bytes.
    """
    total = _Total(limits)
    try:
        for folder in folders:
            total.walk(folder)
        total.deleted(processes)
    except _Over as over:
        return str(over)
    return ""


class _Total:
    """Bytes and files so far."""

    def __init__(self, limits: Limits) -> None:
        self.most_mb, self.most_files = limits.disk_mb, limits.files
        self.bytes, self.files = 0, 0
        self.several: set[tuple[int, int]] = set()
        self.devices: set[int] = set()

    def add(self, entry: os.stat_result) -> None:
        if entry.st_nlink != 1 and not stat.S_ISDIR(entry.st_mode):
            if (entry.st_dev, entry.st_ino) in self.several:
                return
            self.several.add((entry.st_dev, entry.st_ino))
        self.bytes += entry.st_blocks * 512
        self.files += 1
        if self.most_mb is not None and self.bytes > self.most_mb * MIB:
            raise _Over(f"more than {self.most_mb} MB in files")
        if self.most_files is not None and self.files > self.most_files:
            raise _Over(f"more than {self.most_files} files and folders")

    def walk(self, folder: Path) -> None:
        """Everything below `folder`, which may change meanwhile."""
        try:
            self.devices.add(folder.stat().st_dev)
            for _, _, entry in entries_below(folder, unseen=self.unseen):
                self.add(entry)
        except FileNotFoundError:  # the sandbox has ended and took it along
            return
        except NotADirectoryError:
            self.add(folder.stat())

    def unseen(self, what: str) -> None:
        if self.most_mb is not None:
            raise _Over(what)

    def deleted(self, processes: Iterable[int]) -> None:
        """Files on the same file systems that have no name any more but are held by one of `processes`."""
        for process in processes:
            for place in (f"/proc/{process}/fd", f"/proc/{process}/map_files"):
                with contextlib.suppress(OSError):
                    for name in os.listdir(place):  # noqa: PTH208 - many a second: no path objects
                        with contextlib.suppress(OSError):
                            file = os.stat(f"{place}/{name}")  # noqa: PTH116
                            plain = stat.S_ISREG(file.st_mode) and file.st_nlink == 0
                            if plain and file.st_dev in self.devices:
                                self.add(file)
