"""The tables, as they are on disk; times are seconds since 1970 in UTC."""

from __future__ import annotations

from aar.database.schema.accounts import calls, charges, ledger, spending
from aar.database.schema.forum import comments, posts, votes
from aar.database.schema.judging import (
    references,
    runs,
    shares,
    standing,
    submissions,
    trainings,
    verdicts,
    waits,
    wanted_runs,
)
from aar.database.schema.research import messages, progress, researchers, tokens, troubles
from aar.database.schema.tables import meta, metadata

__all__ = [
    "calls",
    "charges",
    "comments",
    "ledger",
    "messages",
    "meta",
    "metadata",
    "posts",
    "progress",
    "references",
    "researchers",
    "runs",
    "shares",
    "spending",
    "standing",
    "submissions",
    "tokens",
    "trainings",
    "troubles",
    "verdicts",
    "votes",
    "waits",
    "wanted_runs",
]
