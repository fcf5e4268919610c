"""Treatment of code that was submitted before: it is not run twice, unless a run of it was lost.

Covered: the same code from its author or from another (the scorer answers it as before), code whose runs were
cancelled, a loss at any stage, code that is lost each time. Not covered: code that differs in a comment, which is
other code.
"""

from __future__ import annotations

from collections.abc import Sequence

from aar import ledger
from aar.database import Transaction, runs, submissions
from aar.database.submissions import Ended, Submission
from aar.errors import BadRequest
from w2s.records import SplitName

MOST_TIMES = 3
"""Limit of submissions of the same code: code whose runs are always lost may be their cause."""


def is_answered(same: Sequence[Submission]) -> bool:
    """True if code that was submitted as `same`, in this order, gets their reply and is not run again."""
    return bool(same) and same[-1].ended is not Ended.LOST


def refuse_ended(tx: Transaction, same: Sequence[Submission], *, decisive: Sequence[SplitName]) -> None:
    """`BadRequest` for code whose runs on a decisive split were cancelled, or that was lost time and again."""
    if not same:
        return
    if sum(submission.ended is Ended.LOST for submission in same) >= MOST_TIMES:
        raise BadRequest(f"runs of this very code were lost {MOST_TIMES} times; change it")
    made = [run for run in runs.all(tx, code_hash=same[0].code_hash) if run.split in decisive]
    # those with another's seeds too: a would-be record waits for them
    ended = {run.state for run in made if run.plain or (run.seeds_of and run.state == "cancelled")}
    if "cancelled" in ended and "failed" not in ended:
        raise BadRequest(
            f"the runs of this very code were cancelled as {same[0].id}, and a run ends only once; change the code, "
            "if only a comment"
        )


def again(tx: Transaction, key: str, submission: Submission, *, priority: runs.Priority) -> bool:
    """Queue a run anew that was lost for an earlier submission of the same code; whether it was."""
    run = runs.find(tx, key)
    if run is None or run.state != "lost" or run.submission is None:
        return False
    if submissions.get(tx, run.submission).number >= submission.number:
        return False
    return ledger.record_again(
        tx, key, submission=submission.id, researcher=submission.researcher, priority=priority
    )
