"""The verdict on dev: is a submission a would-be record, nothing new, or the same as one before?"""

from __future__ import annotations

from dataclasses import replace

from aar.database.researchers import Role
from aar.database.submissions import Status, Submission
from aar.database.waits import Reason
from aar.scoring.evidence.correctness import Outcome
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import Comparison
from aar.scoring.verdicts import replies
from aar.scoring.verdicts.decision import Decision, Waiting, verdict
from aar.scoring.verdicts.duplicates import near, recomputed, repetition, same_code
from aar.scoring.verdicts.failure import failure


def dev_verdict(evidence: Evidence, submission: Submission) -> Decision | Waiting:
    """Decide a submission on dev against the holder of the record; an operator's goes on to sealed in any case."""
    first = same_code(evidence.board, submission)
    if first is not None:
        return repetition(evidence, submission, first, identical=True)
    outcome = evidence.outcome(submission, "dev")
    if outcome.state == "waiting":
        needed = evidence.needed(submission, "dev")
        return Waiting(Reason.DEV_RUNS, {"done": len(outcome.rows), "needed": needed})
    if outcome.state != "complete":
        return failure(submission, "dev", outcome, n=evidence.n("dev"))
    if evidence.board.standing is None:
        return Waiting(Reason.BASELINES)
    earlier = None if submission.role.is_operator else near(evidence, submission, outcome.rows)
    if earlier is not None:
        return repetition(evidence, submission, earlier)
    return _at_the_gate(evidence, submission, outcome)


def _at_the_gate(evidence: Evidence, submission: Submission, outcome: Outcome) -> Decision | Waiting:
    standing = evidence.board.standing
    assert standing is not None
    operator, fresh = submission.role.is_operator, submission.role is Role.FRESH
    holder = evidence.plain() if fresh else standing.holder
    gate = evidence.gate(outcome.rows, holder, candidate=None if operator else submission)
    if gate is None:
        return Waiting(Reason.OPPONENT_RUNS, {"split": "dev", "submission": holder})
    would_be = gate.decision.accepted
    if would_be and not operator:
        twin = recomputed(evidence, submission)
        if isinstance(twin, Waiting):
            return twin
        if twin is not None:
            return repetition(evidence, submission, twin, compared=holder)
    goes_on = would_be or operator
    comparison = Comparison(holder, gate.against)
    if goes_on:  # what is measured only, because an operator asked, is no attempt
        attempt = 1 if fresh else 1 + sum(1 for _ in evidence.board.would_be_records(submission))
        seeds = evidence.sealed_seeds(submission, attempt)
        comparison = replace(comparison, attempt=attempt if would_be else None, sealed_seeds=seeds)
    figures = evidence.figures(outcome.rows, "dev", comparison)
    if not operator:
        figures = replace(figures, score=evidence.score(submission, outcome.rows))
    reply = replies.dev(
        standing, would_be=would_be, fresh=fresh, feedback=evidence.settings.feedback, figures=figures
    )
    status: Status = "pending" if goes_on else "no_improvement"
    return verdict(submission.id, "dev", status, reply, figures, would_be=would_be)
