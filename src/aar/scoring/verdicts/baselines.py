"""The baselines: on dev all together, the best of them as the first holder; on sealed one by one, for the report."""

from __future__ import annotations

from collections.abc import Mapping

from aar.database.figures import Figures
from aar.database.standing import Standing
from aar.database.submissions import Status, Submission
from aar.database.verdicts import FLOOR
from aar.database.waits import Reason
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import Comparison
from aar.scoring.truth.parts import Rows
from aar.scoring.verdicts import replies
from aar.scoring.verdicts.decision import Decision, NewReference, NewVerdict, Waiting
from aar.scoring.verdicts.failure import failure
from aar.scoring.verdicts.succession import standing_of
from w2s.records import SplitName


def opening(evidence: Evidence) -> Decision | Waiting:
    """The verdicts on all baselines on dev, and the first standing; the best one goes on to sealed."""
    baselines = evidence.board.baselines
    if not evidence.references_done("dev"):
        return Waiting(Reason.REFERENCES, {"split": "dev"})
    outcomes = {baseline.id: evidence.outcome(baseline, "dev") for baseline in baselines}
    waiting = [id for id, outcome in outcomes.items() if outcome.state == "waiting"]
    if len(baselines) < len(evidence.settings.baselines) or waiting:
        return Waiting(Reason.BASELINES, {"waiting": waiting})
    complete = {id: outcome.rows for id, outcome in outcomes.items() if outcome.state == "complete"}
    first = _best(evidence, complete)
    verdicts: list[NewVerdict] = []
    references: list[NewReference] = []
    for baseline in baselines:
        if baseline.id not in complete:
            verdicts += failure(baseline, "dev", outcomes[baseline.id], n=evidence.n("dev")).verdicts
            continue
        status: Status = "pending" if baseline.id == first.holder else "no_improvement"
        figures = _figures(evidence, baseline, complete[baseline.id], "dev")
        verdicts.append(NewVerdict(baseline.id, "dev", status, replies.BASELINE, figures))
        references.append(NewReference("dev", baseline.title, "baseline", figures))
    return Decision(tuple(verdicts), tuple(references), first)


def baseline_verdict(evidence: Evidence, baseline: Submission) -> Decision | Waiting:
    """The verdict on a baseline on sealed; a holder that breaks there hands the record to the next best."""
    outcome = evidence.outcome(baseline, "sealed")
    if outcome.state == "waiting":
        needed = evidence.needed(baseline, "sealed")
        return Waiting(Reason.SEALED_RUNS, {"done": len(outcome.rows), "needed": needed})
    if not evidence.references_done("sealed"):
        return Waiting(Reason.REFERENCES, {"split": "sealed"})
    if outcome.state != "complete":
        # others cannot be compared with what does not run
        standing = evidence.board.standing
        holds = standing is not None and standing.holder == baseline.id
        next_best = _best(evidence, _others(evidence, baseline)) if holds else None
        return failure(baseline, "sealed", outcome, n=evidence.n("sealed"), standing=next_best)
    status: Status = "verified" if baseline.stage == "sealed" else "no_improvement"
    figures = _figures(evidence, baseline, outcome.rows, "sealed")
    return Decision(
        (NewVerdict(baseline.id, "sealed", status, replies.BASELINE, figures),),
        (NewReference("sealed", baseline.title, "baseline", figures),),
    )


def _best(evidence: Evidence, baselines: Mapping[str, Rows]) -> Standing:
    """The standing with the best of these as its holder, or the floor where there is none."""
    if not baselines:
        return standing_of(evidence, FLOOR, evidence.floors("dev") or {})
    holder = max(baselines, key=lambda id: evidence.items("dev").mean(baselines[id]))
    return standing_of(evidence, holder, baselines[holder])


def _others(evidence: Evidence, failed: Submission) -> dict[str, Rows]:
    """Dev correctness of the baselines that are left."""
    others: dict[str, Rows] = {}
    for baseline in evidence.board.baselines:
        if baseline.status != "failed" and baseline.id != failed.id:
            rows = evidence.rows(baseline.id, "dev")
            if rows is not None:
                others[baseline.id] = rows
    return others


def _figures(evidence: Evidence, baseline: Submission, rows: Rows, split: SplitName) -> Figures:
    """Figures of a baseline, compared with vanilla where there is one and its runs are known."""
    plain = evidence.plain()
    against = evidence.rows(plain, split) if plain not in (FLOOR, baseline.id) else None
    comparison = None if against is None else Comparison(plain, against)
    return evidence.figures(rows, split, comparison, note=replies.BASELINE)
