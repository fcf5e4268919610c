"""Charges, each recorded once: nominal minutes of runs, tokens and money of calls to language models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from aar.database import upsert
from aar.database.connection import Transaction
from aar.database.schema import charges as table
from aar.prices import Cost, Tokens


class ChargeKind(StrEnum):
    """What is paid."""

    RUN = "run"
    MODEL = "model"
    """A call to a language model, as its provider counted it."""
    LOST = "lost"
    """A call that was cut off, at its estimate."""
    CORRECTION = "correction"
    """Such an estimate taken back, with a minus: its provider's count is known by now, and is charged beside it."""


@dataclass(frozen=True)
class Charge:
    """One charge: for a run or for a call to a language model.

    Attributes:
        key: Key of the run or of the call.
        researcher: Researcher who pays.
        kind: What is paid.
        nominal_minutes: Nominal core-minutes of a run.
        input_tokens: Tokens read by the model and not from a cache.
        cache_read_tokens: Tokens read from a cache.
        cache_write_tokens: Tokens read and written into a cache.
        output_tokens: Tokens written by the model, with its reasoning.
        reasoning_tokens: Tokens of its reasoning.
        weighted_tokens: Tokens by their prices (docs/definitions.md).
        nano_usd: Price in billionths of a US dollar.
        at: Time of the charge, in seconds since 1970.
    """

    key: str
    researcher: str
    kind: ChargeKind
    nominal_minutes: float
    input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    weighted_tokens: int
    nano_usd: int
    at: float

    @property
    def tokens(self) -> Tokens:
        """Tokens of a call."""
        return Tokens(
            self.input_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.output_tokens,
            self.reasoning_tokens,
        )

    @property
    def cost(self) -> Cost:
        """Cost of a call."""
        return Cost(self.nano_usd, self.weighted_tokens)


@dataclass(frozen=True)
class RunCosts:
    """The sum of charges for runs: nominal core-minutes, and the number of runs."""

    nominal_minutes: float
    runs: int


def insert(tx: Transaction, charge: Charge) -> bool:
    """Add a row, False where the key is paid already; call `aar.ledger.record_charge`."""
    values = dict(vars(charge))
    return upsert.add(tx, table, {"key": values.pop("key")}, {**values, "kind": charge.kind.value})


def all(tx: Transaction) -> list[Charge]:
    """Every charge in the order it was made."""
    return [_charge(row) for row in tx.execute(sa.select(table).order_by(table.c.at, table.c.key))]


def of_researcher(tx: Transaction, researcher: str) -> RunCosts:
    """Sum of the charges for a researcher's runs."""
    return _sum(tx, table.c.researcher == researcher)


def number_of_runs(tx: Transaction) -> int:
    """Number of runs that were paid."""
    return _sum(tx, sa.true()).runs


def of_runs(tx: Transaction, keys: Sequence[str]) -> RunCosts:
    """Sum of the charges of these runs."""
    return _sum(tx, table.c.key.in_(keys))


def _sum(tx: Transaction, condition: sa.ColumnElement[bool]) -> RunCosts:
    minutes = sa.func.coalesce(sa.func.sum(table.c.nominal_minutes), 0.0)
    paid = sa.select(minutes, sa.func.count()).where(condition, table.c.kind == ChargeKind.RUN.value)
    row = tx.execute(paid).one()
    return RunCosts(float(row[0]), int(row[1]))


def _charge(row: sa.Row[Any]) -> Charge:
    return Charge(**{**row._mapping, "kind": ChargeKind(row.kind)})
