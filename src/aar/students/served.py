"""The students of one run, by the numbers that its method knows them by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aar.students.shelf import Which
from w2s import contract

if TYPE_CHECKING:
    from w2s.models import TextStudent


@dataclass
class Served:
    """One student of the run. `frozen` until something changed it; `fields` that it generated."""

    student: TextStudent
    which: Which
    frozen: bool = True
    fields: set[str] = field(default_factory=set)

    def copy(self) -> Served:
        """The same student once more."""
        return Served(self.student.copy(), self.which, self.frozen, set(self.fields))


class Students:
    """Those that are left of a run, by number; a number is never given twice."""

    def __init__(self) -> None:
        self._served: dict[int, Served] = {}

    def keep(self, number: int, served: Served) -> dict[str, int]:
        """Keep it under its `number`, which the reply names."""
        self._served[number] = served
        return {"student": number}

    def get(self, number: int) -> Served:
        """The student of that number; `NotFound` if there is none (any more)."""
        if number not in self._served:
            raise contract.gone(number)
        return self._served[number]

    def drop(self, number: int) -> None:
        """Forget it: what was half done to it must not be built on."""
        del self._served[number]
