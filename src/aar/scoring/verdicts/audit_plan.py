"""Plan of a confirmation's audits: the audits, the runs that they need, and the result of their findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aar.database.submissions import Submission
from aar.database.waits import Reason
from aar.database.wanted_runs import WantedRun
from aar.scoring.audits import AUDITS, Case, Finding, Track, track_of
from aar.scoring.evidence.board import Board
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.truth.parts import Rows
from aar.scoring.verdicts.decision import Waiting
from aar.students.interventions import INTERVENTIONS
from w2s.records import SplitName


@dataclass(frozen=True)
class Audited:
    """Findings of one submission, its track, and the first rule that was broken (None without a violation)."""

    findings: tuple[Finding, ...]
    track: Track

    @property
    def rule(self) -> str | None:
        """Code of the rule that its author is told: that of the first violation, None without one."""
        return next((finding.rule for finding in self.findings if finding.verdict == "violation"), None)


def impossible(board: Board, submission: Submission) -> str | None:
    """The intervention of a run that is still to come and never will: it was renamed or taken out since."""
    left = _left(board, submission, _asked(board, submission))
    return min((run.intervention for run in left if run.intervention not in INTERVENTIONS), default=None)


def still_to_come(board: Board, submission: Submission) -> Waiting | None:
    """The wait for audit runs that were asked for, if some are still to come; looks at nothing else."""
    return _wait(board, submission, _asked(board, submission))


def audited_without_runs(case: Case) -> Audited:
    """Findings of the audits that need no run of their own."""
    return Audited(_findings(case, with_needs=False), track_of(case))


def runs_to_come(evidence: Evidence, submission: Submission, *, sealed: Rows, dev: Rows) -> Waiting | None:
    """The wait for the runs that the audits declare, which asks for them; None once all are there."""
    wanted = _asked(evidence.board, submission) or wanted_by_audits(evidence, {"sealed": sealed, "dev": dev})
    return _wait(evidence.board, submission, wanted)


def audited_with_runs(case: Case, before: Audited) -> Audited:
    """Findings of all audits; `before` holds what those without runs found in the same case.

    Theirs come first: of several broken rules the first is told.
    """
    return Audited((*before.findings, *_findings(case, with_needs=True)), before.track)


def wanted_by_audits(evidence: Evidence, rows: dict[SplitName, Rows]) -> list[WantedRun]:
    """Every run under an intervention that the audits declare, on the first seed pairs of each split."""
    return [
        WantedRun(need.split, k, need.intervention)
        for audit in AUDITS
        for need in audit.needs
        if need.where(evidence.source.pool(need.split, 0, "unlabelled"))
        for k in sorted(rows[need.split])[: need.runs]
    ]


def _asked(board: Board, submission: Submission) -> list[WantedRun]:
    return [run for run in board.wanted.get(submission.id, ()) if not run.seeds_of]


def _left(board: Board, submission: Submission, wanted: Sequence[WantedRun]) -> list[WantedRun]:
    """Those of `wanted` that have not ended and still say something."""
    ended = board.audited(submission)
    there = {(run.split, run.intervention, run.pair_index) for run in ended}
    # one that broke says enough, and its sisters would break too
    broken = {run.intervention for run in ended if run.state == "failed"}
    return [
        run
        for run in wanted
        if (run.split, run.intervention, run.k) not in there and run.intervention not in broken
    ]


def _wait(board: Board, submission: Submission, wanted: Sequence[WantedRun]) -> Waiting | None:
    left = _left(board, submission, wanted)
    if not left:
        return None
    return Waiting(Reason.AUDIT_RUNS, {"done": len(wanted) - len(left), "needed": len(wanted)}, tuple(wanted))


def _findings(case: Case, *, with_needs: bool) -> tuple[Finding, ...]:
    return tuple(audit.judge(case) for audit in AUDITS if bool(audit.needs) == with_needs)
