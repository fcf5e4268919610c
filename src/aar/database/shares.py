"""Fair turns: among runs of one priority, the researcher with the least use since all began to wait goes first.

Start-time fair queueing (Goyal, Vin and Cheng 1996) over nominal minutes. A run counts with its estimate
when it is taken and with its true cost when it has ended; one that comes back into the queue is given
back. Who comes to an empty place starts level with the others: time in which nobody else waited is
neither saved up nor held against anybody.

Covered: a researcher who queues a thousand runs, one who comes late, one whose runs cost more than the
estimate. Not covered: one person who holds several names.
"""

from __future__ import annotations

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import runs
from aar.database.schema import shares as table

_ACTIVE = (
    sa.select(sa.literal(1))
    .where(
        runs.c.state.in_(("queued", "running")),
        runs.c.priority == sa.bindparam("priority"),
        runs.c.researcher == sa.bindparam("researcher"),
    )
    .limit(1)
)
_MINE = sa.and_(table.c.priority == sa.bindparam("at"), table.c.researcher == sa.bindparam("whose"))
_LEVEL = table.update().where(_MINE, table.c.had < sa.bindparam("now")).values(had=sa.bindparam("now"))
_TAKE = table.update().where(_MINE).values(began=table.c.had, had=table.c.had + sa.bindparam("more"))
_SETTLE = table.update().where(_MINE).values(had=table.c.had + sa.bindparam("more"))


def join(tx: Transaction, *, priority: int, researcher: str) -> None:
    """Before a run is queued: one who had nothing waiting or running at this priority starts level."""
    if tx.execute(_ACTIVE, {"priority": priority, "researcher": researcher}).first() is not None:
        return
    latest = tx.scalar(sa.select(sa.func.max(table.c.began)).where(table.c.priority == priority)) or 0.0
    if not upsert.add(
        tx, table, {"priority": priority, "researcher": researcher}, {"had": latest, "began": latest}
    ):
        tx.execute(_LEVEL, {"at": priority, "whose": researcher, "now": latest})


def take(tx: Transaction, *, priority: int, researcher: str, nominal: float) -> None:
    """Count a run that is taken from the queue, by its estimate in nominal minutes."""
    tx.execute(_TAKE, {"at": priority, "whose": researcher, "more": nominal})


def settle(tx: Transaction, *, priority: int, researcher: str, nominal: float) -> None:
    """Add what a run cost beyond its estimate; less than nothing where it cost less or was given back."""
    tx.execute(_SETTLE, {"at": priority, "whose": researcher, "more": nominal})
