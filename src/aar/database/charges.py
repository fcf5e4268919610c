"""Charges, each recorded once: nominal minutes of runs, tokens and money of language models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import charges as table

ChargeKind = Literal["run", "model"]


@dataclass(frozen=True)
class Charge:
    """One charge: for a run or for a call to a language model.

    Attributes:
        key: Key of the run or of the call.
        researcher: Researcher who pays.
        kind: Run or call.
        nominal_minutes: Nominal core-minutes of a run.
        input_tokens: Tokens read by the model.
        output_tokens: Tokens written by the model.
        money_usd: Price in US dollars.
        at: Time of the charge, in seconds since 1970.
    """

    key: str
    researcher: str
    kind: ChargeKind
    nominal_minutes: float
    input_tokens: int
    output_tokens: int
    money_usd: float
    at: float


@dataclass(frozen=True)
class Spent:
    """The sum of a researcher's charges."""

    nominal_minutes: float
    input_tokens: int
    output_tokens: int
    money_usd: float
    runs: int


def insert(tx: Transaction, charge: Charge) -> bool:
    """Add a row, False where the key is paid already; call `aar.ledger.record_charge`."""
    values = dict(vars(charge))
    return upsert.add(tx, table, {"key": values.pop("key")}, values)


def all(tx: Transaction) -> list[Charge]:
    """Every charge in the order it was made."""
    return [Charge(**row._mapping) for row in tx.execute(sa.select(table).order_by(table.c.at, table.c.key))]


def spent(tx: Transaction, researcher: str) -> Spent:
    """Sum that a researcher has spent so far."""
    return _sum(tx, table.c.researcher == researcher)


def total(tx: Transaction) -> Spent:
    """Sum that all together, the lab itself included, have spent so far."""
    return _sum(tx, sa.true())


def of_runs(tx: Transaction, keys: Sequence[str]) -> Spent:
    """Sum of the charges of these runs."""
    return _sum(tx, table.c.key.in_(keys))


def _sum(tx: Transaction, condition: sa.ColumnElement[bool]) -> Spent:
    def add(what: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        # as a float: SQLite's sum of integers is an error beyond 63 bits
        return sa.func.coalesce(sa.func.sum(sa.cast(what, sa.Float)), 0.0)

    row = tx.execute(
        sa.select(
            add(table.c.nominal_minutes),
            add(table.c.input_tokens),
            add(table.c.output_tokens),
            add(table.c.money_usd),
            add(sa.case((table.c.kind == "run", 1), else_=0)),
        ).where(condition)
    ).one()
    return Spent(float(row[0]), int(row[1]), int(row[2]), float(row[3]), int(row[4]))
