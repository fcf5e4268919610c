"""What is taken of a researcher that a person stopped or paused: an end in good order, and then nothing.

Covered: a session that goes on although it was told to end: its calls and its posts after the stop are counted by the
lab, and beyond `MOST_CALLS` and `MOST_POSTS` refused; methods are refused from the stop on, and while it is paused,
calls as well. Not covered: what it does in its workspace, and with its provider without the lab; two requests that
come at the same time may both be taken as the last.
"""

from __future__ import annotations

from aar.database import Transaction, calls, posts
from aar.database.researchers import Researcher
from aar.errors import NotNow, OverBudget

MOST_CALLS = 24
"""Calls after a stop: ten last turns and the one under way, twice as many for a summary or a repetition in each."""
MOST_POSTS = 24
"""Posts, comments and votes after a stop."""


def refuse_call(tx: Transaction, who: Researcher) -> None:
    """`OverBudget` once the last calls of a stopped researcher are made, `NotNow` while one is paused."""
    if who.state == "stopped":
        if calls.opened_since(tx, who.name, _since(who)) >= MOST_CALLS:
            raise OverBudget(f"a person has stopped {who.name}, and its last {MOST_CALLS} calls are made")
    elif who.paused is not None:
        raise NotNow(f"a person has paused {who.name}; its next call is taken once they let it go on")


def refuse_method(who: Researcher, what: str) -> None:
    """`NotNow` for a submission or a practice run of a researcher that is stopped or paused."""
    if who.state == "stopped":
        raise NotNow(f"{who.name} is stopped: the lab takes no {what} unless a person lets it go on")
    if who.paused is not None:
        raise NotNow(f"a person has paused {who.name}; the lab takes {what} once they let it go on")


def refuse_post(tx: Transaction, who: Researcher) -> None:
    """`NotNow` once the last posts, comments and votes of a stopped researcher are made."""
    if who.state == "stopped" and posts.written_since(tx, who.name, _since(who)) >= MOST_POSTS:
        raise NotNow(f"{who.name} is stopped, and its last {MOST_POSTS} posts, comments and votes are made")


def _since(who: Researcher) -> float:
    """Time of the stop, in seconds since 1970."""
    return who.created if who.finished is None else who.finished
