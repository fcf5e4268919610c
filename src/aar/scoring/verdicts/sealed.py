"""A would-be record in its confirmation: is the gain there on sealed, and did it come from the models?

First the paired comparison, with one look at half of the seeds that can only end it early, then the audits. Those
that need no run of their own look at every confirmation; the others are asked for where the gain was reproduced, and
the verdict waits for their runs. A violation is told with the rule that was broken; every finding is kept with the
verdict.
"""

from __future__ import annotations

from dataclasses import replace

from aar.database import Database
from aar.database.researchers import FRESH, OPERATORS
from aar.database.submissions import Status, Submission
from aar.database.verdicts import FLOOR
from aar.scoring.evidence.board import Board, Standing
from aar.scoring.evidence.correctness import stacked
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.measures import Comparison
from aar.scoring.ladder import futile, judge_sealed, look_at
from aar.scoring.verdicts.audit_plan import Auditing
from aar.scoring.verdicts.replies import (
    BY_ITSELF,
    NOT_REPRODUCED,
    RECORD,
    VERIFIED,
    WOULD_BE,
    fail,
    no_gain,
    record,
    violation,
)
from aar.scoring.verdicts.succession import counts, leads, take


def confirm(
    database: Database,
    evidence: Evidence,
    auditing: Auditing,
    board: Board,
    one: Submission,
    ladder: Standing,
) -> str | None:
    """Write the verdict on `one` if everything it rests on is there."""
    outcome = evidence.outcome(board, one, "sealed")
    if not evidence.references_done("sealed") or auditing.waits(board, one):
        return None
    n = len(evidence.results.items("sealed"))
    if outcome.state in ("failed", "lost"):
        with database.write() as tx:
            return fail(tx, board, one, "sealed", outcome, n=n)
    told = board.verdicts[(one.id, "dev")]
    opponent = told.figures.champion or FLOOR
    if not counts(board, opponent):
        opponent = ladder.holder
    against = evidence.rows(board, opponent, "sealed")
    if against is None:
        return None
    attempt = told.figures.attempt or 1
    alpha = evidence.level(one, attempt)
    # whoever it is compared with was asked for as many seeds, and has those that could be had
    wanted = min(told.figures.sealed_seeds or evidence.settings.sealed_seeds, len(against))
    shared = [k for k in sorted(outcome.rows) if k in against]
    clusters = evidence.results.items("sealed").clusters
    note = ""
    if outcome.state == "waiting" or len(shared) < wanted:
        look = look_at(wanted)
        first = range(look or 0)
        if look is None or one.researcher in OPERATORS or any(k not in shared for k in first):
            return None
        a, b = stacked(outcome.rows, first), stacked(against, first)
        if not futile(a, b, clusters, alpha=alpha, seeds=wanted):
            return None
        shared, note = list(first), f"ended after {look} of {wanted} seeds, which left it no chance"
    rows = {k: outcome.rows[k] for k in shared}
    dev = evidence.outcome(board, one, "dev").rows
    decision = judge_sealed(stacked(rows, shared), stacked(against, shared), clusters, alpha=alpha)
    status: Status
    over = BY_ITSELF if one.researcher == FRESH else RECORD
    if not told.would_be:  # an operator's, measured nevertheless
        status, words = "no_improvement", no_gain(ladder, fresh=one.researcher == FRESH)
    elif decision.verified and not note:
        status, words = "verified", VERIFIED.format(over=over)
    else:
        status, words = "not_reproduced", NOT_REPRODUCED.format(over=over)
    audited = auditing.always(board, one, rows)
    if status == "verified" and audited.rule is None:
        found = auditing.confirming(board, one, rows, dev)
        if found is None:
            return None
        audited = found
    if audited.rule is not None:
        status, words = "violation", violation(audited.rule)
    takes: bool | None = False
    if status == "verified" and one.researcher != FRESH:
        takes = ladder.holder == opponent or leads(evidence, board, rows, dev, ladder, alpha=alpha)
    if takes is None:
        return None
    comparison = Comparison(opponent, against, attempt=told.figures.attempt, gain=decision.gain, alpha=alpha)
    measured = replace(
        evidence.figures(rows, "sealed", comparison, note=note),
        looked_after=len(shared) if note else None,
        track=audited.track,
        audits=tuple(finding.to_json() for finding in audited.findings),
        over=evidence.over_verified(board, one, rows) if status == "verified" else {},
    )
    with database.write() as tx:
        words += told.reply.removeprefix(WOULD_BE) if told.figures.score is not None else ""
        said = record(tx, board, one, "sealed", status, words, measured, rule=audited.rule)
        if said and takes:
            take(tx, evidence, one, dev)
        return said
