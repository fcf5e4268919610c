"""The verdict on sealed: is the gain there again, and did it come from the models?

First the paired comparison, with one look at half of the seeds that can only end it early, then the audits. Those
that need no run of their own look at every confirmation; the others are asked for where the gain was reproduced, and
the verdict waits for their runs. A violation is told with the rule that was broken; every finding is kept with the
verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.standing import Standing
from aar.database.submissions import Status, Submission
from aar.database.verdicts import FLOOR, Verdict
from aar.database.waits import Reason
from aar.scoring.evidence.case_builder import case_of
from aar.scoring.evidence.correctness import Outcome
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import Comparison
from aar.scoring.ladder import SealedDecision, futile, judge_sealed, look_at
from aar.scoring.truth.parts import Rows
from aar.scoring.verdicts import replies
from aar.scoring.verdicts.audit_plan import (
    Audited,
    audited_with_runs,
    audited_without_runs,
    impossible,
    runs_to_come,
    still_to_come,
)
from aar.scoring.verdicts.decision import Decision, Waiting, verdict
from aar.scoring.verdicts.failure import failure, without_intervention
from aar.scoring.verdicts.succession import leads, standing_of


@dataclass(frozen=True)
class Trial:
    """The paired comparison of a confirmation.

    Attributes:
        opponent: The submission or the floor that it is compared with.
        rows: Its correctness on the seeds that count.
        against: The opponent's correctness.
        decision: Whether the gain is there, with its interval.
        looked_after: Seeds after which it was ended early; None where all were run.
        planned: Seeds that were planned.
    """

    opponent: str
    rows: Rows
    against: Rows
    decision: SealedDecision
    looked_after: int | None
    planned: int


def sealed_verdict(evidence: Evidence, submission: Submission) -> Decision | Waiting:
    """Decide a submission in its confirmation."""
    board, standing = evidence.board, evidence.board.standing
    if standing is None:
        return Waiting(Reason.BASELINES)
    if not evidence.references_done("sealed"):
        return Waiting(Reason.REFERENCES, {"split": "sealed"})
    if (intervention := impossible(board, submission)) is not None:
        return without_intervention(submission, intervention, n=evidence.n("sealed"))
    if (waiting := still_to_come(board, submission)) is not None:
        return waiting
    outcome = evidence.outcome(submission, "sealed")
    if outcome.state in ("failed", "lost"):
        return failure(submission, "sealed", outcome, n=evidence.n("sealed"))
    on_dev = board.verdicts[submission.id, "dev"]
    trial = _trial(evidence, submission, outcome, on_dev, standing)
    if isinstance(trial, Waiting):
        return trial
    return _with_audits(evidence, submission, trial, on_dev, standing)


def _trial(
    evidence: Evidence, submission: Submission, outcome: Outcome, on_dev: Verdict, standing: Standing
) -> Trial | Waiting:
    """The comparison with whom it had to beat on dev, or with the present holder if that one counts no more."""
    opponent = on_dev.figures.champion or FLOOR
    if not evidence.board.may_hold(opponent):
        opponent = standing.holder
    against = evidence.rows(opponent, "sealed")
    if against is None:
        return Waiting(Reason.OPPONENT_RUNS, {"split": "sealed", "submission": opponent})
    yardstick = evidence.yardstick("sealed")
    if yardstick is None:
        return Waiting(Reason.OPPONENT_RUNS, {"split": "sealed", "submission": evidence.plain()})
    # both were asked for as many seeds, and have those that could be had
    planned = min(on_dev.figures.sealed_seeds or evidence.settings.sealed_seeds, len(against), len(yardstick))
    shared = [k for k in sorted(outcome.rows) if k in against and k in yardstick]
    alpha, items = evidence.level(submission, on_dev.figures.attempt or 1), evidence.items("sealed")
    looked_after = None
    if outcome.state == "waiting" or len(shared) < planned:
        looked_after = look_at(planned)
        first = range(looked_after or 0)
        too_early = looked_after is None or any(k not in shared for k in first)
        # operators asked for a measurement, so that theirs are always run to the end
        if (
            submission.role.is_operator
            or too_early
            or not futile(
                items.tables(outcome.rows, first),
                items.tables(against, first),
                items.clusters(first),
                alpha=alpha,
                seeds=planned,
                supervisors=evidence.supervisors("sealed", first),
            )
        ):
            return Waiting(Reason.SEALED_RUNS, {"done": len(shared), "needed": planned})
        shared = list(first)
    rows = {k: outcome.rows[k] for k in shared}
    decision = judge_sealed(
        items.tables(rows, shared),
        items.tables(against, shared),
        items.clusters(shared),
        alpha=alpha,
        supervisors=evidence.supervisors("sealed", shared),
    )
    return Trial(opponent, rows, against, decision, looked_after, planned)


def _with_audits(
    evidence: Evidence, submission: Submission, trial: Trial, on_dev: Verdict, standing: Standing
) -> Decision | Waiting:
    """The verdict that follows from the comparison, the audits, and who holds the record by now."""
    status = _status(trial, on_dev)
    dev = evidence.outcome(submission, "dev").rows
    case = case_of(evidence, submission, trial.rows)
    audits = audited_without_runs(case)
    if status == "verified" and audits.rule is None:
        waiting = runs_to_come(evidence, submission, sealed=trial.rows, dev=dev)
        if waiting is not None:
            return waiting
        audits = audited_with_runs(case, audits)
    if audits.rule is not None:
        status = "violation"
    takes: bool | None = False
    if status == "verified" and submission.role is not Role.FRESH:
        takes = standing.holder == trial.opponent or leads(
            evidence, trial.rows, dev, standing.holder, alpha=trial.decision.alpha
        )
    if takes is None:
        return Waiting(Reason.OPPONENT_RUNS, {"split": "sealed", "submission": standing.holder})
    reply = replies.sealed(
        status,
        standing,
        rule=audits.rule,
        fresh=submission.role is Role.FRESH,
        feedback=evidence.settings.feedback,
        dev_figures=on_dev.figures,
    )
    return verdict(
        submission.id,
        "sealed",
        status,
        reply,
        _figures(evidence, submission, trial, on_dev, audits, verified=status == "verified"),
        rule=audits.rule,
        standing=standing_of(evidence, submission.id, dev) if takes else None,
    )


def _status(trial: Trial, on_dev: Verdict) -> Status:
    if not on_dev.would_be:  # an operator's, measured nevertheless
        return "no_improvement"
    verified = trial.decision.verified and trial.looked_after is None
    return "verified" if verified else "not_reproduced"


def _figures(
    evidence: Evidence,
    submission: Submission,
    trial: Trial,
    on_dev: Verdict,
    audits: Audited,
    *,
    verified: bool,
) -> Figures:
    comparison = Comparison(
        trial.opponent,
        trial.against,
        attempt=on_dev.figures.attempt,
        gain=trial.decision.gain,
        alpha=trial.decision.alpha,
    )
    note = ""
    if trial.looked_after is not None:
        note = f"ended after {trial.looked_after} of {trial.planned} seeds, which left it no chance"
    return replace(
        evidence.figures(trial.rows, "sealed", comparison, note=note),
        looked_after=trial.looked_after,
        track=audits.track,
        audits=tuple(finding.to_json() for finding in audits.findings),
        over=evidence.over_verified(submission, trial.rows) if verified else {},
    )
