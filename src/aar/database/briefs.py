"""The briefs that researchers were given: what is common to all, by version, and who was given it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aar.database import meta
from aar.database.connection import Transaction

_NAME = "briefs"


@dataclass(frozen=True)
class Given:
    """A brief without the direction, and the researchers who were given it."""

    text: str
    researchers: tuple[str, ...]


def told(tx: Transaction) -> dict[str, Given]:
    """Every brief that was given, by version, the first one first."""
    stored: dict[str, Any] = meta.find(tx, _NAME, {})
    return {version: Given(one["text"], tuple(one["researchers"])) for version, one in stored.items()}


def note(tx: Transaction, version: str, text: str, *, researcher: str) -> None:
    """Keep that a researcher was given this brief."""
    stored: dict[str, Any] = meta.find(tx, _NAME, {})
    one = stored.setdefault(version, {"text": text, "researchers": []})
    if researcher not in one["researchers"]:
        one["researchers"].append(researcher)
        meta.put(tx, _NAME, stored)
