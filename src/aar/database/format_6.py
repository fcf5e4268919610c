"""From format 5 to 6: what stood in sentences and in keys of `meta` gets columns and tables of its own.

A run that was queued by an earlier version keeps its seeds. Its salt was never stored, and the database does not know
the lab's secret, from which it follows: the lab fills it in when it starts (`aar.lab.draw`).
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

NEW = (
    "ALTER TABLE researchers ADD COLUMN role VARCHAR NOT NULL DEFAULT 'researcher'",
    "ALTER TABLE submissions ADD COLUMN role VARCHAR NOT NULL DEFAULT 'researcher'",
    "ALTER TABLE submissions ADD COLUMN ended VARCHAR",
    "ALTER TABLE verdicts ADD COLUMN ended VARCHAR",
    "ALTER TABLE verdicts ADD COLUMN would_be BOOLEAN NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN salt VARCHAR",
    "ALTER TABLE runs ADD COLUMN seeds_of VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE runs ADD COLUMN \"end\" JSON NOT NULL DEFAULT '{}'",
    "ALTER TABLE comments ADD COLUMN request VARCHAR",
    "CREATE UNIQUE INDEX comments_by_request ON comments (researcher, request)",
    "CREATE TABLE standing (id INTEGER NOT NULL, holder VARCHAR NOT NULL, record FLOAT NOT NULL, "
    "items INTEGER NOT NULL, PRIMARY KEY (id), CHECK (id = 1))",
    "CREATE TABLE wanted_runs (submission VARCHAR NOT NULL, split VARCHAR NOT NULL, intervention VARCHAR NOT NULL, "
    "k INTEGER NOT NULL, seeds_of VARCHAR NOT NULL, PRIMARY KEY (submission, split, intervention, k, seeds_of), "
    "FOREIGN KEY(submission) REFERENCES submissions (id))",
    "CREATE TABLE waits (submission VARCHAR NOT NULL, reason VARCHAR NOT NULL, what JSON NOT NULL, at FLOAT NOT NULL, "
    "PRIMARY KEY (submission), FOREIGN KEY(submission) REFERENCES submissions (id))",
)
"""What format 6 has besides."""

_OF_THE_END = (
    "seconds",
    "core_seconds",
    "error_type",
    "error_file",
    "error_line",
    "error_rule",
    "error_message",
    "logged",
    "denied",
)

OLD = (
    *(f"ALTER TABLE runs DROP COLUMN {name}" for name in _OF_THE_END),
    "DELETE FROM meta WHERE key IN ('ladder', 'champion', 'record_text') OR key LIKE 'audit runs of %' "
    "OR key LIKE 'recomputed runs of %'",
)
"""What it does not have any more."""

_AUDIT_RUNS, _RECOMPUTED_RUNS = "audit runs of ", "recomputed runs of "


def carry_over(tx: sa.Connection) -> None:
    """Put what the old columns and keys say into the new ones."""
    from aar.database import earlier_forms  # its enums stand above the connection, which imports this

    for table, author in (("researchers", "name"), ("submissions", "researcher")):
        for (name,) in tx.exec_driver_sql(f"SELECT DISTINCT {author} FROM {table}").all():
            role = earlier_forms.role(name).value
            tx.exec_driver_sql(f"UPDATE {table} SET role = ? WHERE {author} = ?", (role, name))
    _ends(tx)
    _runs(tx)
    _standing(tx)
    _wanted(tx)


def _ends(tx: sa.Connection) -> None:
    from aar.database import earlier_forms

    for row in tx.exec_driver_sql("SELECT id, status, reply FROM submissions WHERE stage = 'done'").all():
        ended = earlier_forms.ended(row.status, row.reply).value
        tx.exec_driver_sql("UPDATE submissions SET ended = ? WHERE id = ?", (ended, row.id))
    for row in tx.exec_driver_sql("SELECT id, stage, status, reply FROM verdicts").all():
        found = earlier_forms.verdict(dict(row._mapping))
        tx.exec_driver_sql(
            "UPDATE verdicts SET ended = ?, would_be = ? WHERE id = ?",
            (found["ended"], int(found["would_be"]), row.id),
        )


def _runs(tx: sa.Connection) -> None:
    from aar.database import earlier_forms

    columns = ", ".join(("key", "state", "intervention", *_OF_THE_END))
    for row in tx.exec_driver_sql(f"SELECT {columns} FROM runs").all():
        values: dict[str, Any] = dict(row._mapping)
        for name in ("logged", "denied"):
            values[name] = None if values[name] is None else json.loads(values[name])
        new = earlier_forms.run(values)
        tx.exec_driver_sql(
            'UPDATE runs SET intervention = ?, seeds_of = ?, "end" = ? WHERE key = ?',
            (new["intervention"], new["seeds_of"], json.dumps(new["end"]), row.key),
        )


def _standing(tx: sa.Connection) -> None:
    ladder = tx.exec_driver_sql("SELECT value FROM meta WHERE key = 'ladder'").scalar()
    ladder = None if ladder is None else json.loads(ladder)
    if ladder is None:
        return
    noted = [
        json.loads(body)
        for (body,) in tx.exec_driver_sql("SELECT body FROM ledger WHERE kind = 'note' ORDER BY seq")
    ]
    items = next((note.get("items", 0) for note in reversed(noted) if "ladder" in note), 0)
    tx.exec_driver_sql(
        "INSERT INTO standing (id, holder, record, items) VALUES (1, ?, ?, ?)",
        (ladder["holder"], ladder["record"], items),
    )


def _wanted(tx: sa.Connection) -> None:
    rows: list[tuple[str, str, str, int, str]] = []
    for key, value in tx.exec_driver_sql("SELECT key, value FROM meta").all():
        if key.startswith(_AUDIT_RUNS):
            submission = key.removeprefix(_AUDIT_RUNS)
            rows += [(submission, split, name, int(k), "") for split, name, k in json.loads(value)]
        elif key.startswith(_RECOMPUTED_RUNS):
            code_hash, count = json.loads(value)
            submission = key.removeprefix(_RECOMPUTED_RUNS)
            rows += [(submission, "dev", "none", k, code_hash) for k in range(count)]
    for row in rows:
        tx.exec_driver_sql("INSERT OR IGNORE INTO wanted_runs VALUES (?, ?, ?, ?, ?)", row)
