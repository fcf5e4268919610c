"""Words of the terminal about a run: each researcher's activity, the time left, faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from aar.database.progress import EndReason
from aar.database.waits import Reason
from aar.durations import duration


class State(StrEnum):
    """The one word that says what a researcher is at."""

    ENDED = "ended"
    TROUBLE = "in trouble"
    RESTARTING = "restarting"
    NOT_STARTED = "not started"
    INVITED = "invited"
    FINISHED = "finished"
    STOPPED = "stopped"
    PAUSED = "paused"
    STARTING = "starting"
    THINKING = "thinking"
    READING = "reading"
    WRITING = "writing"
    COMPUTING = "computing"
    PRACTISING = "practising"
    SUBMITTING = "submitting"
    WAITING = "waiting"
    POSTING = "posting"
    RESTING = "resting"
    WORKING = "working"

    @property
    def at_work(self) -> bool:
        """True if the researcher's process is active, so that its activity can be shown."""
        return self not in (
            self.ENDED,
            self.TROUBLE,
            self.RESTARTING,
            self.NOT_STARTED,
            self.INVITED,
            self.FINISHED,
            self.STOPPED,
            self.PAUSED,
        )


PROCESS = {"ended": State.ENDED, "restarting": State.RESTARTING, "not started": State.NOT_STARTED}
OVER = {"finished": State.FINISHED, "stopped": State.STOPPED}
ACTIVITY = {state.value: state for state in State if state.at_work}
LOST_RUNS = 2
"""Runs that an engine loses in a row before anybody is told: one is tried again and often works."""


def state_of(researcher: Mapping[str, Any]) -> State:
    """State of a researcher: its process's state where that is news, then the lab's, else its activity.

    One that is done is not started again, which is no news; "ended" is a process that was given up, or a session that
    ended too soon.

    >>> state_of({"process": "restarting", "state": "working", "activity": "thinking"}).value
    'restarting'
    """
    process, state, reason = researcher.get("process"), researcher.get("state"), researcher.get("reason")
    if state in OVER and reason is not None and not EndReason(reason).regular:
        return State.ENDED
    if researcher.get("outside") and state == "waiting":
        return State.INVITED
    if process == "not started" and state in OVER:
        return OVER[state]
    if process in PROCESS:
        return PROCESS[process]
    if state in OVER:
        return OVER[state]
    if researcher.get("trouble"):
        return State.TROUBLE
    if researcher.get("paused"):
        return State.PAUSED
    if state == "resting":
        return State.RESTING
    return ACTIVITY.get(researcher.get("activity") or "", State.WORKING)


def status_words(submission: Mapping[str, Any]) -> str:
    """Words for a submission's status.

    >>> status_words({"status": "no_improvement"}), status_words({"status": "pending", "stage": "sealed"})
    ('no improvement', 'pending on sealed')
    """
    words = plain(submission["status"].replace("_", " "))
    stage = submission.get("stage", "done")
    if words != "pending" or stage == "done":
        return words
    wait = submission.get("waits")
    return f"{words} on {plain(stage)}" + (f": {wait_words(wait)}" if wait else "")


def decided(status: str, reply: str) -> str:
    """Words for a decision: the reply, and before it the status where the reply does not hold its words.

    >>> decided("no_improvement", "no significant improvement"), decided("failed", "ValueError in line 3")
    ('no significant improvement', 'failed: ValueError in line 3')
    """
    words = status.replace("_", " ")
    return reply if set(words.split()) <= set(reply.replace(":", " ").split()) else f"{words}: {reply}"


_WAITED_FOR: Mapping[str, str] = {
    Reason.DEV_RUNS: "runs on dev",
    Reason.SEALED_RUNS: "runs on sealed",
    Reason.REFERENCES: "floors and ceilings of {split}",
    Reason.BASELINES: "the baselines",
    Reason.OPPONENT_RUNS: "runs of {submission} on {split}",
    Reason.AUDIT_RUNS: "runs of the audits",
    Reason.DUPLICATE_RUNS: "runs with the seeds of {submission}",
    Reason.EARLIER_VERDICT: "the verdict on {submission}",
}


def wait_words(wait: Mapping[str, Any]) -> str:
    """Words for what a submission's verdict waits for.

    >>> wait_words({"reason": "audit_runs", "what": {"done": 3, "needed": 16}})
    'runs of the audits (3 of 16)'
    >>> wait_words({"reason": "earlier_verdict", "what": {"submission": "s4"}})
    'the verdict on s4'
    """
    what = {name: plain(str(value)) for name, value in wait["what"].items()}
    blank: Mapping[str, str] = {"submission": "another", "split": "its split"}
    words = _WAITED_FOR[Reason(wait["reason"])].format(**{**blank, **what})
    return words + (f" ({what['done']} of {what['needed']})" if "needed" in what else "")


def time_left(clock: Mapping[str, Any]) -> str:
    """Time that a run will still take, as coarse as people speak.

    >>> time_left({"seconds_left": 4790.0}), time_left({"seconds_left": 900.0, "bound_seconds_left": 720.0})
    ('about 1 h 20 min left', 'at most 12 min left')
    """
    seconds, bound = clock.get("seconds_left"), clock.get("bound_seconds_left")
    if seconds is None:
        return "estimating the time left"
    at_most = math.inf if bound is None else bound
    bounded = at_most < seconds
    seconds = min(seconds, at_most)
    if seconds < 60:
        return "under a minute left"
    step = 30 if seconds < 300 else 60 if seconds < 3600 else 300
    # "at most" stays true only if it is rounded upwards
    steps = math.ceil(seconds / step) if bounded else math.floor(seconds / step + 0.5)
    return f"{'at most' if bounded else 'about'} {duration(steps * step)} left"


def trouble(status: Mapping[str, Any]) -> str:
    """Fault of an engine that keeps losing runs; else nothing."""
    engine = (status.get("traffic") or {}).get("engine") or {}
    lost = engine.get("lost_in_a_row", 0)
    if lost < LOST_RUNS:
        return ""
    resumes = duration(engine["resumes_in_seconds"])
    return f"the engine lost {lost} runs in a row, next in {resumes}: {plain(engine['why'])}"


DISPUTED = (("\ufe00", "\ufe0f"), ("\U0001f1e6", "\U0001f1ff"), ("\U0001f3fb", "\U0001f3ff"))
"""Emoji's selectors, halves of flags and skin tones: how wide they make their neighbours, terminals disagree."""


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """One line of `text` without what moves a cursor, turns the reading direction, or has no width of its own.

    >>> plain("a\\x1b[31m\\nb\\u202ec")
    'a[31m bc'
    """
    if text.isascii() and text.isprintable():
        return text
    one_line = (" " if letter.isspace() else letter for letter in text)
    return "".join(letter for letter in one_line if letter.isprintable() and not _disputed(letter))


def _disputed(letter: str) -> bool:
    return any(first <= letter <= last for first, last in DISPUTED)
