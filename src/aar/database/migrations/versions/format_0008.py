"""Format 8: people pause researchers, and tell them something."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the time of a pause, and the table of messages."""
    op.add_column("researchers", sa.Column("paused", sa.Float))
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("researcher", sa.String, sa.ForeignKey("researchers.name"), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("read", sa.Float),
    )
    op.create_index("messages_by_read", "messages", ["read", "researcher"])
