"""Format 6: what stood in sentences and in keys of `meta` gets columns and tables of its own.

A run that an earlier version queued keeps its seeds. Its salt was never stored and follows from the lab's secret, which
the database does not know: the lab fills it in when it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from aar.database.migrations import from_format_5 as old

revision = "0006"
down_revision = "0005"

_meta = sa.table("meta", sa.column("key", sa.String), sa.column("value", sa.JSON))
_AUDIT_RUNS, _RECOMPUTED_RUNS = "audit runs of ", "recomputed runs of "


def upgrade() -> None:
    """Add the columns and tables, fill them from what said it before, and drop that."""
    _add()
    tx = op.get_bind()
    _fill_roles(tx)
    _fill_ends(tx)
    _fill_runs(tx)
    _fill_standing(tx)
    _fill_wanted(tx)
    _drop(tx)


def _add() -> None:
    for table in ("researchers", "submissions"):
        op.add_column(table, sa.Column("role", sa.String, nullable=False, server_default="researcher"))
    for table in ("submissions", "verdicts"):
        op.add_column(table, sa.Column("ended", sa.String))
    op.add_column("verdicts", sa.Column("would_be", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("salt", sa.String))
    op.add_column("runs", sa.Column("seeds_of", sa.String, nullable=False, server_default=""))
    op.add_column("runs", sa.Column("end", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("comments", sa.Column("request", sa.String))
    op.create_index("comments_by_request", "comments", ["researcher", "request"], unique=True)
    op.create_table(
        "standing",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("record", sa.Float, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        sa.CheckConstraint("id = 1"),
    )
    op.create_table(
        "wanted_runs",
        sa.Column("submission", sa.String, sa.ForeignKey("submissions.id"), primary_key=True),
        sa.Column("split", sa.String, primary_key=True),
        sa.Column("intervention", sa.String, primary_key=True),
        sa.Column("k", sa.Integer, primary_key=True),
        sa.Column("seeds_of", sa.String, primary_key=True),
    )
    op.create_table(
        "waits",
        sa.Column("submission", sa.String, sa.ForeignKey("submissions.id"), primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("what", sa.JSON, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )


def _fill_roles(tx: sa.Connection) -> None:
    for name, author in (("researchers", "name"), ("submissions", "researcher")):
        table = sa.table(name, sa.column(author), sa.column("role"))
        for special, role in old.ROLES.items():
            tx.execute(table.update().where(table.c[author] == special).values(role=role))


def _fill_ends(tx: sa.Connection) -> None:
    names = ("id", "stage", "status", "reply", "ended")
    table = sa.table("submissions", *map(sa.column, names))
    for row in tx.execute(sa.select(table).where(table.c.stage == "done")).all():
        tx.execute(table.update().where(table.c.id == row.id).values(ended=old.ended(row.status, row.reply)))
    verdicts = sa.table("verdicts", *map(sa.column, names), sa.column("would_be", sa.Boolean))
    for row in tx.execute(sa.select(verdicts)).all():
        state = old.verdict(stage=row.stage, status=row.status, reply=row.reply)
        tx.execute(verdicts.update().where(verdicts.c.id == row.id).values(**state))


def _fill_runs(tx: sa.Connection) -> None:
    json_columns = [sa.column(name, sa.JSON) for name in ("logged", "denied", "end")]
    others = [name for name in old.OF_THE_END if name not in ("logged", "denied")]
    plain: list[sa.ColumnClause[Any]] = [
        sa.column(name) for name in ("key", "state", "intervention", "seeds_of", *others)
    ]
    runs = sa.table("runs", *plain, *json_columns)
    for row in tx.execute(sa.select(runs)).all():
        state = old.run(dict(row._mapping))
        values = {name: state[name] for name in ("intervention", "seeds_of", "end")}
        tx.execute(runs.update().where(runs.c.key == row.key).values(values))


def _fill_standing(tx: sa.Connection) -> None:
    ladder = tx.scalar(sa.select(_meta.c.value).where(_meta.c.key == "ladder"))
    if ladder is None:
        return
    ledger = sa.table("ledger", sa.column("seq"), sa.column("kind"), sa.column("body", sa.JSON))
    notes = sa.select(ledger.c.body).where(ledger.c.kind == "note").order_by(ledger.c.seq.desc())
    items = next((body.get("items", 0) for body in tx.scalars(notes) if "ladder" in body), 0)
    standing = sa.table("standing", *map(sa.column, ("id", "holder", "record", "items")))
    values = {"holder": ladder["holder"], "record": ladder["record"], "items": items}
    tx.execute(standing.insert().values(id=1, **values))


def _fill_wanted(tx: sa.Connection) -> None:
    names = ("submission", "split", "intervention", "k", "seeds_of")
    wanted = sa.table("wanted_runs", *map(sa.column, names))
    for values in _wanted(tx):
        tx.execute(wanted.insert().values(dict(zip(names, values, strict=True))))


def _wanted(tx: sa.Connection) -> Iterator[tuple[str, str, str, int, str]]:
    for key, value in tx.execute(sa.select(_meta)).all():
        if key.startswith(_AUDIT_RUNS):
            submission = key.removeprefix(_AUDIT_RUNS)
            for split, name, k in {tuple(run) for run in value}:
                yield submission, split, name, int(k), ""
        elif key.startswith(_RECOMPUTED_RUNS):
            submission, (code_hash, count) = key.removeprefix(_RECOMPUTED_RUNS), value
            for k in range(int(count)):
                yield submission, "dev", "none", k, str(code_hash)


def _drop(tx: sa.Connection) -> None:
    for name in old.OF_THE_END:
        op.drop_column("runs", name)
    prefixes = [_meta.c.key.startswith(prefix) for prefix in (_AUDIT_RUNS, _RECOMPUTED_RUNS)]
    gone = sa.or_(_meta.c.key.in_(("ladder", "champion", "record_text")), *prefixes)
    tx.execute(_meta.delete().where(gone))
