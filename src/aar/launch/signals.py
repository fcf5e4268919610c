"""A run that is asked to stop ends in good order; one that is asked again ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """From `install` on a signal to stop raises `Stopped`; as a context, around the end of a run, it only hurries it.

    `asked_again` says that somebody asked once more while the run was ending.

    A signal may arrive where Python drops exceptions (while a process is forked, or an object deleted). So the first
    one is kept as well, and `check` raises it: whoever waits in a loop calls it in every round.
    """

    def __init__(self) -> None:
        self.asked_again = False
        self._asked: int | None = None
        self._before: dict[int, Any] = {}

    def install(self) -> Hurry:
        """Take over the signals, except those that this process was started to ignore (`nohup`, a job of a script).

        Nothing outside the main thread, where signals do not arrive.
        """
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in STOPS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._stop) for number in heard}
        return self

    def check(self) -> None:
        """Raise `Stopped` if a signal came whose exception was dropped."""
        if self._asked is not None:
            raise Stopped(self._asked)

    def __enter__(self) -> Hurry:
        for number in self._before:
            signal.signal(number, self._again)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._asked = number
        raise Stopped(number)

    def _again(self, number: int, frame: FrameType | None) -> None:
        self.asked_again = True
