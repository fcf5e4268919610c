"""Bounds that a run had reached when it ended: its time, and budgets of money, tokens and hours of work."""

from __future__ import annotations

from collections.abc import Sequence

from aar.database.progress import EndReason
from aar.reports.contents import Contents
from aar.reports.ending import Ending

BUDGETS = ("budget_usd", "budget_usd_each", "budget_tokens", "budget_tokens_each", "hours_each")
"""Settings that are budgets, in the order of the command line."""


def given(contents: Contents) -> dict[str, float]:
    """The budgets that the run has, by the name of their setting."""
    found = {name: contents.settings.get(name) for name in BUDGETS}
    return {name: number for name, number in found.items() if isinstance(number, (int, float))}


def spent(contents: Contents) -> list[str]:
    """Budgets that are used up; one of each researcher, where it is of anybody."""
    return [name for name, number in given(contents).items() if _used(contents, name, number)]


def time_up(contents: Contents) -> bool:
    """True if the run's time was over, whatever else was."""
    minutes = contents.settings.get("minutes")
    over = isinstance(minutes, (int, float)) and contents.seconds >= 60 * minutes
    return over or contents.ending is Ending.TIME


def reached(contents: Contents) -> str:
    """What ended a run that a bound ended, as a sentence begins: "The time was up"."""
    time = ["the time"] if time_up(contents) else []
    used = ", ".join(_words(name, given(contents)[name]) for name in spent(contents))
    if not used and contents.ending is Ending.BUDGET:
        used = "the budget"
    if not used:
        return "The time was up"
    parts = [*(["The time was up"] if time else []), f"{used} was used up"]
    text = " and ".join(parts)
    return text[0].upper() + text[1:]


def more(names: Sequence[str], contents: Contents) -> str:
    """Options that double these budgets, each after a space."""
    numbers = given(contents)
    return "".join(f" --{name.replace('_', '-')} +{_short(numbers[name])}" for name in names)


def _used(contents: Contents, name: str, number: float) -> bool:
    team = contents.researchers
    match name:
        case "budget_usd":
            return contents.spent.usd >= number
        case "budget_tokens":
            return contents.spent.weighted_tokens >= number
        case "budget_usd_each":
            return any(one.spent.usd >= number for one in team)
        case "budget_tokens_each":
            return any(one.spent.weighted_tokens >= number for one in team)
    # a tenth of its hours, at most, is for last turns
    return any(one.row.reason is EndReason.BUDGET and one.hours >= 0.9 * number - 1e-9 for one in team)


def _words(name: str, number: float) -> str:
    whose = "a researcher's" if name.endswith("_each") else "the"
    if name == "hours_each":
        return f"{whose} time of {_short(number)} h"
    amount = f"${number:,.2f}" if "usd" in name else f"{number:,.0f} tokens"
    return f"{whose} budget of {amount}"


def _short(number: float) -> str:
    return str(int(number) if number == int(number) else number)
