"""Threads of one process write in the order in which they came: however many want to, none waits for ever.

SQLite gives its write lock to the process that asks at the right moment. Beside forty threads that write one after
the other, one that asks now and then did not get it within 30 s, and a waiting thread holds a connection.

Covered: the threads of one process. Not covered: several processes, among which SQLite decides; a write within a
write, which waits for itself until its time is over.
"""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A lock that is handed on in order."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, *, seconds: float) -> bool:
        """Wait for the turn; False where it has not come after `seconds`."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if mine.acquire(timeout=seconds):
                return True
        except BaseException:  # Ctrl-C while it waited: the turn is another's
            if not self._left(mine):
                self.give()
            raise
        return not self._left(mine)

    def give(self) -> None:
        """Hand the turn on."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _left(self, mine: threading.Lock) -> bool:
        """Wait no more; False where the turn came at the last moment."""
        with self._guard:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True
