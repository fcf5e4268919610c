"""End of a run, as one record: from the student service through the engine to the row, the ledger and the report.

A further measured figure is a field of `RunEnd` with a default. The code that measures it sets it, the code that
shows it reads it, and nothing between the two names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Reason for the cancellation of a run."""

    WITHDRAWN = "withdrawn"
    """Its author withdrew it."""
    BY_A_PERSON = "by_a_person"
    """The person who runs the lab ended it."""
    REFUSED = "refused"
    """The confirmation of its code was decided without it."""
    SIBLING_FAILED = "sibling_failed"
    """Another run of its code failed."""


@dataclass(frozen=True)
class RunError:
    """Error that ended a run: the error's type, its place in the submitted files, and words for people.

    Attributes:
        type: Name of the exception's class; None where nothing was raised.
        file: Name of the submitted file.
        line: Line of that file.
        rule: What went wrong, in the lab's words.
        message: The method's own words; kept on practice only.
    """

    type: str | None = None
    file: str | None = None
    line: int | None = None
    rule: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class RunEnd:
    """Measurements of a run, and the reason for its end; every field has a default that means "not known".

    Attributes:
        seconds: Time of the run by the clock.
        core_seconds: Processor time of the method and of the student service.
        nominal: Cost in forward passes of one item, by what was asked.
        error: What broke the run; None for one that is done.
        logged: Numbers that the method logged.
        denied: How often each system call was denied; None where nobody counted.
        cause: Why a cancelled run was cancelled.
    """

    seconds: float = 0.0
    core_seconds: float = 0.0
    nominal: float = 0.0
    error: RunError | None = None
    logged: Mapping[str, float] = field(default_factory=dict)
    denied: Mapping[str, int] | None = None
    cause: Cause | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object with what is known.

        >>> RunEnd(seconds=2.0, error=RunError("ValueError", "method.py", 3)).to_json()
        {'seconds': 2.0, 'error': {'type': 'ValueError', 'file': 'method.py', 'line': 3}}
        """
        known = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values = {
            entry.name: known[entry.name] for entry in fields(self) if known[entry.name] != _default(entry)
        }
        if self.error is not None:
            values["error"] = {name: value for name, value in asdict(self.error).items() if value is not None}
        for name in ("logged", "denied"):
            if name in values:
                values[name] = dict(values[name])
        return values

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunEnd:
        """The inverse of `to_json`; names that this version does not know are left out.

        >>> RunEnd.from_json({"seconds": 2.0, "cause": "withdrawn"}).cause
        <Cause.WITHDRAWN: 'withdrawn'>
        """
        names = {field.name for field in fields(cls)}
        values = {name: value for name, value in data.items() if name in names}
        if values.get("error") is not None:
            parts = {field.name for field in fields(RunError)}
            values["error"] = RunError(**{k: v for k, v in values["error"].items() if k in parts})
        if values.get("cause") is not None:
            values["cause"] = Cause(values["cause"])
        return cls(**values)


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
