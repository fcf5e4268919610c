"""Problems in a testbed's files: every problem names file, line, field, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from w2s.errors import BadTestbed

MOST_SHOWN = 3
Kind = tuple[str, str, str, str]
_VALUE = re.compile(r'"[^"]*"|\'[^\']*\'|[0-9]+')


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong; `line` counts from 1 and is 0 where it is about the file as a whole.

    `count` lines of the file have it; `lines` are the first of them where a report tells them together, `also` the
    other files that have it too.

    >>> print(Problem("test.jsonl", 7, "label", "is 'C'", "write \\"A\\" or \\"B\\""))
    test.jsonl, line 7, field label: is 'C'; write "A" or "B"
    """

    file: str
    line: int
    field: str
    what: str
    remedy: str
    count: int = 1
    lines: tuple[int, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """What it has in common with the same problem on other lines: all but values and places."""
        return (self.file, self.field, _VALUE.sub("#", self.what), self.remedy)

    def __str__(self) -> str:
        place = self.file
        if self.lines and self.count > 1:
            more = self.count - len(self.lines)
            place += f", lines {', '.join(map(str, self.lines))}" + (f" and {more} more" if more else "")
        elif self.line:
            place += f", line {self.line}"
        if self.field:
            place += f", field {self.field}"
        if self.also:
            place += f" (also in {', '.join(self.also)})"
        return f"{place}: {self.what}; {self.remedy}"


def gathered(problems: Sequence[Problem]) -> list[Problem]:
    """Each kind of problem once, with the number of its lines, the first ones, and the other files that have it.

    >>> odd = [Problem("test.jsonl", line, "label", f"is {line}", "write true or false") for line in range(1, 6)]
    >>> print(*gathered(odd))
    test.jsonl, lines 1, 2, 3 and 2 more, field label: is 1; write true or false
    """
    kinds: dict[Kind, list[Problem]] = {}
    for problem in problems:
        kinds.setdefault(problem.kind, []).append(problem)
    told = []
    for same in kinds.values():
        lines = tuple(dict.fromkeys(problem.line for problem in same if problem.line))
        count = max(len(lines), *(problem.count for problem in same), 1)
        told.append(replace(same[0], count=count, lines=lines[:MOST_SHOWN] if count > 1 else ()))
    files: dict[Kind, list[Problem]] = {}
    for problem in told:
        files.setdefault(("", *problem.kind[1:]), []).append(problem)
    return [
        replace(
            first,
            also=tuple(f"{other.file}: {other.count}" if other.line else other.file for other in others),
        )
        for first, *others in files.values()
    ]


class Problems(BadTestbed):
    """Everything that was found wrong at once; the message shows the first few."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        told = gathered(self.problems)
        shown = ". ".join(str(problem) for problem in told[:MOST_SHOWN])
        more = len(told) - MOST_SHOWN
        super().__init__(shown + (f". And {more} more: aar testbed check FOLDER" if more > 0 else ""))


def refuse(file: str, what: str, remedy: str, *, line: int = 0, field: str = "") -> Problems:
    """The error for a single problem."""
    return Problems([Problem(file, line, field, what, remedy)])
