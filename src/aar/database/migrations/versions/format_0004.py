"""Format 4 is what version 0.1 wrote: the line of revisions begins here."""

from __future__ import annotations

revision = "0004"
down_revision = None


def upgrade() -> None:
    """Change nothing."""
