"""Next holder of the record: a verified submission that beats the holder, or an earlier holder after an overruling.

A holder whose status a person took away hands back to the last one before it that still counts. What a person
declares verified takes the record if it passes both tests against the present holder, as everything else does.

Covered: an overruling while the scorer runs, and one that it finds when it starts. Not covered: verdicts that fell
against a holder which was overruled afterwards stand; a person may overrule them too.
"""

from __future__ import annotations

from aar.database.researchers import Role
from aar.database.standing import Standing
from aar.database.submissions import Ended
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.ladder import judge_sealed, rounded
from aar.scoring.truth.parts import Rows
from aar.scoring.verdicts.decision import Decision


def standing_of(evidence: Evidence, holder: str, dev: Rows) -> Standing:
    """The standing with this holder, whose dev runs have correctness `dev`."""
    n = evidence.n("dev")
    return Standing(holder, rounded(evidence.items("dev").mean(dev), n=n), n)


def leads(evidence: Evidence, sealed: Rows, dev: Rows, holder: str, *, alpha: float) -> bool | None:
    """True if a verified submission takes the record from its holder: None while that one is not known.

    It has to pass the gate on dev and the test on sealed, at the level `alpha` of its own attempt.
    """
    gate = evidence.gate(dev, holder)
    against = evidence.rows(holder, "sealed")
    if gate is None or against is None:
        return None
    shared = [k for k in sealed if k in against]
    items = evidence.items("sealed")
    again = judge_sealed(
        items.tables(sealed, shared),
        items.tables(against, shared),
        items.clusters(shared),
        alpha=alpha,
        supervisors=evidence.supervisors("sealed", shared),
    )
    return gate.decision.accepted and again.verified


def succession(evidence: Evidence, standing: Standing) -> Decision | None:
    """The move of the record that an overruling asks for, if any."""
    board = evidence.board
    if not board.may_hold(standing.holder):
        before = next((held for held in reversed(board.holders) if board.may_hold(held.holder)), None)
        if before is not None:
            return Decision(standing=Standing(before.holder, before.record, evidence.n("dev")))
    return _promotion(evidence, standing)


def _promotion(evidence: Evidence, standing: Standing) -> Decision | None:
    for submission in evidence.board.submissions:
        verdict = evidence.board.verdict(submission, "sealed")
        declared = submission.status == "verified" and submission.ended is Ended.OVERRULED
        may_lead = submission.role not in (Role.BASELINE, Role.FRESH) and submission.id != standing.holder
        if verdict is None or not declared or not may_lead:
            continue
        dev, sealed = (evidence.outcome(submission, split).rows for split in ("dev", "sealed"))
        alpha = evidence.level(submission, verdict.figures.attempt or 1)
        if leads(evidence, sealed, dev, standing.holder, alpha=alpha):
            return Decision(standing=standing_of(evidence, submission.id, dev))
    return None
