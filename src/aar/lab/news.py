"""News of what changed in a lab: who waits is woken by what concerns it, and asks nothing meanwhile.

Everything that may matter to a waiter is a commit to the lab's database by any process: the lab's own handlers,
the scorer, `aar queue cancel` in another terminal. One look at the database's change counter, ten times a second, costs
microseconds and stands for all of them. After a commit the new entries of the ledger tell whom it concerns.

Covered: commits of any process on this machine. Not covered: what changes without a commit (a time that is over: a
waiter gives its own timeout).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable, Iterator

from aar.database import Database, Transaction, submissions
from aar.ledger import Entry, entries, length

LOOK_SECONDS = 0.1
MOST_SUBJECTS = 10_000
"""Subjects that are remembered; a waiter for one was woken long before it is forgotten."""


class News:
    """The number of changes seen so far, and ways to wait for the next; for tasks of one event loop.

    A subject is the name of a submission or a researcher, or the key of a run.
    """

    def __init__(self, database: Database) -> None:
        self.version = 0
        self._database = database
        self._next = asyncio.Event()
        self._changed: dict[str, int] = {}

    async def watch(self, stopping: asyncio.Event) -> None:
        """Look for changes until `stopping` is set."""
        seen = self._database.version()
        seq = await asyncio.to_thread(self._length)
        while not stopping.is_set():
            await asyncio.sleep(LOOK_SECONDS)
            version = self._database.version()
            if version != seen:
                seen = version
                seq, subjects = await asyncio.to_thread(self._read, seq)
                self.tell(subjects)
        self.tell()

    def tell(self, subjects: Iterable[str] = ()) -> None:
        """Wake all waiters, which look again: something has changed."""
        self.version += 1
        for subject in subjects:
            self._changed.pop(subject, None)  # the newest stand last
            self._changed[subject] = self.version
        while len(self._changed) > MOST_SUBJECTS:
            del self._changed[next(iter(self._changed))]
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    def concern(self, subjects: Iterable[str], *, since: int) -> bool:
        """True if a change after version `since` concerned one of the subjects."""
        return any(self._changed.get(subject, -1) > since for subject in subjects)

    async def after(self, version: int, seconds: float | None) -> int:
        """The present version, as soon as it is later than `version` or `seconds` are over (None: never)."""
        if self.version == version:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._next.wait(), seconds)
        return self.version

    async def about(self, subjects: Iterable[str], version: int, seconds: float) -> None:
        """Return once a change after `version` concerns one of the subjects, or `seconds` are over."""
        end = time.monotonic() + seconds
        while not self.concern(subjects, since=version):
            left = end - time.monotonic()
            if left <= 0:
                return
            await self.after(self.version, left)

    def _length(self) -> int:
        with self._database.read() as tx:
            return length(tx)

    def _read(self, seq: int) -> tuple[int, list[str]]:
        """The number of the ledger's last entry, and whom those after `seq` concern."""
        subjects: list[str] = []
        with self._database.read() as tx:
            for entry in entries(tx, after=seq):
                seq = entry.seq
                subjects += _subjects(tx, entry)
        return seq, subjects


def _subjects(tx: Transaction, entry: Entry) -> Iterator[str]:
    """The submission that was decided with its author, the run that ended, or the researchers that a person steered."""
    if entry.kind == "run":
        yield str(entry.body["key"])
    if entry.kind == "note" and "steered" in entry.body:
        yield from map(str, entry.body["steered"]["researchers"])
    submission = entry.body.get({"verdict": "submission", "note": "overruled"}.get(entry.kind, ""))
    if submission is not None:
        yield str(submission)
        yield submissions.get(tx, str(submission)).researcher
