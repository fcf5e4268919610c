"""Activity of each researcher, its trouble and its end: one word and a short detail, never a score."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import progress as table


class Activity(StrEnum):
    """Activity of a researcher; reported when it begins, and valid until the next report."""

    STARTING = "starting"
    THINKING = "thinking"
    READING = "reading"
    WRITING = "writing"
    COMPUTING = "computing"
    """A command or a script in its workspace."""
    PRACTISING = "practising"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    """For a verdict."""
    POSTING = "posting"
    RESTING = "resting"
    """Nothing to do until something changes."""


class ProviderTrouble(StrEnum):
    """Why a model's provider does not answer a researcher."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"
    UNAUTHORISED = "unauthorised"
    NO_CREDIT = "no_credit"
    UNKNOWN_MODEL = "unknown_model"
    REFUSED_REQUEST = "refused_request"
    """The request itself is not taken."""
    CONTEXT_OVERFLOW = "context_overflow"
    OTHER = "other"


class EndReason(StrEnum):
    """Why a researcher's loop ended, or rests."""

    LAB_OVER = "lab_over"
    """The lab said that it is over: the regular end."""
    REFUSALS = "refusals"
    """Its model refused several times in a row."""
    CONTEXT = "context"
    """What it had to read does not fit into its model, also after it was summed up."""
    MESSAGE_LIMIT = "message_limit"
    OWN_STOP = "own_stop"
    """Its model stopped by itself."""
    NO_EFFECT = "no_effect"
    """Many turns had no effect."""
    BUDGET = "budget"
    """Its money, tokens or hours, or the study's money or tokens, are used up."""
    BY_A_PERSON = "by_a_person"
    """The person who runs the lab stopped it."""

    @property
    def regular(self) -> bool:
        """True if the researcher had used what it was given, or nobody wants more of it."""
        return self in (EndReason.LAB_OVER, EndReason.BUDGET, EndReason.BY_A_PERSON)


class StopReason(StrEnum):
    """Why the lab takes nothing more from a researcher."""

    STOPPED = "stopped"
    """A person or the launcher gave it up."""
    TIME = "time"
    """The study's, or its own hours."""
    USD = "usd"
    TOKENS = "tokens"
    SUBMISSIONS = "submissions"
    OVER = "over"
    """Nobody may hand in anything more."""


@dataclass(frozen=True)
class Progress:
    """Activity that a researcher began at a time; `text` is a detail in its own words and may be empty."""

    researcher: str
    activity: Activity
    text: str
    at: float


def add(tx: Transaction, researcher: str, activity: Activity, text: str = "") -> None:
    """Note what a researcher is doing now."""
    tx.execute(
        table.insert().values(researcher=researcher, activity=activity.value, text=text, at=clock.now())
    )


def latest(tx: Transaction) -> dict[str, Progress]:
    """Last reported activity of every researcher that reported one."""
    last = sa.select(sa.func.max(table.c.id)).group_by(table.c.researcher)
    return {row.researcher: _progress(row) for row in tx.execute(_COLUMNS.where(table.c.id.in_(last)))}


def all(tx: Transaction, *, researcher: str | None = None) -> list[Progress]:
    """Everything that was said in order, by one researcher or by all."""
    query = _COLUMNS.order_by(table.c.id)
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    return [_progress(row) for row in tx.execute(query)]


_COLUMNS = sa.select(table.c.researcher, table.c.activity, table.c.text, table.c.at)


def _progress(row: sa.Row[str, str, str, float]) -> Progress:
    return Progress(row.researcher, Activity(row.activity), row.text, row.at)
