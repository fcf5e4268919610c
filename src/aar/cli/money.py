"""Words of the terminal about models: what their calls cost, what is left, and why a provider does not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aar.cli.wording import State, plain, state_of
from aar.durations import duration
from aar.reports.words import ENDED, ENOUGH, TROUBLE

URGENT_SECONDS = 60.0
"""Trouble that passes by itself is red from then on; a provider that is busy for a moment is no news."""
MOST_NAMED = 4


def dollars(usd: float) -> str:
    """An amount as short as it may be in a table.

    >>> dollars(0.5), dollars(1234.56), dollars(123456.0)
    ('$0.50', '$1234.56', '$123k')
    """
    return f"${usd:.2f}" if usd < 10_000 else f"${thousands(usd)}"


def thousands(number: float) -> str:
    """A large number in three digits.

    >>> thousands(950), thousands(61_100), thousands(1_234_567), thousands(5e9)
    ('950', '61k', '1.2M', '5G')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            scaled = number / size
            return (
                f"{scaled:.1f}{letter}" if scaled < 10 and round(scaled, 1) % 1 else f"{scaled:.0f}{letter}"
            )
    return f"{number:.0f}"


def cost(row: Mapping[str, Any]) -> str:
    """What a researcher's calls have cost."""
    return dollars((row.get("money") or {}).get("usd", 0.0))


def context(row: Mapping[str, Any]) -> str:
    """How much a researcher's last call read; nothing before the first."""
    return thousands(row["context_tokens"]) if row.get("context_tokens") else ""


def worked(row: Mapping[str, Any]) -> str:
    """How much of its hours a researcher has worked; nothing without such a bound.

    >>> worked({"worked_seconds": 9000.0, "work_seconds": 18000.0})
    '2.5 of 5 h'
    """
    most = row.get("work_seconds")
    return f"{row.get('worked_seconds', 0.0) / 3600:.1f} of {most / 3600:.3g} h" if most else ""


def has_calls(rows: Sequence[Mapping[str, Any]]) -> bool:
    """True if any of the researchers has called a model that is counted."""
    return any((row.get("money") or {}).get("tokens") for row in rows)


def spent(status: Mapping[str, Any]) -> str:
    """What the study has spent, and of how much; nothing where no model is called.

    >>> spent({"spending": {"usd": 3.2, "usd_budget": 50.0, "tokens": 9, "weighted_tokens": 7, "tokens_budget": None}})
    '$3.20 of $50.00 spent'
    """
    money = status.get("spending") or {}
    usd, budget = money.get("usd", 0.0), money.get("usd_budget")
    pieces = []
    if usd or budget is not None:
        pieces.append(dollars(usd) + (f" of {dollars(budget)}" if budget is not None else "") + " spent")
    if (most := money.get("tokens_budget")) is not None:
        pieces.append(f"{thousands(money['weighted_tokens'])} of {thousands(most)} weighted tokens")
    elif money.get("tokens") and not pieces:
        pieces.append(f"{thousands(money['tokens'])} tokens")
    if pieces and money.get("lost_calls"):
        pieces.append(f"about {dollars(money['lost_usd'])} of it in calls cut off")
    return ", ".join(pieces)


def nearly_spent(status: Mapping[str, Any]) -> bool:
    """True if less than a tenth of a budget of the study is left."""
    money = status.get("spending") or {}
    pairs = (("usd_left", "usd_budget"), ("tokens_left", "tokens_budget"))
    return any(money.get(of) is not None and money[left] < money[of] / 10 for left, of in pairs)


def urgent(trouble: Mapping[str, Any]) -> bool:
    """True if somebody should look at it: it does not pass by itself, or has not for long."""
    return bool(trouble["permanent"]) or trouble["seconds"] >= URGENT_SECONDS


def trouble_words(trouble: Mapping[str, Any]) -> str:
    """Why a provider does not answer, since when, and what it said.

    >>> trouble_words({"kind": "no_credit", "seconds": 720.0, "permanent": True, "detail": "too low"})
    'no credit for 12 min: too low'
    """
    words = TROUBLE.get(trouble["kind"], TROUBLE["other"])
    detail = plain(trouble.get("detail") or "")
    return f"{words} for {duration(trouble['seconds'])}" + (f": {detail}" if detail else "")


def in_trouble(researchers: Sequence[Mapping[str, Any]]) -> list[tuple[str, bool]]:
    """A line for each kind of trouble, with who has it, and whether it is urgent; the urgent first."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for row in researchers:
        if state_of(row) is State.TROUBLE:
            kinds.setdefault(row["trouble"]["kind"], []).append(row)
    lines = []
    for rows in kinds.values():
        longest = max((row["trouble"] for row in rows), key=lambda trouble: float(trouble["seconds"]))
        names = " and ".join(plain(row["name"]) for row in rows)
        who = names if len(rows) <= MOST_NAMED else f"{len(rows)} researchers"
        lines.append((f"{who}: {trouble_words(longest)}", any(urgent(row["trouble"]) for row in rows)))
    return sorted(lines, key=lambda line: not line[1])


def doing(row: Mapping[str, Any], state: State) -> str:
    """Detail of what a researcher does, or why it does nothing."""
    if state is State.TROUBLE:
        return trouble_words(row["trouble"])
    if state in (State.ENDED, State.RESTING) and row.get("reason"):
        detail = plain(row.get("detail") or "")
        return ENDED.get(str(row["reason"]), "ended too soon") + (f": {detail}" if detail else "")
    if state in (State.FINISHED, State.STOPPED) and row.get("reason") in ENOUGH:
        return plain(row.get("detail") or "") or ENOUGH[str(row["reason"])]
    # what it did last is no news of one that does nothing now
    return plain(row.get("text") or "") if state.at_work else ""
