"""Running sums of each researcher's calls, so that a budget is checked in no time however many calls there were.

`aar.ledger.record_charge` adds to them in the transaction of each charge, and the ledger's check compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from aar.database import upsert
from aar.database.charges import Charge, ChargeKind
from aar.database.connection import Transaction
from aar.database.schema import spending as table
from aar.prices import dollars


@dataclass(frozen=True)
class Spending:
    """Sums over calls to language models. They are exact.

    Attributes:
        calls: Number of calls that are paid.
        input_tokens: Tokens read and not from a cache.
        cache_read_tokens: Tokens read from a cache.
        cache_write_tokens: Tokens read and written into a cache.
        output_tokens: Tokens written, with reasoning.
        reasoning_tokens: Tokens of reasoning.
        weighted_tokens: Tokens by their prices (docs/definitions.md).
        nano_usd: Price in billionths of a US dollar.
        lost_calls: Number of calls that were cut off, and of which the provider's count is not known.
        lost_nano_usd: The part of the price that is an estimate for these.
        context_tokens: Everything that the last call read; of several researchers the most.
    """

    calls: int = 0
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    weighted_tokens: int = 0
    nano_usd: int = 0
    lost_calls: int = 0
    lost_nano_usd: int = 0
    context_tokens: int = 0

    def __add__(self, other: Spending) -> Spending:
        sums = {name: getattr(self, name) + getattr(other, name) for name in _NAMES}
        return Spending(**{**sums, "context_tokens": max(self.context_tokens, other.context_tokens)})

    @property
    def read(self) -> int:
        """All tokens that were read."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def tokens(self) -> int:
        """All tokens that were read and written."""
        return self.read + self.output_tokens

    @property
    def usd(self) -> float:
        """Price in US dollars."""
        return dollars(self.nano_usd)

    @property
    def lost_usd(self) -> float:
        """The part of it that is an estimate, in US dollars."""
        return dollars(self.lost_nano_usd)


_NAMES = [field.name for field in fields(Spending)]


def of(tx: Transaction, researcher: str) -> Spending:
    """What a researcher has spent."""
    row = tx.execute(sa.select(table).where(table.c.researcher == researcher)).one_or_none()
    return Spending() if row is None else _spending(row)


def all(tx: Transaction) -> dict[str, Spending]:
    """What each researcher has spent that has called a model, by name."""
    return {row.researcher: _spending(row) for row in tx.execute(sa.select(table))}


def total(tx: Transaction) -> Spending:
    """What all have spent together."""
    return together(all(tx))


def together(sums: Mapping[str, Spending]) -> Spending:
    """The sum of these."""
    return sum(sums.values(), Spending())


def add(tx: Transaction, charge: Charge) -> None:
    """Add the charge of a call."""
    sums = of(tx, charge.researcher) + _of_charge(charge)
    upsert.put(tx, table, {"researcher": charge.researcher}, vars(sums))


def set_context(tx: Transaction, researcher: str, tokens: int) -> None:
    """Keep how much a researcher's last call has read; for the display."""
    tx.execute(table.update().where(table.c.researcher == researcher).values(context_tokens=tokens))


def of_charges(charges: Iterable[Charge]) -> dict[str, Spending]:
    """The sums of these charges by researcher, without the sizes of contexts, which no charge holds."""
    sums: dict[str, Spending] = defaultdict(Spending)
    for charge in charges:
        if charge.kind is not ChargeKind.RUN:
            sums[charge.researcher] += _of_charge(charge)
    return dict(sums)


def _of_charge(charge: Charge) -> Spending:
    sign = -1 if charge.kind is ChargeKind.CORRECTION else 1
    estimated = charge.kind in (ChargeKind.LOST, ChargeKind.CORRECTION)
    return Spending(
        calls=sign,
        **vars(charge.tokens),
        **vars(charge.cost),
        lost_calls=sign if estimated else 0,
        lost_nano_usd=charge.nano_usd if estimated else 0,
    )


def _spending(row: sa.Row[Any]) -> Spending:
    return Spending(**{name: value for name, value in row._mapping.items() if name != "researcher"})
