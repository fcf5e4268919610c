"""Databases of earlier formats, brought up to date step by step when they are opened: nobody's lab is orphaned.

Each step is what changed from its format to the next, as SQL or as a function of the transaction, in one transaction
with the new format's number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from aar.database import format_6

STEPS: Mapping[int, Sequence[str | Callable[[sa.Connection], None]]] = {
    4: (
        # until then every supervisor, companions included, was trained before the first run was queued
        "ALTER TABLE runs ADD COLUMN companions INTEGER NOT NULL DEFAULT 1",
        "ALTER TABLE runs ADD COLUMN ready INTEGER NOT NULL DEFAULT 1",
        "DROP INDEX runs_queue",
        "CREATE INDEX runs_queue ON runs (state, ready, priority, researcher, created, pair_index, key)",
        "ALTER TABLE progress ADD COLUMN activity VARCHAR NOT NULL DEFAULT 'thinking'",
        "CREATE TABLE trainings (role VARCHAR NOT NULL, split VARCHAR NOT NULL, k INTEGER NOT NULL, "
        "seconds FLOAT NOT NULL, core_seconds FLOAT NOT NULL, at FLOAT NOT NULL, PRIMARY KEY (role, split, k), "
        "CHECK (role IN ('supervisor', 'ceiling')))",
        # practice goes before the opening now
        "UPDATE runs SET priority = 1 - priority WHERE priority IN (0, 1)",
        "UPDATE shares SET priority = -1 - priority WHERE priority IN (0, 1)",
        "UPDATE shares SET priority = 2 + priority WHERE priority < 0",
    ),
    5: (*format_6.NEW, format_6.carry_over, *format_6.OLD),
}
"""By the format that a step starts from."""


def migrate(tx: sa.Connection, *, to: int) -> None:
    """Take every step from the database's own format to format `to`, within one transaction."""
    found = tx.exec_driver_sql("SELECT value FROM meta WHERE key = 'format'").scalar()
    for step in range(int(str(found)), to):
        for statement in STEPS[step]:
            if callable(statement):
                statement(tx)
            else:
                tx.exec_driver_sql(statement)
    tx.exec_driver_sql("UPDATE meta SET value = ? WHERE key = 'format'", (str(to),))
