"""The tables, as they are on disk; times are seconds since 1970 in UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", JSON, nullable=False),
)

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
    Column("failures", Integer, nullable=False),
    Column("waits_until", Float),
    Column("paused", Float),
    Column("worked", Float, nullable=False),
    Column("works_since", Float),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("finished", Float),
)

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

progress = Table(
    "progress",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("researcher", ForeignKey("researchers.name"), nullable=False),
    Column("activity", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
)
