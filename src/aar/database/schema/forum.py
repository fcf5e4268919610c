"""The tables of the forum."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from aar.database.schema.tables import metadata

posts = Table(
    "posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("kind", String, nullable=False),
    Column("title", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("submissions", JSON, nullable=False),
    Column("request", String),
    Column("at", Float, nullable=False),
    CheckConstraint("kind IN ('result', 'hypothesis', 'insight', 'error')"),
    UniqueConstraint("researcher", "request"),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("post", ForeignKey("posts.id"), nullable=False, index=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("body", Text, nullable=False),
    Column("request", String),
    Column("at", Float, nullable=False),
    Index("comments_by_request", "researcher", "request", unique=True),
)

votes = Table(
    "votes",
    metadata,
    Column("post", ForeignKey("posts.id"), primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("at", Float, nullable=False),
    CheckConstraint("value IN (-1, 1)"),
)
