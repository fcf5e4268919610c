"""The usage of a tree of processes is read from /proc; memory that the tree shares counts once.

Covered: resident memory and processor time of every live process below the given one.
Not covered: files in a memory file system and unattached shared memory (bounded by mount sizes and a system
call filter), processor time of children that were reaped by an ignoring parent, peaks between
two measurements.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


@dataclass(frozen=True)
class TreeUsage:
    """Memory (MiB), processor time (seconds) and number of processes of a tree."""

    memory_mb: float
    cpu_seconds: float
    processes: int


def members(pid: int) -> list[int]:
    """`pid` and every process below it, parents before children."""
    tree, seen = [pid], {pid}
    for parent in tree:
        for child in children(parent):
            if child not in seen:
                seen.add(child)
                tree.append(child)
    return tree


def usage(processes: Sequence[int], *, enough_mb: float) -> TreeUsage:
    """Usage of `members`, but for the first, which is the provider's own and does not count.

    Resident memory counts a page that two processes share twice; only if that sum passes `enough_mb` is it
    replaced by the exact, slower proportional share.
    """
    tree = processes[1:]
    resident = sum(_resident(process) for process in tree) / MIB
    if resident > enough_mb:
        resident = sum(_proportional(process) for process in tree) / MIB
    return TreeUsage(resident, sum(_ticks(process) for process in tree) / TICKS, len(tree))


def children(pid: int) -> list[int]:
    """The processes that `pid` has started, or was left with, and that have not been reaped."""
    started: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - many a second: no path objects
            started += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:
        return started
    return started


def _resident(pid: int) -> int:
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE if len(fields) > 1 else 0


def _proportional(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)


def _ticks(pid: int) -> int:
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (
        sum(map(int, fields[11:15])) if len(fields) > 14 else 0
    )  # own and reaped children's user and system


def _read(path: str) -> str:
    # a thousand times a second while runs last, on the cores that they train on: no path, no stream, no codec
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        content = part = os.read(handle, 65536)
        while len(part) > 2048:  # /proc hands out a page at a time, and less only at the end
            part = os.read(handle, 65536)
            content += part
        return content.decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(handle)
