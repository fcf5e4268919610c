"""Requests that hang until there is news: bounded for each researcher, and woken at once by what concerns them.

Covered: a researcher that lets many requests hang (the rest of its own are answered at once, nobody else's), and a busy
lab (what concerns others is looked at four times a second at most). Not covered: what one look costs.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from aar.lab.news import News

MOST_WAIT_SECONDS = 60.0
LEAST_SECONDS = 0.25
"""Between two looks for the sake of what concerns others, however much of that happens."""
MOST_HANGING = 16
"""Requests of one researcher that may hang at a time."""

Answer = TypeVar("Answer")


class Waiters:
    """Everybody who waits in one lab; for tasks of one event loop."""

    def __init__(self, news: News) -> None:
        self.news = news
        self._hanging: Counter[str] = Counter()

    async def wait(
        self,
        researcher: str,
        find: Callable[[], Answer],
        enough: Callable[[Answer], bool],
        seconds: float,
        *,
        subjects: Sequence[str],
        others: bool = False,
    ) -> Answer:
        """Answer of `find` as soon as it is enough or `seconds` are over; `find` runs in a thread.

        It is looked at again when a change concerns one of the `subjects`; with `others` also when anything else has
        changed, but not so often.
        """
        async with self.hanging(researcher) as may_hang:
            # in this order: a wait that is no number would last for ever
            bound = max(0.0, min(MOST_WAIT_SECONDS, seconds)) if may_hang else 0.0
            return await self._until(find, enough, bound, subjects=subjects, others=others)

    @asynccontextmanager
    async def hanging(self, whose: str) -> AsyncIterator[bool]:
        """Count one request of somebody within the block; whether it may hang."""
        self._hanging[whose] += 1
        try:
            yield self._hanging[whose] <= MOST_HANGING
        finally:
            self._hanging[whose] -= 1
            if not self._hanging[whose]:
                del self._hanging[whose]

    async def _until(
        self,
        find: Callable[[], Answer],
        enough: Callable[[Answer], bool],
        seconds: float,
        *,
        subjects: Sequence[str],
        others: bool,
    ) -> Answer:
        end = time.monotonic() + seconds
        while True:
            version = self.news.version
            answer = await asyncio.to_thread(find)
            left = end - time.monotonic()
            if left <= 0 or enough(answer):
                return answer
            if not others:
                await self.news.about(subjects, version, left)
                continue
            await self.news.about(subjects, version, min(LEAST_SECONDS, left))
            if not self.news.concern(subjects, since=version):
                await self.news.after(version, max(0.0, end - time.monotonic()))
