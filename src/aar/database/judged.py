"""Families into which a language model sorted submitted code, kept so that no code is asked about twice."""

from __future__ import annotations

from aar.database import meta
from aar.database.connection import Transaction

_NAME = "ideas_judged"


def all(tx: Transaction) -> dict[str, dict[str, str]]:
    """By model: the family's name by snapshot, empty where the model named none."""
    found: dict[str, dict[str, str]] = meta.find(tx, _NAME, {})
    return found


def note(tx: Transaction, model: str, commit: str, family: str) -> None:
    """Keep an answer."""
    stored = all(tx)
    stored.setdefault(model, {})[commit] = family
    meta.put(tx, _NAME, stored)
