"""How a session ends: the lab's reasons in the lab's codes, and what its model is told of them."""

from __future__ import annotations

from typing import Any

from aar.database.progress import EndReason

_OVER = {
    "time": "The time of this study is over.",
    "submissions": "Your submissions are used up.",
    "usd": "The money for your model is spent.",
    "tokens": "The tokens for your model are used up.",
    "stopped": "The person who runs the lab has stopped you.",
}
_OWN_HOURS_OVER = "The hours that you may work are used up."
_MONEY = ("usd", "tokens")
_USED_UP = {
    ("usd", "researcher"): "its money is spent",
    ("usd", "study"): "the study's money is spent",
    ("tokens", "researcher"): "its tokens are used up",
    ("tokens", "study"): "the study's tokens are used up",
    ("time", "researcher"): "its hours are used up",
}
_TOO_SOON = {
    EndReason.REFUSALS: "its model declined",
    EndReason.CONTEXT: "its conversation does not fit into its model",
    EndReason.MESSAGE_LIMIT: "it reached the limit of messages",
    EndReason.OWN_STOP: "its model stopped by itself",
}
"""Ends that only the session knows of, for the person who runs the lab."""
LAST = "Post what others should know, bring your notebook up to date, and stop calling tools."
TAKES_NO_MORE = "The lab takes no further submissions."


def over(me: dict[str, Any]) -> bool:
    """True if the session should stop: the lab says so, and no own submission still waits for its verdict.

    One whose own hours are over waits for none: what is left of them is for its last turns. Nor does one that a person
    stopped: each further turn would be paid against their word.
    """
    waiting = any(submission.get("status") == "pending" for submission in me.get("submissions", []))
    at_once = _own_hours_over(me) or me.get("stop_reason") == "stopped"
    return bool(me.get("stop")) and (not waiting or at_once)


def _own_hours_over(me: dict[str, Any]) -> bool:
    return me.get("stop_reason") == "time" and me.get("stop_of") == "researcher"


def reason(me: dict[str, Any]) -> EndReason:
    """The reason of a session that the lab ends."""
    spent = me.get("stop_reason") in _MONEY or _own_hours_over(me)
    return EndReason.BUDGET if spent else EndReason.LAB_OVER


def too_soon(reason: EndReason, detail: str) -> str:
    """What a person is told of a session that ended before the lab was over.

    >>> too_soon(EndReason.MESSAGE_LIMIT, "20000 messages")
    'the session ended too soon, it reached the limit of messages: 20000 messages'
    """
    why = f"the session ended too soon, {_TOO_SOON.get(reason, str(reason))}"
    return f"{why}: {detail}" if detail else why


def why(me: dict[str, Any]) -> str:
    """Which budget ended a session, for the person who runs the lab; nothing where none did.

    >>> why({"stop_reason": "time", "stop_of": "researcher"})
    'its hours are used up'
    """
    return _USED_UP.get((str(me.get("stop_reason")), str(me.get("stop_of"))), "")


def last_words(me: dict[str, Any]) -> str:
    """What a model is told when the lab is over for it.

    >>> last_words({"stop_reason": "submissions"}).split(". ")[0]
    'Your submissions are used up'
    """
    why = _OWN_HOURS_OVER if _own_hours_over(me) else _OVER.get(str(me.get("stop_reason")))
    return " ".join(part for part in (why, TAKES_NO_MORE, LAST) if part)


def spending_words(me: dict[str, Any], turns: int) -> str:
    """What a model is told when about so many turns are left of its budget."""
    spending = me.get("spending", {})
    left = []
    if spending.get("usd_left") is not None:
        left.append(f"{float(spending['usd_left']):.2f} US dollars")
    if spending.get("tokens_left") is not None:
        left.append(f"{int(spending['tokens_left'])} tokens")
    return f"The budget for your model is nearly spent: {' and '.join(left)} are left, about {turns} turns. {LAST}"
