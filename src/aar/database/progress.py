"""Activity of each researcher, for the live display: one word and a short detail, never a score."""

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
    """Why a model's provider does not answer; each is waited for until it heals, however long that takes."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNREACHABLE = "unreachable"
    """No connection, or one that was cut off."""
    UNAUTHORISED = "unauthorised"
    NO_CREDIT = "no_credit"
    UNKNOWN_MODEL = "unknown_model"
    REFUSED_REQUEST = "refused_request"
    """The provider takes the request for malformed."""
    CONTEXT_OVERFLOW = "context_overflow"
    OTHER = "other"


class EndReason(StrEnum):
    """Why the loop of a researcher ended or rests."""

    LAB_OVER = "lab_over"
    REFUSALS = "refusals"
    """The model, or its provider's filter, declined several times in a row."""
    CONTEXT = "context"
    """The conversation does not fit into the model, and could not be made shorter."""
    MESSAGE_LIMIT = "message_limit"
    OWN_STOP = "own_stop"
    NO_EFFECT = "no_effect"
    """It rests, since turn after turn did nothing."""
    BUDGET = "budget"
    """Its money or its tokens, or those of the study, are spent."""


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
