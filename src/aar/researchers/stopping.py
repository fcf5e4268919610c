"""A researcher's process ends cleanly on SIGTERM and SIGINT: its session is cancelled, its log written.

Covered: a signal at any moment, also while modules are imported; a session that does not end within `GRACE_SECONDS`
of being cancelled (a thread that hangs) is left behind, and what it wrote is recovered from its buffer. Not
covered: a main thread that is stuck outside Python, which only SIGKILL ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine
from types import FrameType
from typing import Any, TypeVar

from aar.researchers.exits import ExitCode

GRACE_SECONDS = 6.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)

T = TypeVar("T")


class Stopped(BaseException):
    """A signal asked this process to stop; no error, so nothing that handles errors may swallow it."""


class Stop:
    """Handler of the two stop signals: cancel the session that runs, or raise `Stopped` where none does yet."""

    def __init__(self) -> None:
        self.asked = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: asyncio.Task[Any] | None = None

    def install(self) -> None:
        """Take over both signals of this process."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def run(self, session: Coroutine[Any, Any, T]) -> T:
        """Run a session to its end; raises `Stopped` if a signal came meanwhile, once it has cleaned up."""

        async def main() -> T:
            self._session = asyncio.current_task()
            self._loop = asyncio.get_running_loop()
            try:
                return await session
            finally:
                self._session = None

        try:
            result = asyncio.run(main())
        except asyncio.CancelledError:
            if not self.asked:
                raise
        if self.asked:
            raise Stopped
        return result

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            return
        self.asked = True
        # A timer of its own, since a loop that hangs could not give up by itself.
        timer = threading.Timer(GRACE_SECONDS, os._exit, (int(ExitCode.STOPPED),))
        timer.daemon = True
        timer.start()
        if self._session is None or self._loop is None:
            raise Stopped
        self._loop.call_soon_threadsafe(self._session.cancel)
