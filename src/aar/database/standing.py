"""The standing of the record: who holds it, and the accuracy on dev that the next one has to beat.

One row, which the scorer writes; the notes of the ledger hold its history (`aar.ledger`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import standing as table
from aar.database.verdicts import FLOOR


@dataclass(frozen=True)
class Standing:
    """Holder and record: its accuracy on the `items` of dev, rounded to the Ladder's step."""

    holder: str
    record: float
    items: int

    @property
    def champion(self) -> str | None:
        """The submission that holds the record; None while the floor holds it."""
        return None if self.holder == FLOOR else self.holder


def find(tx: Transaction) -> Standing | None:
    """The standing, or None before the baselines are decided."""
    row = tx.execute(sa.select(table.c.holder, table.c.record, table.c["items"])).one_or_none()
    return None if row is None else Standing(**row._mapping)


def champion(tx: Transaction) -> str | None:
    """The submission that holds the record now; None before the baselines are decided, and for the floor."""
    standing = find(tx)
    return None if standing is None else standing.champion


def put(tx: Transaction, standing: Standing) -> None:
    """Replace the standing; the scorer writes the ledger's note in the same transaction."""
    upsert.put(tx, table, {"id": 1}, asdict(standing))
