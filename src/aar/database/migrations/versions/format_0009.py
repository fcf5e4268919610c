"""Format 9: the time that each researcher has worked, by the run's clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Nobody has worked yet: no budget of hours counted what an earlier version did."""
    op.add_column("researchers", sa.Column("worked", sa.Float, nullable=False, server_default="0"))
    op.add_column("researchers", sa.Column("works_since", sa.Float))
