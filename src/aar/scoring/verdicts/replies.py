"""A verdict as it is written, once, and the words that a researcher is told with it."""

from __future__ import annotations

from dataclasses import replace

from aar import ledger
from aar.database import Transaction
from aar.database.figures import Figures
from aar.database.submissions import Ended, Status, Submission
from aar.database.verdicts import VerdictStage
from aar.run_records import RunError
from aar.scoring.evidence.board import Board, Standing
from aar.scoring.evidence.correctness import Outcome

WOULD_BE = "a would-be record: being reproduced on fresh seeds and items"
VERIFIED = "the gain over {over} was reproduced on fresh seeds and items"
NOT_REPRODUCED = "the gain over {over} was not reproduced on fresh seeds and items"
RECORD, BY_ITSELF = "the record", "vanilla"
"""What a submission is held against: the Ladder's holder, or, where it is judged by itself, the plain baseline."""
LOST = "the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing"
DAMAGED = (
    "the lab's record of a run of this submission is damaged; the code is not blamed: tell the lab's operator"
)


def no_gain(ladder: Standing, *, fresh: bool = False) -> str:
    """The answer of the gate: the Ladder's, or that of what is judged by itself."""
    if fresh:
        return f"no significant improvement over {BY_ITSELF} on dev"
    return f"no significant improvement over {RECORD}, which has {ladder.text}"


def violation(rule: str) -> str:
    """Which rule was broken, and nothing about how that was found."""
    return f"broke a rule: {rule}"


def record(
    tx: Transaction,
    board: Board,
    one: Submission,
    stage: VerdictStage,
    status: Status,
    words: str,
    measured: Figures,
    *,
    rule: str | None = None,
    ended: Ended = Ended.DECIDED,
    would_be: bool = False,
) -> str | None:
    """Write a verdict with what it tells in bits; a line of words, None where it was decided at this stage before."""
    bits = board.account.price(one.id, stage=stage, status=status, rule=rule, figures=measured)
    measured = replace(measured, bits=bits)
    written = ledger.record_verdict(
        tx,
        one.id,
        stage=stage,
        status=status,
        reply=words,
        figures=measured,
        rule=rule,
        ended=ended,
        would_be=would_be,
    )
    return f"{one.id} on {stage}: {status}" if written else None


def fail(
    tx: Transaction, board: Board, one: Submission, stage: VerdictStage, outcome: Outcome, *, n: int
) -> str | None:
    """Write that the code broke, or that the lab lost a run of it; `n` items were to be scored."""
    words, rule, ended = LOST, None, Ended.LOST
    if outcome.culprit is not None and outcome.culprit.state == "done":
        words, ended = DAMAGED, Ended.DECIDED
    if outcome.state == "failed" and outcome.culprit is not None:
        error = outcome.culprit.end.error or RunError()
        place = f" in {error.file}" if error.file else ""
        place += f", line {error.line}" if error.line is not None else ""
        rule, ended = error.rule, Ended.DECIDED
        words = f"{error.type or 'the method failed'}{place}" + (f" ({rule})" if rule else "")
    nothing = Figures(seeds=0, n=n, note=f"run {outcome.state}")
    return record(tx, board, one, stage, "failed", words, nothing, rule=rule, ended=ended)
