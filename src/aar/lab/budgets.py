"""Budgets of money and tokens: what is left of a researcher's and of the study's, and which of them stops whom."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from aar.database import Transaction, spending
from aar.database.spending import Spending
from aar.errors import BudgetKind, BudgetOf, OverBudget
from aar.lab.view import View
from aar.prices import dollars, nano
from aar.settings import Settings


class Spent(View):
    """What a researcher's calls cost, and what is left of its own budget or the study's, whichever is less."""

    usd: float
    usd_left: float | None
    """In US dollars; null without a bound."""
    tokens: int
    """Weighted by their prices: as the budget counts them."""
    tokens_left: int | None
    """Null without a bound."""


@dataclass(frozen=True)
class Bound:
    """One budget and what is used of it: nano-dollars or weighted tokens."""

    kind: BudgetKind
    whose: BudgetOf
    budget: int
    used: int

    @property
    def left(self) -> int:
        """Never below zero."""
        return max(0, self.budget - self.used)

    def refusal(self) -> OverBudget:
        """The error that a call beyond this budget is declined with."""
        whose = "this researcher's budget" if self.whose is BudgetOf.RESEARCHER else "the study's budget"
        amount = f"${dollars(self.budget):,.2f}" if self.kind is BudgetKind.USD else f"{self.budget:,} tokens"
        return OverBudget(f"{whose} of {amount} is spent", budget=self.kind, whose=self.whose)


def bounds(settings: Settings, own: Spending, study: Spending) -> list[Bound]:
    """Every budget that binds a researcher who has spent `own` in a study that has spent `study`."""
    found = []
    for whose, sums, usd, tokens in (
        (BudgetOf.RESEARCHER, own, settings.budget_usd_each, settings.budget_tokens_each),
        (BudgetOf.STUDY, study, settings.budget_usd, settings.budget_tokens),
    ):
        if usd is not None:
            found.append(Bound(BudgetKind.USD, whose, nano(usd), sums.nano_usd))
        if tokens is not None:
            found.append(Bound(BudgetKind.TOKENS, whose, tokens, sums.weighted_tokens))
    return found


def used_up(settings: Settings, own: Spending, study: Spending) -> Bound | None:
    """The budget that is spent and stops a researcher; None where it may go on."""
    return next((bound for bound in bounds(settings, own, study) if not bound.left), None)


def spent(settings: Settings, own: Spending, study: Spending) -> Spent:
    """What a researcher is told of its money."""
    binding = bounds(settings, own, study)
    left: Mapping[BudgetKind, int | None] = {
        kind: min((bound.left for bound in binding if bound.kind is kind), default=None)
        for kind in (BudgetKind.USD, BudgetKind.TOKENS)
    }
    usd_left = left[BudgetKind.USD]
    return Spent(
        usd=own.usd,
        usd_left=None if usd_left is None else dollars(usd_left),
        tokens=own.weighted_tokens,
        tokens_left=left[BudgetKind.TOKENS],
    )


def of_study(settings: Settings) -> Settings:
    """The settings without the budgets of each researcher."""
    return dataclasses.replace(settings, budget_usd_each=None, budget_tokens_each=None)


def of_researcher(tx: Transaction, settings: Settings, name: str) -> tuple[Spending, Spending]:
    """What a researcher and what the study has spent; the study's is not looked up where nothing bounds it."""
    bounded = settings.budget_usd is not None or settings.budget_tokens is not None
    return spending.of(tx, name), spending.total(tx) if bounded else Spending()
