"""What the lab does with code that it knows already: it is not run twice, unless a run of it was lost.

Covered: the same code from its author or from another, code whose runs were cancelled, a loss at any stage,
code that is lost each time. Not covered: code that differs in a comment, which is other code.
"""

from __future__ import annotations

from aar import ledger
from aar.database import Transaction, researchers, runs, submissions
from aar.database.submissions import LOST, Submission
from aar.errors import BadRequest

MOST_TIMES = 3
"""How often the same code is taken in: one whose runs are always lost may be what loses them."""


def refuse_known(tx: Transaction, researcher: str, code_hash: str) -> None:
    """`BadRequest` for code that has had its chance; the lab and people may repeat what has ended."""
    same = submissions.all(tx, code_hash=code_hash)
    if same and researcher not in (researchers.LAB, *researchers.OPERATORS):
        last = same[-1]
        if last.reply != LOST or last.researcher != researcher:
            raise BadRequest(
                f"this very code is {same[0].id} already, {same[0].status}: a second try of the same code is not a "
                "second chance; change it, or build on it"
            )
        if len(same) >= MOST_TIMES:
            raise BadRequest(f"runs of this very code were lost {len(same)} times; change it")
    ended = {run.state for run in runs.all(tx, code_hash=code_hash) if run.split != "practice"}
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
