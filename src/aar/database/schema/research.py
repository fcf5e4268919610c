"""The tables of researchers: who they are, what they do, what stands in their way, what they are told."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from aar.database.schema.tables import metadata

researchers = Table(
    "researchers",
    metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("direction", Text, nullable=False),
    Column("model", String, nullable=False),
    Column("token_hash", String, unique=True),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("detail", Text, nullable=False),
    Column("minutes", Float),
    Column("submissions", Integer),
    Column("forum", Integer, nullable=False),
    Column("outside", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("waits_until", Float),
    Column("paused", Float),
    Column("worked", Float, nullable=False),
    Column("works_since", Float),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
)

progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("activity", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
)

troubles = Table(
    "troubles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("kind", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("permanent", Boolean, nullable=False),
    Column("since", Float, nullable=False),
    Column("next_try", Float, nullable=False),
    Column("ended", Float),
    Index("troubles_by_end", "ended", "researcher"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("read", Float),
    Index("messages_by_read", "read", "researcher"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("access", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
    Column("used", Float),
    CheckConstraint("access IN ('researcher', 'person', 'viewer')"),
)
