"""Calls to language models: opened before the provider is asked, settled by its count, or lost with their process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from aar.database import clock
from aar.database.connection import Transaction
from aar.database.schema import calls as table
from aar.prices import Cost, Tokens


class CallState(StrEnum):
    """Where a call stands."""

    OPEN = "open"
    SETTLED = "settled"
    LOST = "lost"
    """Its process was killed before it could say what the call used."""


@dataclass(frozen=True)
class Call:
    """One raw call to a provider, named by the researcher's session.

    Attributes:
        researcher: Who calls.
        id: Name of the call among the researcher's.
        model: The model that is called.
        state: Where it stands.
        estimate: Tokens that it will read, by an estimate, and that it may write at most.
        cost: Cost of these.
        opened: Time of its beginning, in seconds since 1970.
        settled: Time of its end, in seconds since 1970; None while it is open.
    """

    researcher: str
    id: str
    model: str
    state: CallState
    estimate: Tokens
    cost: Cost
    opened: float
    settled: float | None


def find(tx: Transaction, researcher: str, id: str) -> Call | None:
    """A researcher's call of this name."""
    row = tx.execute(sa.select(table).where(table.c.researcher == researcher, table.c.id == id)).one_or_none()
    return None if row is None else _call(row)


def open(tx: Transaction, researcher: str, id: str, *, model: str, estimate: Tokens, cost: Cost) -> None:
    """Note that a call begins."""
    tx.execute(
        table.insert().values(
            researcher=researcher,
            id=id,
            model=model,
            state=CallState.OPEN.value,
            input_tokens=estimate.input_tokens,
            output_tokens=estimate.output_tokens,
            weighted_tokens=cost.weighted_tokens,
            nano_usd=cost.nano_usd,
            opened=clock.now(),
        )
    )


def opened(tx: Transaction, *, researcher: str | None = None) -> list[Call]:
    """Calls that are open, of one researcher or of all."""
    query = sa.select(table).where(table.c.state == CallState.OPEN.value)
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    return [_call(row) for row in tx.execute(query.order_by(table.c.opened, table.c.id))]


def lost(tx: Transaction, researcher: str) -> Cost:
    """What the calls of a researcher that are lost cost by their estimates; those whose count came later left out."""
    usd, tokens = (
        sa.func.coalesce(sa.func.sum(column), 0) for column in (table.c.nano_usd, table.c.weighted_tokens)
    )
    query = sa.select(usd, tokens).where(
        table.c.researcher == researcher, table.c.state == CallState.LOST.value
    )
    row = tx.execute(query).one()
    return Cost(nano_usd=int(row[0]), weighted_tokens=int(row[1]))


def opened_since(tx: Transaction, researcher: str, at: float) -> int:
    """Number of a researcher's calls that were opened at a time, in seconds since 1970, or later."""
    query = (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.c.researcher == researcher, table.c.opened >= at)
    )
    return int(tx.execute(query).scalar_one())


def set_state(tx: Transaction, call: Call, state: CallState) -> None:
    """Move a call on; call `aar.ledger.record_charge` in the same transaction."""
    tx.execute(
        table.update()
        .where(table.c.researcher == call.researcher, table.c.id == call.id)
        .values(state=state.value, settled=clock.now())
    )


def _call(row: sa.Row[Any]) -> Call:
    return Call(
        researcher=row.researcher,
        id=row.id,
        model=row.model,
        state=CallState(row.state),
        estimate=Tokens(input_tokens=row.input_tokens, output_tokens=row.output_tokens),
        cost=Cost(row.nano_usd, row.weighted_tokens),
        opened=row.opened,
        settled=row.settled,
    )
