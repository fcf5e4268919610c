"""A would-be record in its confirmation: is the gain there on sealed, and did it come from the models?

First the paired comparison, then the audits. Those that need no run of their own look at every confirmation; the
others are asked for where the gain was reproduced, and the verdict waits for their runs. A violation is told with
the rule that was broken; every finding is kept with the verdict.
"""

from __future__ import annotations

from dataclasses import replace

from aar.database import Database
from aar.database.researchers import FRESH
from aar.database.submissions import Status, Submission
from aar.scoring.auditing import Auditing
from aar.scoring.board import FLOOR, Board, Standing
from aar.scoring.evidence import Evidence
from aar.scoring.ladder import judge_sealed
from aar.scoring.results import Comparison, stacked
from aar.scoring.succession import counts, leads, take
from aar.scoring.writing import NOT_REPRODUCED, VERIFIED, WOULD_BE, fail, no_gain, record, violation


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
    if outcome.state == "waiting" or not evidence.references_done("sealed") or auditing.waits(board, one):
        return None
    n = len(evidence.results.items("sealed"))
    if outcome.state != "complete":
        with database.write() as tx:
            return fail(tx, one, "sealed", outcome, n=n)
    told = board.verdicts[(one.id, "dev")].figures
    opponent = told.champion or FLOOR
    if not counts(board, opponent):
        opponent = ladder.holder
    attempt = told.attempt or 1
    against = evidence.rows(board, opponent, "sealed")
    dev = evidence.outcome(board, one, "dev").rows
    shared = [k for k in outcome.rows if against is not None and k in against]
    if against is None or len(shared) < evidence.settings.sealed_seeds:
        return None
    clusters = evidence.results.items("sealed").clusters
    decision = judge_sealed(
        stacked(outcome.rows, shared), stacked(against, shared), clusters, attempt=attempt
    )
    status: Status
    if board.verdicts[(one.id, "dev")].reply != WOULD_BE:  # an operator's, measured nevertheless
        status, words = "no_improvement", no_gain(ladder)
    elif decision.verified:
        status, words = "verified", VERIFIED
    else:
        status, words = "not_reproduced", NOT_REPRODUCED
    audited = auditing.always(board, one, outcome.rows)
    if status == "verified" and audited.rule is None:
        found = auditing.confirming(board, one, outcome.rows, dev)
        if found is None:
            return None
        audited = found
    if audited.rule is not None:
        status, words = "violation", violation(audited.rule)
    takes: bool | None = False
    if status == "verified" and one.researcher != FRESH:
        takes = ladder.holder == opponent or leads(
            evidence, board, outcome.rows, dev, ladder, attempt=attempt
        )
    if takes is None:
        return None
    comparison = Comparison(opponent, against, attempt=attempt, gain=decision.gain, alpha=decision.alpha)
    measured = replace(
        evidence.figures(outcome.rows, "sealed", comparison),
        track=audited.track,
        audits=tuple(finding.to_json() for finding in audited.findings),
    )
    with database.write() as tx:
        said = record(tx, one, "sealed", status, words, measured, rule=audited.rule)
        if said and takes:
            take(tx, evidence, one, dev)
        return said
