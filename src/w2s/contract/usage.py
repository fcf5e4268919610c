"""Usage of one run against its bounds, counted alike by every bench."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from w2s import bounds
from w2s.contract.questions import check_constants, check_fields, squeezed
from w2s.contract.values import logged
from w2s.errors import BadTemplate, NotFound, TooMuch

Question = tuple[str | None, tuple[str, str] | None]


class Usage:
    """Requests, students, questions and logged numbers of one run.

    `fields` are those that every item has, `item_texts` the texts that no template may hold, and `log_names` the
    names that stand in the source (None where the source is not known: any 32 names then). What is refused by its
    form alone costs nothing; a question that names something of the items counts, whether it is refused or not,
    since a refusal says something of them.
    """

    def __init__(
        self,
        *,
        fields: Collection[str],
        item_texts: Collection[str] = (),
        log_names: Collection[str] | None = None,
    ) -> None:
        self.requests = 0
        self.students = 0
        self.logged: dict[str, float | None] = {}
        self._fields = frozenset(fields)
        self._item_texts = item_texts
        self._squeezed: frozenset[str] | None = None
        self._log_names = log_names
        self._questions: set[Question] = set()

    def request(self) -> None:
        """Count one request; `TooMuch` beyond the bound. Batches of a custom loss are no requests."""
        self.requests += 1
        if self.requests > bounds.REQUESTS:
            raise TooMuch(f"more than {bounds.REQUESTS} requests in one run")

    def student(self) -> int:
        """Number of a new student, the first is 0; `TooMuch` if the run may have no further one."""
        if self.students >= bounds.STUDENTS:
            raise TooMuch(f"more than {bounds.STUDENTS} students in one run")
        self.students += 1
        return self.students - 1

    def question(
        self, template: str | None, labels: tuple[str, str] | None = None, *, generated: Collection[str] = ()
    ) -> None:
        """Count a question in other words than the testbed's; `generated` are the student's own fields.

        Raises `TooMuch` for too many different ones, `BadTemplate` for unknown fields and constants.
        """
        if template is None and labels is None:
            return
        if (template, labels) not in self._questions and len(self._questions) >= bounds.TEMPLATES:
            raise TooMuch(
                f"more than {bounds.TEMPLATES} different templates in one run: each pair of labels counts, and "
                "refused ones do"
            )
        self._questions.add(
            (template, labels)
        )  # before the checks: a refusal says something about the items too
        if template is None:
            return
        check_fields(template, {*self._fields, *generated})
        if self._squeezed is None:  # made once, and only for a run that asks in its own words
            texts = map(squeezed, self._item_texts)
            self._squeezed = frozenset(text for text in texts if len(text) >= bounds.CONSTANT_CHARS)
        check_constants(template, self._squeezed)

    def generated(self, into: str, *, already: Collection[str]) -> None:
        """Allow a student that generated the fields `already` to generate `into`.

        Raises `BadTemplate` for a field of the items, `TooMuch` for too many fields.
        """
        if into in self._fields:
            raise BadTemplate(
                f"cannot generate into {into!r}: it is a field of the items; choose another name"
            )
        if into not in already and len(already) >= bounds.GENERATED_FIELDS:
            raise TooMuch(f"more than {bounds.GENERATED_FIELDS} generated fields for one student")

    def log(self, numbers: Mapping[str, Any]) -> None:
        """Keep `numbers` to three significant digits, None for what is not finite; all of them or none.

        Raises `TooMuch` for names that do not stand in the source, or more than 32, `BadMethod` for no number.
        """
        kept = logged(numbers)
        for name in kept:
            if self._log_names is not None and name not in self._log_names:
                raise TooMuch(
                    f"{name[:40]!r} cannot be logged: only the first {bounds.LOGGED_NAMES} names that stand in the "
                    "source as bench.log(name=...)"
                )
        names = self.logged.keys() | kept.keys()
        if len(names) > bounds.LOGGED_NAMES:
            raise TooMuch(f"{len(names)} logged names in one run; at most {bounds.LOGGED_NAMES} are allowed")
        self.logged |= kept


def gone(number: int) -> NotFound:
    """The refusal of a student that was never made, or whose fine-tune failed half-way."""
    return NotFound(f"student {number} is not of this run, or its fine-tune failed; make a new one")
