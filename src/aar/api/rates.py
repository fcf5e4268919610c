"""How often one holder of a token may ask: a bucket of requests that fills as time goes on (a token bucket).

Covered: a client in a loop, which is refused and told when to ask again, and slows nobody else. Not covered: requests
without a known token, which cost one look into the database each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

A_SECOND = 20.0
"""Requests a second that one holder may go on with."""
AT_ONCE = 100.0
"""Requests that one holder may send at once after a rest."""


@dataclass
class Rates:
    """The buckets of everybody who asked; `clock` gives seconds."""

    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, holder: str) -> float:
        """Take one request of a holder: 0.0, or the seconds until there is one, and nothing is taken."""
        with self._lock:
            now = self.clock()
            left, at = self._left.get(holder, (AT_ONCE, now))
            left = min(AT_ONCE, left + (now - at) * A_SECOND)
            if left < 1.0:
                self._left[holder] = (left, now)
                return (1.0 - left) / A_SECOND
            self._left[holder] = (left - 1.0, now)
            return 0.0
