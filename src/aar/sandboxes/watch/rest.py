"""A tree of processes rests as long as no processor clock of it moves; to ask costs a microsecond a process.

The kernel keeps a clock of the processor time of each process, all its threads together, which anybody can read by
one system call. Without processor time nothing happens: no memory grows, no process starts, no file is written. So a
tree whose every clock stands still since it was last measured is as it was measured.

Covered: every member, threads and zombies among them, is asked each time, so whatever wakes up is seen at the next
question, as it would be by measuring. A process that was missed while the members were listed (its parent ended in
that instant, and it went to another one that had been listed already) does not stay unseen: only if two lists in a
row are equal, and no clock moved from one to the other, is the tree at rest. A member that ends, or whose number
became another's, moves its clock, too. Where the kernel does not answer, nothing ever rests.
Not covered: the tick of 1 to 10 ms at which the kernel charges a process that goes on running (a second on a processor
that was set up to have none); work that it does for a process without charging it, as to merge memory into larger
pages. Therefore nothing is believed for longer than `TRUST_SECONDS`, however still it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from aar.sandboxes.watch.tree import children

TRUST_SECONDS = 1.0
CLOCK_OF_ALL_THREADS = 2
"""CPUCLOCK_SCHED, the low bits of a number that names the clock of a whole process (`clock_getcpuclockid`)."""


class Rest:
    """Activity of the process tree below one process, which is the provider's own.

    That one may run now and then, to look after its sandbox: what counts of it is whom it has started.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._outermost: int | None = None
        self._clocks: Mapping[int, int | None] = {}
        self._started: list[int] = []
        self._trusted_until = 0.0
        self.still = False
        """True if nothing ran from the look before the last one until the last question."""

    def holds(self) -> bool:
        """True if nothing has run since the last `look`, which is recent enough to be believed."""
        if self.still and (current := clock(self._pid)) != self._outermost:
            self._outermost, self.still = current, sorted(children(self._pid)) == self._started
        self.still = self.still and all(clock(pid) == stood for pid, stood in self._clocks.items())
        return self.still and time.monotonic() < self._trusted_until

    def look(self) -> list[int]:
        """List the members anew, the outermost first; measure them after this, never before."""
        self._outermost = clock(self._pid)
        self._started = sorted(children(self._pid))
        current = clocks(self._started)
        self.still = current == self._clocks and None not in (self._outermost, *current.values())
        self._clocks, self._trusted_until = current, time.monotonic() + TRUST_SECONDS
        return [self._pid, *current]


def clock(pid: int) -> int | None:
    """Processor time of a process and all its threads so far, in nanoseconds; None if it is gone.

    >>> import os
    >>> clock(os.getpid()) < clock(os.getpid())
    True
    """
    try:
        return time.clock_gettime_ns((~pid << 3) | CLOCK_OF_ALL_THREADS)
    except OSError:
        return None


def clocks(pids: Iterable[int]) -> dict[int, int | None]:
    """The clock of each of `pids` and of every process below, read before its children are.

    In this order a process that starts another one after it was listed moves its clock beyond what is told here.
    """
    clock_of: dict[int, int | None] = {}
    waiting = list(pids)
    for pid in waiting:
        if pid not in clock_of:
            clock_of[pid] = clock(pid)
            waiting += children(pid)
    return clock_of
