"""What all tables belong to, and the one that says which format they have."""

from __future__ import annotations

from sqlalchemy import JSON, Column, MetaData, String, Table

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", JSON, nullable=False),
)
