"""What earlier formats wrote, in today's form: for rows when a database is brought up to date, for the ledger's entries
whenever they are compared with their rows.

Until format 5 the state of a lab stood partly in sentences, which are kept here as they were. No other module reads a
sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aar.database.researchers import RESERVED, Role
from aar.database.submissions import Ended
from aar.run_records import Cause, RunEnd, RunError

_LOST = "the lab lost a run of this submission"
_WITHDRAWN = "withdrawn by its author"
_BY_A_PERSON = "cancelled by the person who runs the lab"
_OVERRULED = "decided by a person"
_WOULD_BE = "a would-be record"
_SEEDS_OF = "seeds of "
_CAUSES: Mapping[str, Cause] = {
    _WITHDRAWN: Cause.WITHDRAWN,
    _BY_A_PERSON: Cause.BY_A_PERSON,
    "its confirmation is decided": Cause.REFUSED,
    "another run of this code failed": Cause.SIBLING_FAILED,
}
_OF_THE_END = ("seconds", "core_seconds", "logged", "denied")
_OF_THE_ERROR = ("type", "file", "line", "rule", "message")


def today(kind: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of a ledger's entry, as this version would write it."""
    if kind == "run" and "end" not in body:
        return run(body)
    if kind == "submission" and "role" not in body:
        return {**body, "role": role(str(body["researcher"]))}
    if kind == "verdict" and "would_be" not in body:
        return {**body, **verdict(body)}
    return body


def role(author: str) -> Role:
    """The role of an author, whose name said it all."""
    return RESERVED.get(author, Role.RESEARCHER)


def ended(status: str, reply: str) -> Ended:
    """How a submission ended, of which its author was told `reply`.

    >>> ended("failed", "withdrawn by its author").value, ended("failed", "ValueError in method.py").value
    ('withdrawn', 'decided')
    """
    if reply == _OVERRULED:
        return Ended.OVERRULED
    if status == "failed":
        for words, end in (
            (_LOST, Ended.LOST),
            (_WITHDRAWN, Ended.WITHDRAWN),
            (_BY_A_PERSON, Ended.CANCELLED),
        ):
            if reply.startswith(words):
                return end
    return Ended.DECIDED


def verdict(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a verdict had in its words: how it ends the submission, and whether it is a would-be record."""
    onwards = body["stage"] == "dev" and body["status"] == "pending"
    reply = str(body["reply"])
    return {
        "ended": None if onwards else ended(str(body["status"]), reply),
        "would_be": onwards and reply.startswith(_WOULD_BE),
    }


def run(row: Mapping[str, Any]) -> dict[str, Any]:
    """A run with its end in one record, and with whose seeds it has apart from its intervention.

    Before format 5 a run did not say whether it asks companions; until then it always did.
    """
    apart = {*_OF_THE_END, *(f"error_{name}" for name in _OF_THE_ERROR)}
    kept = {"companions": 1, "ready": 1} | {name: value for name, value in row.items() if name not in apart}
    intervention = str(row["intervention"])
    other = intervention.removeprefix(_SEEDS_OF) if intervention.startswith(_SEEDS_OF) else ""
    return {
        **kept,
        "intervention": "none" if other else intervention,
        "seeds_of": other,
        "end": _end(row).to_json(),
    }


def _end(row: Mapping[str, Any]) -> RunEnd:
    error = {name: row.get(f"error_{name}") for name in _OF_THE_ERROR}
    rule = str(error["rule"] or "")
    cancelled = row["state"] == "cancelled"
    return RunEnd(
        seconds=row["seconds"],
        core_seconds=row["core_seconds"],
        error=RunError(**error) if any(error.values()) else None,
        logged=row.get("logged") or {},
        denied=row.get("denied"),
        cause=next((cause for words, cause in _CAUSES.items() if rule.startswith(words)), None)
        if cancelled
        else None,
    )
