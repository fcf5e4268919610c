"""How often a process may die: judged as a rate over the last hour, never as a count for life.

A hiccup every hour ends nothing in a study of weeks; a process that dies as soon as it is started is given up within
minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WINDOW_SECONDS = 3600.0
MOST_DEATHS = 8
"""Deaths within the window after which a process is given up."""
FIRST_PAUSE_SECONDS = 0.5
MOST_PAUSE_SECONDS = 60.0


@dataclass
class Deaths:
    """The deaths of one process within the window, in seconds of a monotonic clock."""

    times: list[float] = field(default_factory=list)

    def add(self, now: float) -> None:
        """Note a death."""
        self.times = [*self._recent(now), now]

    def too_many(self, now: float) -> bool:
        """True if the process dies too often to be started again."""
        return len(self._recent(now)) >= MOST_DEATHS

    def pause(self, now: float) -> float:
        """Seconds before the next start, doubled with each death within the window.

        >>> deaths = Deaths()
        >>> for _ in range(4):
        ...     deaths.add(100.0)
        >>> deaths.pause(100.0), deaths.pause(100.0 + WINDOW_SECONDS)
        (4.0, 0.0)
        """
        count = len(self._recent(now))
        return min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (count - 1)) if count else 0.0

    def _recent(self, now: float) -> list[float]:
        return [time for time in self.times if now - time < WINDOW_SECONDS]
