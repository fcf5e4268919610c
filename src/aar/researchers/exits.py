"""Exit codes of a researcher's process."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Only `OK` is a regular end: the lab said that it is over, and was told that this researcher is done."""

    OK = 0
    FAILED = 1
    """An error, which the last line on standard error says."""
    ENDED_EARLY = 3
    """The session ended by itself (a limit, refusals of the model) while the lab was still open; a fresh one may do."""
    ENDED_FOR_GOOD = 4
    """The same, and a fresh one would end as soon: its model refuses the task, or cannot hold it."""
    STOPPED = 143
    """It was asked to stop by a signal; its log is written as far as it had come."""
