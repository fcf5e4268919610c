"""Format 5: runs wait until their supervisors are trained, researchers say one word, practice goes first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what the lab schedules trainings by, and exchange the two highest priorities."""
    # until then every supervisor, companions included, was trained before the first run was queued
    op.add_column("runs", sa.Column("companions", sa.Integer, nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("ready", sa.Integer, nullable=False, server_default="1"))
    op.drop_index("runs_queue", "runs")
    op.create_index(
        "runs_queue", "runs", ["state", "ready", "priority", "researcher", "created", "pair_index", "key"]
    )
    op.add_column("progress", sa.Column("activity", sa.String, nullable=False, server_default="thinking"))
    op.create_table(
        "trainings",
        sa.Column("role", sa.String, primary_key=True),
        sa.Column("split", sa.String, primary_key=True),
        sa.Column("k", sa.Integer, primary_key=True),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("core_seconds", sa.Float, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.CheckConstraint("role IN ('supervisor', 'ceiling')"),
    )
    # practice goes before the opening now; of the shares, over their own negatives: the priority is part of a key
    op.execute("UPDATE runs SET priority = 1 - priority WHERE priority IN (0, 1)")
    op.execute("UPDATE shares SET priority = -1 - priority WHERE priority IN (0, 1)")
    op.execute("UPDATE shares SET priority = 2 + priority WHERE priority < 0")
