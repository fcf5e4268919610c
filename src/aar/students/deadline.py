"""A wall-clock limit that also interrupts a computation, by the main thread's alarm signal."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class DeadlinePassed(BaseException):
    """Time is up; not an `Exception`, so that nothing on the way handles it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `DeadlinePassed` in the body after `seconds`, and again every second until it leaves.

    Works in the main thread only, between two operations of the interpreter: a single native call is not
    interrupted. The repetition is there because an exception raised inside a finaliser is dropped.
    """
    armed = True

    def passed(number: int, frame: FrameType | None) -> None:
        if armed:
            raise DeadlinePassed

    before = signal.signal(signal.SIGALRM, passed)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 1.0)
    try:
        try:
            yield
        finally:
            armed = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
