"""A run that is asked to stop ends in good order; one that is asked again ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

STOPS = (signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The system asked this process to end; `number` is the signal. Handled like Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def exit_code(interrupt: KeyboardInterrupt) -> int:
    """Exit code that a shell expects of a process ended by a signal.

    >>> exit_code(KeyboardInterrupt()), exit_code(Stopped(signal.SIGTERM))
    (130, 143)
    """
    return 128 + (interrupt.number if isinstance(interrupt, Stopped) else signal.SIGINT)


class Hurry:
    """From `install` on SIGTERM and SIGHUP raise `Stopped`; as a context, around the end of a run, they only hurry it.

    `asked_again` says that somebody asked once more while the run was ending.
    """

    def __init__(self) -> None:
        self.asked_again = False
        self._before: dict[int, Any] = {}

    def install(self) -> Hurry:
        """Take over the signals; nothing outside the main thread, where signals do not arrive."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._stop) for number in STOPS}
        return self

    def __enter__(self) -> Hurry:
        if self._before:
            for number in (signal.SIGINT, *STOPS):
                before = signal.signal(number, self._again)
                self._before.setdefault(number, before)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    def _again(self, number: int, frame: FrameType | None) -> None:
        self.asked_again = True
