"""The ledger's second copy, after a command has written into the ledger itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aar.database import Database
    from aar.folder import LabFolder


def follow(store: Database, folder: LabFolder) -> None:
    """Bring `ledger.jsonl` up to date where no lab runs that would do it within seconds."""
    from aar.launch.reserved import may_run
    from aar.ledger import Ledger

    if not may_run(folder):
        Ledger(store).export_jsonl(folder.ledger)
