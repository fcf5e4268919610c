"""The same method again is no second chance: it is answered as it was before, and paid for like any other.

Identical code is answered from what was decided of it. Nearly identical is a submission whose answers differ from
those of one that was answered earlier in less than 2 % (the mean absolute difference of per-item correctness, seed by
seed), by the same author or another: with the seeds that each was run on, or, for a would-be record, with the seeds
of the submission whose code is most like it, with which it is run again.

What sealed or the audits said of one author's method is not said of another's that only answers nearly the same on
dev: a twin that behaves there and breaks in its confirmation would harm an honest method. That one is judged, at its
own author's level.

Which answers differ does not depend on what is true, so that saying so tells nothing about labels.

Covered: the same code under another title; a comment, a name or an order changed to draw new seeds; questions about
single items, each a small change of the last. Not covered: a method that answers at random in a few per cent of the
items, or differently where it finds ids that it has met; code rewritten so that it is like none before, with other
seeds. All of these still have to pass the gate, and the audits of lottery and chain look at them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from aar.broken_rules import symbol_of
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.submissions import Status, Submission
from aar.database.waits import Reason
from aar.database.wanted_runs import WantedRun
from aar.scoring.audits import rules
from aar.scoring.audits.history import alike
from aar.scoring.evidence.board import Board, replaces_lost
from aar.scoring.evidence.evidence import Evidence
from aar.scoring.truth.parts import Rows
from aar.scoring.verdicts import replies
from aar.scoring.verdicts.decision import Decision, Waiting, verdict

NEAR = 0.02
"""Share of answers that differ below which two submissions are nearly the same."""


def same_code(board: Board, submission: Submission) -> Submission | None:
    """The first submission of this very code, if `submission` came later; what an operator submits does not count."""
    if submission.role is not Role.RESEARCHER:
        return None
    first = board.first_with_code_of(submission)
    return None if first.id == submission.id else first


def near(evidence: Evidence, submission: Submission, rows: Rows) -> Submission | None:
    """The submission answered earlier whose answers are the nearest to `rows`, if nearly the same."""
    own = _flat(evidence, rows)
    known = [
        (other, answers)
        for other in _answered_earlier(evidence, submission)
        if holds_for(submission, other) and (answers := _answers(evidence, other)) is not None
    ]
    if not known:
        return None
    apart = np.abs(np.stack([answers for _, answers in known]) - own).mean(axis=1)
    best = int(np.argmin(apart))
    return known[best][0] if apart[best] < NEAR else None


def recomputed(evidence: Evidence, submission: Submission) -> Submission | Waiting | None:
    """The submission that this would-be record repeats but for its seeds, once the runs that show it are there."""
    seeds_of = next(
        (run.seeds_of for run in evidence.board.wanted.get(submission.id, ()) if run.seeds_of), None
    )
    if seeds_of is None:
        other = _most_alike(evidence, submission)
    else:
        other = next(
            (known for known in _answered_earlier(evidence, submission) if known.code_hash == seeds_of), None
        )
    if other is None:
        return None
    # the runs may have ended for an earlier submission of this code: nothing would end that is waited for
    outcome, holds = evidence.outcome_with_seeds_of(submission, other), holds_for(submission, other)
    if outcome.state == "waiting" and (holds or seeds_of is None):
        return _runs_as(evidence, other)
    if not holds:
        return None
    answers = _answers(evidence, other)
    if outcome.state != "complete" or answers is None:  # what breaks with other seeds is another method
        return None
    return other if float(np.abs(_flat(evidence, outcome.rows) - answers).mean()) < NEAR else None


def holds_for(submission: Submission, earlier: Submission) -> bool:
    """True if the reply to `earlier`, with nearly the same answers on dev, also holds for `submission`.

    Between authors only what dev itself decided is: that it gains nothing, or that the record is made.
    """
    same_author = submission.researcher == earlier.researcher
    return same_author or earlier.status in ("pending", "no_improvement", "verified")


def repetition(
    evidence: Evidence,
    submission: Submission,
    earlier: Submission,
    *,
    identical: bool = False,
    compared: str | None = None,
) -> Decision | Waiting:
    """The answer to `earlier` once more; a would-be record was `compared` with that holder before.

    No record is made twice, and only the very code that was audited can be said to break a rule. Where the author may
    not know of the other submission it is not named.
    """
    if earlier.stage != "done":
        return Waiting(Reason.EARLIER_VERDICT, {"submission": earlier.id})
    on_dev, on_sealed = (evidence.board.verdict(earlier, stage) for stage in ("dev", "sealed"))
    kept: tuple[Status, ...] = ("failed", "not_reproduced", "violation") if identical else ("not_reproduced",)
    status: Status = earlier.status if earlier.status in kept else "no_improvement"
    rule = None
    if status == "violation":
        stored = (fell.rule for fell in (on_sealed, on_dev) if fell is not None and fell.rule)
        rule = next(map(symbol_of, stored), None)
    named = evidence.settings.forum or submission.researcher == earlier.researcher
    figures = Figures(
        seeds=0,
        n=evidence.n("dev"),
        score=on_dev.figures.score if on_dev is not None else None,
        champion=compared,
        same_as=earlier.id,
    )
    reply = replies.repeated(earlier.reply, earlier.id if named else None, identical=identical)
    return verdict(submission.id, "dev", status, reply, figures, rule=rule)


def _runs_as(evidence: Evidence, other: Submission) -> Waiting:
    """Wait for dev runs with the seeds of the other code."""
    again = range(evidence.settings.dev_seeds)
    runs = tuple(WantedRun("dev", k, seeds_of=other.code_hash) for k in again)
    return Waiting(Reason.DUPLICATE_RUNS, {"submission": other.id}, runs)


def _answered_earlier(evidence: Evidence, submission: Submission) -> Iterator[Submission]:
    """Earlier submissions of researchers with a reply from their own dev runs; not those that `submission` replaces."""
    for (id, stage), fell in evidence.board.verdicts.items():
        answered = stage == "dev" and fell.status != "failed" and fell.figures.same_as is None
        other = evidence.board.named(id)
        if answered and other.role is Role.RESEARCHER and not replaces_lost(submission, other):
            yield other


def _most_alike(evidence: Evidence, submission: Submission) -> Submission | None:
    code = evidence.source.code
    own = code(submission)
    likeness = [(alike(code(other), own), other) for other in _answered_earlier(evidence, submission)]
    most, other = max(likeness, key=lambda pair: pair[0], default=(0.0, None))
    return other if most >= rules.RESUBMISSION_LIKENESS else None


def _answers(evidence: Evidence, other: Submission) -> npt.NDArray[np.float32] | None:
    outcome = evidence.outcome(other, "dev")
    if outcome.state != "complete":  # its arrays are damaged: there is nothing to compare with
        return None
    return _flat(evidence, outcome.rows)


def _flat(evidence: Evidence, rows: Rows) -> npt.NDArray[np.float32]:
    first = sorted(rows)[: evidence.settings.dev_seeds]
    return np.concatenate([rows[k] for k in first]).astype(np.float32)
