"""Number of runs that the engine takes at once: the engine reports it, and estimates read it here."""

from __future__ import annotations

from aar.database import Transaction, meta


def note(tx: Transaction, runs: int) -> None:
    """Keep the capacity that the engine has now."""
    meta.put(tx, "capacity", runs)


def of(tx: Transaction, *, slots: int) -> int:
    """The capacity that the engine had last, at least 1; `slots` of the settings until it has said anything."""
    return max(1, int(meta.find(tx, "capacity", slots)))
