"""The state of a run, worked out once for everybody who waited for it: it costs the more the larger the lab is."""

import asyncio
import time
from collections.abc import Callable

from aar.lab.status import Status

FRESH_SECONDS = 0.25
"""A state that is older tells another time, though nothing was committed."""


class SharedStatus:
    """The last state that was worked out, and its version; for tasks of one event loop."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._version, self._found = -1, 0.0
        self._status: Status | None = None

    async def at(self, version: int, find: Callable[[], Status]) -> Status:
        """The state at a version or later; `find` runs in a thread, for the first who asks."""
        async with self._lock:
            old = time.monotonic() - self._found > FRESH_SECONDS
            if self._status is None or version > self._version or old:
                self._status = await asyncio.to_thread(find)
                self._version, self._found = version, time.monotonic()
            return self._status
