"""Entries of earlier formats in today's form: an entry never changes, the rows that it is held against did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aar.database.migrations import from_format_5, from_format_6


def in_todays_form(kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of an entry as this version would have written it.

    >>> in_todays_form("submission", {"id": "s1", "researcher": "lab"})["role"]
    'baseline'
    """
    if kind == "submission" and "role" not in body:
        return {**body, "role": from_format_5.role(str(body["researcher"]))}
    if kind == "run" and "end" not in body:
        return from_format_5.run(body)
    if kind == "verdict" and "would_be" not in body:
        words = {name: str(body[name]) for name in ("stage", "status", "reply")}
        return {**body, **from_format_5.verdict(**words)}
    if kind == "charge" and "nano_usd" not in body:
        return from_format_6.charge(body)
    return body
