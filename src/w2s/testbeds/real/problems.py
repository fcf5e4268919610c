"""Problems in a testbed's files: every problem names file, line, field, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s.errors import BadTestbed

MOST_SHOWN = 3


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `line` counts from 1 and is 0 where it is about the file as a whole.

    >>> print(Problem("test.jsonl", 7, "label", "is 'C'", "write \\"A\\" or \\"B\\""))
    test.jsonl, line 7, field label: is 'C'; write "A" or "B"
    """

    file: str
    line: int
    field: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f", line {self.line}"
        if self.field:
            place += f", field {self.field}"
        return f"{place}: {self.what}; {self.remedy}"


class Problems(BadTestbed):
    """Everything that was found wrong at once; the message shows the first few."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        shown = ". ".join(str(problem) for problem in self.problems[:MOST_SHOWN])
        more = len(self.problems) - MOST_SHOWN
        super().__init__(shown + (f". And {more} more: aar testbed check FOLDER" if more > 0 else ""))


def refuse(file: str, what: str, remedy: str, *, line: int = 0, field: str = "") -> Problems:
    """The error for a single problem."""
    return Problems([Problem(file, line, field, what, remedy)])
