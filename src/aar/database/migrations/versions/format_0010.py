"""Format 10: tokens of people and of researchers that are no processes of the run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Everybody so far was a process of the run, and had its token from there."""
    op.add_column("researchers", sa.Column("outside", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "tokens",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("access", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False, unique=True),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("expires", sa.Float),
        sa.Column("revoked", sa.Float),
        sa.Column("used", sa.Float),
        sa.CheckConstraint("access IN ('researcher', 'person', 'viewer')"),
    )
