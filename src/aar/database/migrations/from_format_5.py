"""Content of formats 4 and 5 in the form of format 6: rows for the revision, entries for the ledger's check.

Until format 5 a part of a lab's state stood in sentences. They are kept here as they were; no other module reads one.
Pure functions of plain values, which no later format changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROLES: Mapping[str, str] = {"lab": "baseline", "operator": "operator", "fresh": "fresh"}
"""Roles of the authors whose names said it; everybody else was a researcher."""

LOST, WITHDRAWN = "the lab lost a run of this submission", "withdrawn by its author"
BY_A_PERSON = "cancelled by the person who runs the lab"
OVERRULED = "decided by a person"
WOULD_BE = "a would-be record"
SEEDS_OF = "seeds of "

_ENDS: Mapping[str, str] = {LOST: "lost", WITHDRAWN: "withdrawn", BY_A_PERSON: "cancelled"}
_CAUSES: Mapping[str, str] = {
    WITHDRAWN: "withdrawn",
    BY_A_PERSON: "by_a_person",
    "its confirmation is decided": "refused",
    "another run of this code failed": "sibling_failed",
}

OF_THE_ERROR = ("type", "file", "line", "rule", "message")
OF_THE_END = ("seconds", "core_seconds", "logged", "denied", *(f"error_{name}" for name in OF_THE_ERROR))
"""Columns of a run that are one record since."""


def role(author: str) -> str:
    """The role of an author."""
    return ROLES.get(author, "researcher")


def ended(status: str, reply: str) -> str:
    """End of a submission with the stored `reply`.

    >>> ended("failed", "withdrawn by its author"), ended("failed", "ValueError in method.py")
    ('withdrawn', 'decided')
    """
    if reply == OVERRULED:
        return "overruled"
    ends = (end for words, end in _ENDS.items() if status == "failed" and reply.startswith(words))
    return next(ends, "decided")


def verdict(*, stage: str, status: str, reply: str) -> dict[str, Any]:
    """Typed state from the words of a verdict: the submission's end, and the mark of a would-be record."""
    onwards = (stage, status) == ("dev", "pending")
    return {
        "ended": None if onwards else ended(status, reply),
        "would_be": onwards and reply.startswith(WOULD_BE),
    }


def run(old: Mapping[str, Any]) -> dict[str, Any]:
    """A run with its end in one record, and with whose seeds it has apart from its intervention.

    Entries of format 4 do not say whether a run asks companions; until then it always did.

    >>> run({"intervention": "seeds of c0de", "state": "done", "seconds": 2.0})["seeds_of"]
    'c0de'
    """
    kept = {"companions": 1, "ready": 1} | {k: value for k, value in old.items() if k not in OF_THE_END}
    intervention = str(old["intervention"])
    other = intervention.removeprefix(SEEDS_OF) if intervention.startswith(SEEDS_OF) else ""
    apart = {"intervention": "none" if other else intervention, "seeds_of": other}
    return {**kept, **apart, "end": _end(old)}


def _end(old: Mapping[str, Any]) -> dict[str, Any]:
    error = {name: old.get(f"error_{name}") for name in OF_THE_ERROR}
    rule = str(error["rule"] or "")
    causes = (cause for words, cause in _CAUSES.items() if rule.startswith(words))
    values = {
        "seconds": old.get("seconds") or None,
        "core_seconds": old.get("core_seconds") or None,
        "error": {name: value for name, value in error.items() if value is not None} or None,
        "logged": old.get("logged") or None,
        "denied": old.get("denied"),
        "cause": next(causes, None) if old["state"] == "cancelled" else None,
    }
    return {name: value for name, value in values.items() if value is not None}
