"""Format 7: calls to models are opened and settled, money is whole, trouble and ends have reasons."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import op

from aar.database.migrations import from_format_6 as old

revision = "0007"
down_revision = "0006"

_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_SUMS = (*_TOKENS, "weighted_tokens", "nano_usd")
_KEPT = ("key", "researcher", "kind", "nominal_minutes", "input_tokens", "output_tokens", "at")


def upgrade() -> None:
    """Make charges anew, with what each kind of token cost, and their sums; add the tables of calls and of trouble."""
    tx = op.get_bind()
    op.add_column("researchers", sa.Column("reason", sa.String))
    op.add_column("researchers", sa.Column("detail", sa.Text, nullable=False, server_default=""))
    before = sa.table("charges", *map(sa.column, (*_KEPT, "money_usd")))
    rows = [old.charge(dict(row._mapping)) for row in tx.execute(sa.select(before))]
    op.drop_table("charges")
    _create()
    charges = sa.table("charges", *map(sa.column, (*_KEPT, *_SUMS)))
    if rows:
        tx.execute(charges.insert(), rows)
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys((*_SUMS, "calls"), 0))
    for row in rows:
        if row["kind"] == "model":
            of = sums[row["researcher"]]
            sums[row["researcher"]] = {name: of[name] + row.get(name, 1) for name in of}
    spending = sa.table(
        "spending",
        *map(sa.column, ("researcher", "calls", *_SUMS, "lost_calls", "lost_nano_usd", "context_tokens")),
    )
    for name, of in sums.items():
        nothing = {"lost_calls": 0, "lost_nano_usd": 0, "context_tokens": 0}
        tx.execute(spending.insert().values(researcher=name, **of, **nothing))


def _create() -> None:
    op.create_table(
        "charges",
        sa.Column("key", sa.String, primary_key=True),
        _filled("researcher", sa.String, sa.ForeignKey("researchers.name")),
        _filled("kind", sa.String),
        _filled("nominal_minutes", sa.Float),
        *(_filled(name, sa.Integer) for name in _TOKENS),
        _filled("weighted_tokens", sa.BigInteger),
        _filled("nano_usd", sa.BigInteger),
        _filled("at", sa.Float),
        sa.CheckConstraint("kind IN ('run', 'model', 'lost', 'correction')"),
    )
    op.create_table(
        "calls",
        sa.Column("researcher", sa.String, sa.ForeignKey("researchers.name"), primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        _filled("model", sa.String),
        _filled("state", sa.String),
        _filled("input_tokens", sa.Integer),
        _filled("output_tokens", sa.Integer),
        _filled("weighted_tokens", sa.BigInteger),
        _filled("nano_usd", sa.BigInteger),
        _filled("opened", sa.Float),
        sa.Column("settled", sa.Float),
        sa.CheckConstraint("state IN ('open', 'settled', 'lost')"),
    )
    op.create_index("calls_by_state", "calls", ["state", "researcher"])
    op.create_table(
        "spending",
        sa.Column("researcher", sa.String, sa.ForeignKey("researchers.name"), primary_key=True),
        _filled("calls", sa.Integer),
        *(_filled(name, sa.BigInteger) for name in _SUMS),
        _filled("lost_calls", sa.Integer),
        _filled("lost_nano_usd", sa.BigInteger),
        _filled("context_tokens", sa.Integer),
    )
    op.create_table(
        "troubles",
        sa.Column("id", sa.Integer, primary_key=True),
        _filled("researcher", sa.String, sa.ForeignKey("researchers.name")),
        _filled("kind", sa.String),
        _filled("detail", sa.Text),
        _filled("permanent", sa.Boolean),
        _filled("since", sa.Float),
        _filled("next_try", sa.Float),
        sa.Column("ended", sa.Float),
    )
    op.create_index("troubles_by_end", "troubles", ["ended", "researcher"])


def _filled(name: str, kind: type[sa.types.TypeEngine[Any]], *more: sa.ForeignKey) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=False)
