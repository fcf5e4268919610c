"""Whose run is next: the highest priority that somebody waits at, then who has had the least, then the oldest.

A researcher in cool-down is passed over where it has asked for the run itself.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from aar.database import clock, runs, shares
from aar.database.connection import Transaction
from aar.database.researchers import MOST_WAIT_SECONDS
from aar.database.schema import researchers
from aar.database.schema import runs as table
from aar.database.schema import shares as shares_table

# built once: a statement costs more to build than to execute, and these are executed for every run
_TURN = (
    sa.select(shares_table.c.priority, shares_table.c.researcher)
    .where(
        sa.exists().where(
            table.c.state == "queued",
            table.c.ready == 1,
            table.c.priority != sa.bindparam("without"),
            table.c.priority == shares_table.c.priority,
            table.c.researcher == shares_table.c.researcher,
        ),
        sa.or_(
            shares_table.c.priority.not_in([runs.PRIORITIES.index(priority) for priority in runs.ASKED_FOR]),
            shares_table.c.researcher.not_in(
                sa.select(researchers.c.name).where(
                    researchers.c.waits_until > sa.bindparam("now"),
                    researchers.c.waits_until <= sa.bindparam("latest"),
                )
            ),
        ),
    )
    .order_by(shares_table.c.priority, shares_table.c.had, shares_table.c.researcher)
    .limit(1)
)
_OLDEST = (
    sa.select(table.c.key)
    .where(
        table.c.state == "queued",
        table.c.ready == 1,
        table.c.priority == sa.bindparam("at"),
        table.c.researcher == sa.bindparam("whose"),
    )
    .order_by(table.c.created, table.c.pair_index, table.c.key)
    .limit(1)
)
_CLAIM = (
    table.update()
    .where(table.c.key == sa.bindparam("wanted"), table.c.state == "queued")
    .values(
        state="running",
        tries=table.c.tries + 1,
        place=sa.bindparam("where"),
        started=sa.bindparam("now"),
    )
)


def next_priority(tx: Transaction, *, without: runs.Priority | None = None) -> int | None:
    """The priority of the run that `claim` would take, None where none is ready; runs of `without` are passed over."""
    turn = _turn(tx, without)
    return None if turn is None else int(turn.priority)


def claim(
    tx: Transaction, *, place: str = "", key: str | None = None, without: runs.Priority | None = None
) -> runs.Run | None:
    """Take the next queued run (or the one with `key`): it is `running` and its tries count one more.

    The next one is of the highest priority that somebody waits at, `without` passed over; among those who do, it is
    that of the researcher who has had the least (`aar.database.shares`), and of its own the oldest.
    """
    time_s = clock.now()
    if key is None:
        turn = _turn(tx, without)
        if turn is None:
            return None
        key = str(tx.scalar(_OLDEST, {"at": turn.priority, "whose": turn.researcher}))
    if not tx.execute(_CLAIM, {"wanted": key, "where": place, "now": time_s}).rowcount:
        return None
    run = runs.get(tx, key)
    shares.take(tx, priority=run.priority, researcher=run.researcher, nominal=run.nominal_cost)
    return run


def _turn(tx: Transaction, without: runs.Priority | None) -> Any:
    """Priority and researcher of the next run."""
    now = clock.now()
    given = {"now": now, "latest": now + MOST_WAIT_SECONDS, "without": _rank(without)}
    return tx.execute(_TURN, given).one_or_none()


def _rank(priority: runs.Priority | None) -> int:
    return -1 if priority is None else runs.PRIORITIES.index(priority)
