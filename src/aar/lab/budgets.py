"""Budgets of money, tokens and hours: what is left of a researcher's and of the study's, and which one stops whom."""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from aar.database import Transaction, researchers, spending
from aar.database.spending import Spending
from aar.durations import duration
from aar.errors import BudgetKind, BudgetOf, OverBudget
from aar.lab.view import View
from aar.prices import Cost, dollars, nano
from aar.settings import Settings

LAST_SHARE = 0.1
LAST_SECONDS = 300.0
"""Of a researcher's hours a tenth, and at most so many seconds, is kept for its last turns."""


@dataclass(frozen=True)
class Used:
    """What a researcher has used: its calls to its model, and the seconds that it has worked."""

    spending: Spending = dataclasses.field(default_factory=Spending)
    seconds: float = 0.0


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
    """One budget and what is used of it: nano-dollars, weighted tokens, or milliseconds of work."""

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
        if self.kind is BudgetKind.TIME:
            message = f"this researcher has worked the {duration(self.budget / 1000)} that it may"
            return OverBudget(message, budget=self.kind, whose=self.whose)
        whose = "this researcher's budget" if self.whose is BudgetOf.RESEARCHER else "the study's budget"
        amount = f"${dollars(self.budget):,.2f}" if self.kind is BudgetKind.USD else f"{self.budget:,} tokens"
        return OverBudget(f"{whose} of {amount} is spent", budget=self.kind, whose=self.whose)


def last_seconds(hours: float) -> float:
    """Seconds of a researcher's hours that are kept for its last turns."""
    return min(LAST_SECONDS, LAST_SHARE * hours * 3600)


def research_seconds(hours: float) -> float:
    """Seconds that a researcher who may work so many hours works until nothing more is taken from it.

    >>> research_seconds(0.5), research_seconds(10.0)
    (1620.0, 35700.0)
    """
    return hours * 3600 - last_seconds(hours)


def bounds(settings: Settings, own: Used, study: Spending) -> list[Bound]:
    """Every budget that binds a researcher who has used `own` in a study that has spent `study`."""
    found = []
    for whose, sums, usd, tokens in (
        (BudgetOf.RESEARCHER, own.spending, settings.budget_usd_each, settings.budget_tokens_each),
        (BudgetOf.STUDY, study, settings.budget_usd, settings.budget_tokens),
    ):
        if usd is not None:
            found.append(Bound(BudgetKind.USD, whose, nano(usd), sums.nano_usd))
        if tokens is not None:
            found.append(Bound(BudgetKind.TOKENS, whose, tokens, sums.weighted_tokens))
    if settings.hours_each is not None:
        found.append(_hours(settings.hours_each * 3600, own))
    return found


def used_up(settings: Settings, own: Used, study: Spending) -> Bound | None:
    """The budget that is spent, so that no further call is allowed; None where one is."""
    return next((bound for bound in bounds(settings, own, study) if not bound.left), None)


def ends_research(settings: Settings, own: Used, study: Spending) -> Bound | None:
    """The budget that lets nothing more be taken from a researcher; of its hours last turns may be left."""
    if bound := used_up(settings, own, study):
        return bound
    if settings.hours_each is not None and own.seconds >= research_seconds(settings.hours_each):
        return _hours(settings.hours_each * 3600, own)
    return None


def research_seconds_left(settings: Settings, own: Used) -> float | None:
    """Seconds that a researcher works until nothing more is taken from it; None without a bound of its own."""
    return None if settings.hours_each is None else research_seconds(settings.hours_each) - own.seconds


def refusal_of_lost(settings: Settings, lost: Cost) -> OverBudget | None:
    """The error that declines a call where those of a researcher that nobody counted, `lost`, have used too much.

    That is an equal share of the study's budget: one whose calls are cut off again and again, or that claims so, must
    not use up what is the others'.
    """
    share = max(1, settings.researchers)
    if settings.budget_usd is not None and lost.nano_usd * share >= nano(settings.budget_usd):
        kind, amount = BudgetKind.USD, f"${dollars(lost.nano_usd):,.2f}"
    elif settings.budget_tokens is not None and lost.weighted_tokens * share >= settings.budget_tokens:
        kind, amount = BudgetKind.TOKENS, f"{lost.weighted_tokens:,} tokens"
    else:
        return None
    return OverBudget(
        f"calls of this researcher that were cut off count as {amount}, its share of the study's budget",
        budget=kind,
        whose=BudgetOf.RESEARCHER,
    )


def refuse_late(settings: Settings, own: Used, what: str) -> None:
    """`OverBudget` for a submission or a practice run once a researcher's own hours for research are over."""
    left = research_seconds_left(settings, own)
    if left is not None and left <= 0:
        raise OverBudget(
            f"your hours are used up, and with them the time for {what}; post what you found and stop",
            budget=BudgetKind.TIME,
            whose=BudgetOf.RESEARCHER,
        )


def spent(settings: Settings, own: Spending, study: Spending) -> Spent:
    """What a researcher is told of its money."""
    binding = bounds(settings, Used(own), study)
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
    return dataclasses.replace(settings, budget_usd_each=None, budget_tokens_each=None, hours_each=None)


def of_researcher(
    tx: Transaction, settings: Settings, who: researchers.Researcher, *, clock_s: float
) -> tuple[Used, Spending]:
    """What a researcher has used when the run's clock stands at `clock_s`, and what the study has spent.

    The study's is not looked up where nothing bounds it.
    """
    bounded = settings.budget_usd is not None or settings.budget_tokens is not None
    own = Used(spending.of(tx, who.name), who.worked_at(clock_s))
    return own, spending.total(tx) if bounded else Spending()


def _hours(seconds: float, own: Used) -> Bound:
    return Bound(BudgetKind.TIME, BudgetOf.RESEARCHER, round(seconds * 1000), int(own.seconds * 1000))
