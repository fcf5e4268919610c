"""The tables of what is written once and added up: the ledger, charges, calls to models."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", String, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
)

charges = Table(
    "charges",
    metadata,
    Column("key", String, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("kind", String, nullable=False),
    Column("nominal_minutes", Float, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("cache_read_tokens", Integer, nullable=False),
    Column("cache_write_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("reasoning_tokens", Integer, nullable=False),
    Column("weighted_tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
    CheckConstraint("kind IN ('run', 'model', 'lost', 'correction')"),
)

calls = Table(
    "calls",
    metadata,
    Column("researcher", ForeignKey("researchers.name"), primary_key=True),
    Column("id", String, primary_key=True),
    Column("model", String, nullable=False),
    Column("state", String, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("weighted_tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("opened", Float, nullable=False),
    Column("settled", Float),
    CheckConstraint("state IN ('open', 'settled', 'lost')"),
    Index("calls_by_state", "state", "researcher"),
)

spending = Table(
    "spending",
    metadata,
    Column("researcher", ForeignKey("researchers.name"), primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("cache_read_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("weighted_tokens", BigInteger, nullable=False),
    Column("nano_usd", BigInteger, nullable=False),
    Column("lost_calls", Integer, nullable=False),
    Column("lost_nano_usd", BigInteger, nullable=False),
    Column("context_tokens", Integer, nullable=False),
)
