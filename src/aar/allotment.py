"""A lab's cores: at most so many trainings at a time, whether runs of methods or references do them.

Each process that computes holds a lock on one file a core while it does; the kernel gives it back when the
process dies, however it dies.

Covered: the local engine and any number of references' processes of one lab. Not covered: several labs on
one machine; an engine on other machines, which has cores of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Allotment:
    """`cores` of this machine, shared by whoever names the same folder."""

    folder: Path
    cores: int

    @contextlib.contextmanager
    def core(self) -> Iterator[None]:
        """Hold one core; waits for it."""
        while (held := self._try()) is None:
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            os.close(held)

    @contextlib.asynccontextmanager
    async def core_soon(self) -> AsyncIterator[None]:
        """Hold one core; the event loop goes on while it waits."""
        while (held := self._try()) is None:
            await asyncio.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            os.close(held)

    def _try(self) -> int | None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(self.cores):
            descriptor = os.open(
                self.folder / f"core-{number}.lock",
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
                0o600,
            )
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                continue
            return descriptor
        return None
