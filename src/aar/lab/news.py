"""Who waits is told when something has changed, and asks nothing meanwhile.

Everything that may matter to a waiter is a commit to the lab's database, whoever makes it: the lab's own handlers,
the scorer, `aar queue cancel` in another terminal. One look at SQLite's change counter, ten times a second, costs
microseconds and stands for all of them.

Covered: commits of any process on this machine. Not covered: what changes without a commit (a time that is over: a
waiter gives its own timeout).
"""

from __future__ import annotations

import asyncio
import contextlib

from aar.database import Database

LOOK_SECONDS = 0.1


class News:
    """The number of changes seen so far, and a way to wait for the next; for tasks of one event loop."""

    def __init__(self, database: Database) -> None:
        self.version = 0
        self._database = database
        self._next = asyncio.Event()

    async def watch(self, stopping: asyncio.Event) -> None:
        """Look for changes until `stopping` is set."""
        seen = self._database.version()
        while not stopping.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            now = self._database.version()
            if now != seen:
                seen = now
                self.tell()
        self.tell()

    def tell(self) -> None:
        """Something has changed: whoever waits looks again."""
        self.version += 1
        told, self._next = self._next, asyncio.Event()
        told.set()

    async def after(self, version: int, seconds: float | None) -> int:
        """The present version, as soon as it is later than `version` or `seconds` are over (None: never)."""
        if self.version == version:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), seconds)
        return self.version
