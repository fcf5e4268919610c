"""The tables of submissions, of their runs, and of what was decided."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
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
    UniqueConstraint,
)

from aar.database.schema.tables import metadata

submissions = Table(
    "submissions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("code_hash", String, nullable=False, index=True),
    Column("commit", String, nullable=False),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("role", String, nullable=False),
    Column("title", String, nullable=False),
    Column("summary", Text, nullable=False),
    Column("parents", JSON, nullable=False),
    Column("claim", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("ended", String),
    Column("reply", Text, nullable=False),
    Column("request", String),
    Column("created", Float, nullable=False),
    Column("decided", Float),
    UniqueConstraint("researcher", "request"),
)

runs = Table(
    "runs",
    metadata,
    Column("key", String, primary_key=True),
    Column("submission", ForeignKey("submissions.id")),
    Column("code_hash", String, nullable=False),
    Column("commit", String, nullable=False),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("split", String, nullable=False),
    Column("pair_index", Integer, nullable=False),
    Column("supervisor_seed", Integer, nullable=False),
    Column("student_seed", String, nullable=False),
    Column("salt", String),
    Column("intervention", String, nullable=False),
    Column("seeds_of", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("nominal_cost", Float, nullable=False),
    Column("companions", Integer, nullable=False),
    Column("ready", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("place", String),
    Column("end", JSON, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("blob", String),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
    Index("runs_queue", "state", "ready", "priority", "researcher", "created", "pair_index", "key"),
    Index("runs_by_end", "state", "finished"),
    Index("runs_by_code", "code_hash", "split"),
)

trainings = Table(
    "trainings",
    metadata,
    Column("role", String, primary_key=True),
    Column("split", String, primary_key=True),
    Column("k", Integer, primary_key=True),
    Column("seconds", Float, nullable=False),
    Column("core_seconds", Float, nullable=False),
    Column("at", Float, nullable=False),
    CheckConstraint("role IN ('supervisor', 'ceiling')"),
)

shares = Table(
    "shares",
    metadata,
    Column("priority", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), primary_key=True),
    Column("had", Float, nullable=False),
    Column("began", Float, nullable=False),
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("stage", String, nullable=False),
    Column("status", String, nullable=False),
    Column("rule", String),
    Column("ended", String),
    Column("would_be", Boolean, nullable=False),
    Column("reply", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("at", Float, nullable=False),
    UniqueConstraint("submission", "stage"),
    CheckConstraint("stage IN ('dev', 'sealed')"),
)

standing = Table(
    "standing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("holder", String, nullable=False),
    Column("record", Float, nullable=False),
    Column("items", Integer, nullable=False),
    CheckConstraint("id = 1"),
)

wanted_runs = Table(
    "wanted_runs",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("split", String, primary_key=True),
    Column("intervention", String, primary_key=True),
    Column("k", Integer, primary_key=True),
    Column("seeds_of", String, primary_key=True),
)

waits = Table(
    "waits",
    metadata,
    Column("submission", ForeignKey("submissions.id"), primary_key=True),
    Column("reason", String, nullable=False),
    Column("what", JSON, nullable=False),
    Column("at", Float, nullable=False),
)

references = Table(
    "reference_figures",
    metadata,
    Column("split", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("at", Float, nullable=False),
    CheckConstraint("kind IN ('floor', 'ceiling', 'baseline')"),
)
