"""A lab that goes on: it keeps its testbed, and the ledger has every other setting that changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aar import ledger
from aar.database import Transaction, meta
from aar.errors import SettingsError
from aar.ledger import Entry
from aar.settings import Settings


def refuse_other_testbed(tx: Transaction, settings: Settings) -> None:
    """`SettingsError` where the database holds the work on another testbed than the settings name."""
    testbed = meta.find(tx, "testbed", None)
    if testbed is not None and testbed != settings.testbed:
        raise SettingsError(
            f"this lab is for the testbed {testbed!r}, its lab.json names {settings.testbed!r}; set it back, or start "
            "a new run for the other testbed"
        )


def note_settings(tx: Transaction, settings: Settings) -> None:
    """Record the settings of a new lab, and of one that goes on those that changed; the testbed cannot."""
    refuse_other_testbed(tx, settings)
    values = settings.as_json()
    if meta.find(tx, "testbed", None) is None:
        meta.put(tx, "testbed", settings.testbed)
        ledger.append(tx, "lab", {"testbed": settings.testbed, "settings": values})
    elif changed := changes(meta.find(tx, "settings", {}), values):
        ledger.append(tx, "note", {"resumed with": changed})
    meta.put(tx, "settings", values)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Entries of `now` that `before` lacks or has otherwise.

    >>> changes({"slots": 2, "seed": 1}, {"slots": 4, "seed": 1})
    {'slots': 4}
    """
    return {name: value for name, value in now.items() if name not in before or before[name] != value}


def recorded_settings(chain: list[Entry]) -> dict[str, Any]:
    """Settings that the ledger states: those of its first entry with every later change; empty without any."""
    settings: dict[str, Any] = {}
    for entry in chain:
        if entry.kind == "lab":
            settings.update(entry.body.get("settings", {}))
        elif entry.kind == "note":
            settings.update(entry.body.get("resumed with", {}))
    return settings
