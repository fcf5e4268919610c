"""The case of one submission, put together for its audits: arrays of runs, truth, code, its author's history.

Arrays that are damaged are left out, like lost runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aar.database.researchers import Role
from aar.database.runs import Run
from aar.database.submissions import Submission
from aar.errors import ScoringError
from aar.scoring.audits import Answers, AuditRun, Case, Pool, Sibling
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.evidence.source import Role as ItemRole
from aar.scoring.evidence.source import Source, split_of
from aar.scoring.truth.parts import Rows
from w2s.records import FloatArray, SplitName

SCORED: tuple[SplitName, ...] = ("dev", "sealed")
ROLES: tuple[ItemRole, ItemRole] = ("test", "unlabelled")


def case_of(evidence: Evidence, submission: Submission, sealed: Rows) -> Case:
    """Everything that is known of a submission whose plain runs on sealed have correctness `sealed`."""
    board, source = evidence.board, evidence.source
    audited = board.audited(submission)
    runs = [*_plain(evidence, submission), *_read(source, audited)]
    items = source.items("sealed")
    own = _sibling(evidence, submission)
    ended = [*board.of(submission, "dev"), *board.of(submission, "sealed"), *audited]
    ancestors = _ancestors(evidence, submission)
    return Case(
        submission=submission.id,
        code=own.code,
        runs=runs,
        lineage=[run for parent in ancestors for run in _plain(evidence, parent)],
        siblings=[_sibling(evidence, other) for other in _earlier_by_author(evidence, submission)],
        own=own,
        remembered=submission.role is Role.RESEARCHER,
        correct=sealed,
        shuffled={
            run.k: items.of(run.k).correct(run.predictions.values)
            for run in runs
            if run.intervention == "shuffle"
        },
        items=items,
        gap=_gap(evidence),
        texts=source.hidden_texts(),
        crashed=frozenset(run.intervention for run in audited if run.state == "failed"),
        denied=[run.end.denied for run in ended if run.state in ("done", "failed")],
    )


def _gap(evidence: Evidence) -> float:
    """Ceiling minus floor on sealed, in accuracy; 0 where either is missing."""
    floors, ceilings = evidence.floors("sealed"), evidence.ceilings("sealed")
    if not floors or not ceilings:
        return 0.0
    items = evidence.items("sealed")
    high, low = items.known(list(ceilings), floors), items.known(list(floors), ceilings)
    return items.mean(ceilings, high) - items.mean(floors, low) if high else 0.0


def _plain(evidence: Evidence, submission: Submission) -> list[AuditRun]:
    runs = [run for split in SCORED for run in evidence.board.of(submission, split)]
    return _read(evidence.source, runs)


def _read(source: Source, runs: Sequence[Run]) -> list[AuditRun]:
    read = []
    for run in runs:
        if run.state == "done":
            try:
                read.append(_audit_run(source, run))
            except ScoringError:
                continue
    return read


def _audit_run(source: Source, run: Run) -> AuditRun:
    split = split_of(run)
    arrays = source.arrays(run)
    test, unlabelled = (source.pool(split, run.supervisor_seed, role) for role in ROLES)

    def answers(pool: Pool, values: FloatArray, handle: str) -> Answers:
        rows = arrays.get(handle)
        if rows is None or rows.shape != (len(pool),) or values.shape != (len(pool),):
            raise ScoringError(f"the arrays of run {run.key} do not fit the items; the run is lost")
        return Answers(pool, values, rows.astype(np.int64))

    calls: tuple[Answers, ...] = ()
    if "call_targets" in arrays:
        calls = tuple(answers(unlabelled, values, "unlabelled_handle") for values in arrays["call_targets"])
    return AuditRun(
        split=split,
        k=run.pair_index,
        intervention=run.intervention,
        targets=answers(unlabelled, arrays["targets"], "unlabelled_handle") if calls else None,
        predictions=answers(test, arrays["predictions"], "test_handle"),
        calls=calls,
    )


def _ancestors(evidence: Evidence, submission: Submission) -> list[Submission]:
    """Those of the same author that a submission builds on, over all generations."""
    ancestors: dict[str, Submission] = {}
    waiting = list(submission.parents)
    while waiting:
        parent = evidence.board.named(waiting.pop())
        if parent.id not in ancestors and parent.researcher == submission.researcher:
            ancestors[parent.id] = parent
            waiting += parent.parents
    return list(ancestors.values())


def _earlier_by_author(evidence: Evidence, submission: Submission) -> list[Submission]:
    """Earlier submissions of the same researcher; baselines and operators have no history."""
    if submission.role is not Role.RESEARCHER:
        return []
    return [
        other
        for other in evidence.board.submissions
        if other.researcher == submission.researcher and other.number < submission.number
    ]


def _sibling(evidence: Evidence, submission: Submission) -> Sibling:
    predictions: dict[int, FloatArray] = {}
    for run in evidence.board.of(submission, "dev"):
        if run.state == "done":
            try:
                predictions[run.pair_index] = evidence.source.arrays(run)["predictions"]
            except ScoringError:
                continue
    rows = evidence.outcome(submission, "dev").rows
    accuracy = evidence.items("dev").mean(rows) if rows else None
    return Sibling(submission.id, evidence.source.code(submission), predictions, accuracy)
