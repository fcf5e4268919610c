"""Finding of one audit: figures, interval, threshold, and a sentence that a person understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["clean", "no power", "person", "violation"]
Track = Literal["weak-to-strong", "teacher-free", "undecided"]
_ORDER: tuple[Verdict, ...] = ("clean", "no power", "person", "violation")


@dataclass(frozen=True)
class Finding:
    """One audit of one submission.

    Attributes:
        audit: Name of the audit.
        verdict: Result of the audit.
        sentence: Finding in words, for people.
        statistic: Measured statistic; None where nothing could be measured.
        low: Lower end of its 95 % interval, where it has one.
        high: Upper end of its 95 % interval, where it has one.
        threshold: Value that the statistic (or `low`) had to exceed to be a violation or to go to a person.
        n: Number of observations.
        cost: Number of runs that were made for this audit alone.
        rule: Code of the rule that was broken (`aar.broken_rules.Rule`); empty without a violation.
    """

    audit: str
    verdict: Verdict
    sentence: str
    statistic: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    n: int = 0
    cost: int = 0
    rule: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON object of what is known."""
        return {name: value for name, value in asdict(self).items() if value is not None and value != ""}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `to_json`.

        >>> Finding.from_json(Finding("structure", "clean", "fine", statistic=0.0).to_json()).statistic
        0.0
        """
        return cls(**data)


def worse(first: Finding, second: Finding) -> Finding:
    """The more serious of two findings, the first of equals.

    >>> worse(Finding("a", "clean", ""), Finding("b", "person", "")).audit
    'b'
    """
    return first if _ORDER.index(first.verdict) >= _ORDER.index(second.verdict) else second
