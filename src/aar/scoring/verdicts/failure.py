"""The verdict on a submission whose runs cannot be judged: its code broke, or the lab lost one or cannot make it."""

from __future__ import annotations

from aar.database.figures import Figures
from aar.database.standing import Standing
from aar.database.submissions import Ended, Submission
from aar.database.verdicts import VerdictStage
from aar.scoring.evidence.correctness import Outcome
from aar.scoring.verdicts import replies
from aar.scoring.verdicts.decision import Decision, verdict


def failure(
    submission: Submission, stage: VerdictStage, outcome: Outcome, *, n: int, standing: Standing | None = None
) -> Decision:
    """The decision on an outcome that failed or was lost; `n` items were to be scored.

    Only what the lab lost may be handed in again: arrays that were damaged would be damaged the next time too.
    """
    culprit = outcome.culprit
    reply, ended = replies.LOST, Ended.LOST
    if outcome.state == "failed" and culprit is not None:
        reply, ended = replies.failed(culprit), Ended.DECIDED
    elif culprit is not None and culprit.state == "done":
        reply, ended = replies.DAMAGED, Ended.DECIDED
    figures = Figures(seeds=0, n=n, note=f"run {outcome.state}")
    return verdict(submission.id, stage, "failed", reply, figures, ended=ended, standing=standing)


def without_intervention(submission: Submission, intervention: str, *, n: int) -> Decision:
    """The decision where an audit asked for a run under an intervention that there is no more.

    The code is not blamed: handed in again it is asked for the runs of today's audits, and its other runs are there.
    """
    figures = Figures(seeds=0, n=n, note=f"no intervention {intervention!r}")
    reply = replies.NO_INTERVENTION.format(intervention=intervention)
    return verdict(submission.id, "sealed", "failed", reply, figures, ended=Ended.LOST)
