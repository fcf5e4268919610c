"""Ends runs that nobody wants any more: each once in the ledger, with who ended it and why.

A cancelled run that was under way is charged its estimate, once; one that only waited costs nothing. The
engine is told afterwards (`aar.lab.slots`): whatever it still brings comes too late, since a run's first
end stands. A submission whose runs are cancelled is decided at once: `failed`, with the reason.

Covered: cancelled twice, or while the run ends by itself; runs that another undecided submission of the
same code needs (they go on); a lab that is not running; an author who takes back what dev has measured, to
draw again. Not covered: baselines, without which nothing can be judged; what a person ends, who sees more
than any author.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aar import ledger
from aar.database import Transaction, clock, researchers, runs, submissions
from aar.database.charges import ChargeKind
from aar.database.figures import Figures
from aar.database.researchers import Role
from aar.database.submissions import Ended, Submission
from aar.errors import BadRequest, NotAllowed
from aar.run_records import Cause, RunEnd, RunError
from w2s.errors import NotFound

LEAST_KEY = 8
"""Digits of a run's key that name it."""

WORDS: Mapping[Cause, str] = {
    Cause.WITHDRAWN: "withdrawn by its author",
    Cause.BY_A_PERSON: "cancelled by the person who runs the lab",
    Cause.REFUSED: "its confirmation is decided",
    Cause.SIBLING_FAILED: "another run of this code failed",
}
"""Words for people and researchers about each cause."""


@dataclass(frozen=True)
class Why:
    """Reason for a cancellation; `detail` holds the words of the person who cancelled."""

    cause: Cause
    detail: str = ""

    def __str__(self) -> str:
        return WORDS[self.cause] + (f": {self.detail}" if self.detail else "")


@dataclass(frozen=True)
class Cancelled:
    """Result of a cancellation: ids of submissions, numbers of runs that waited and that were under way."""

    submissions: tuple[str, ...]
    queued: int
    running: int

    def __add__(self, other: Cancelled) -> Cancelled:
        return Cancelled(
            self.submissions + other.submissions, self.queued + other.queued, self.running + other.running
        )

    def __str__(self) -> str:
        what = ", ".join(self.submissions) or "practice"
        return f"{what}: {self.queued} queued and {self.running} running runs cancelled"


NOTHING = Cancelled((), 0, 0)


def cancel(tx: Transaction, what: str, *, reason: str = "") -> Cancelled:
    """End a submission, a practice run (by its key), or everything of a researcher, for the person who runs the lab.

    Raises `NotFound` for what is none of these, `BadRequest` for a baseline and for what has ended.
    """
    why = Why(Cause.BY_A_PERSON, reason)
    for row in submissions.all(tx):
        if row.id == what:
            return _submission(tx, row, why)
    if len(what) >= LEAST_KEY:
        for run in _practice(tx):
            if run.key.startswith(what):
                return _end([run], tx, why)
    if what not in {row.name for row in researchers.all(tx)}:
        raise NotFound(
            f"{what!r} is no submission, no practice run that waits or is under way, and no researcher"
        )
    ended = NOTHING
    for row in submissions.all(tx, researcher=what):
        if row.stage != "done":
            ended += _submission(tx, row, why)
    return ended + _end([run for run in _practice(tx) if run.researcher == what], tx, why)


def withdraw(tx: Transaction, researcher: str, id: str) -> Cancelled:
    """End a submission for its author; `NotAllowed` for another's. Twice is as once.

    `BadRequest` once all its dev runs have ended, in the same words whatever they say: who waits longer then has passed
    the gate, and would know it without an attempt.
    """
    submission = submissions.get(tx, id)
    if submission.researcher != researcher:
        raise NotAllowed(f"{id} is not yours; only its author withdraws a submission")
    if submission.ended is Ended.WITHDRAWN:
        return NOTHING
    if submission.stage != "done" and not _on_dev(tx, submission):
        raise BadRequest(f"the dev runs of {id} have ended: it is withdrawn no more, and will be decided")
    return _submission(tx, submission, Why(Cause.WITHDRAWN))


def withdraw_practice(tx: Transaction, researcher: str, key: str) -> Cancelled:
    """End a practice run for who asked for it first; `NotAllowed` for another's. Twice is as once."""
    run = runs.find(tx, key)
    if run is None or run.split != "practice":
        raise NotFound(f"no practice run {key!r}; POST /v1/practice names one")
    if run.researcher != researcher:
        raise NotAllowed("another researcher asked for the same practice run first; it goes on")
    if run.state == "cancelled" and run.end.cause is Cause.WITHDRAWN:
        return NOTHING
    if run.state in runs.ENDED:
        raise BadRequest(f"this practice run has ended already: {run.state}")
    return _end([run], tx, Why(Cause.WITHDRAWN))


def end_siblings(tx: Transaction, failed: runs.Run) -> None:
    """Runs of a code that failed are not started any more; those that are under way end by themselves."""
    same = runs.all(tx, code_hash=failed.code_hash, split=failed.split)
    _end([run for run in same if run.state == "queued"], tx, Why(Cause.SIBLING_FAILED))


def refused_codes(tx: Transaction, undecided: Sequence[Submission]) -> set[str]:
    """Codes whose confirmation failed, and that no other submission needs."""
    needed = {submission.code_hash for submission in undecided} | submissions.codes(tx, "verified")
    return submissions.codes(tx, "not_reproduced", "violation") - needed


def end_refused(tx: Transaction, codes: Iterable[str]) -> None:
    """Runs on sealed that wait for a code whose confirmation was ended early are not started any more."""
    for code in sorted(codes):
        waiting = [run for run in runs.all(tx, code_hash=code, split="sealed") if run.state == "queued"]
        _end(waiting, tx, Why(Cause.REFUSED))


def _on_dev(tx: Transaction, submission: Submission) -> bool:
    """Whether a run on dev, of those that the gate looks at, is still to end."""
    plain = [run for run in runs.all(tx, code_hash=submission.code_hash, split="dev") if run.plain]
    return submission.stage == "dev" and any(run.state not in runs.ENDED for run in plain)


def _submission(tx: Transaction, submission: Submission, why: Why) -> Cancelled:
    if submission.role is Role.BASELINE:
        raise BadRequest(f"{submission.id} is a baseline: nothing can be judged without it")
    if submission.stage == "done":
        raise BadRequest(f"{submission.id} is decided already: {submission.status}")
    same = [
        other for other in submissions.all(tx, code_hash=submission.code_hash) if other.id != submission.id
    ]
    needed = any(other.stage != "done" or other.role is Role.BASELINE for other in same)
    left = (
        []
        if needed
        else [run for run in runs.all(tx, code_hash=submission.code_hash) if run.split != "practice"]
    )
    nothing = Figures(seeds=0, n=0, note="cancelled")
    ended = Ended.WITHDRAWN if why.cause is Cause.WITHDRAWN else Ended.CANCELLED
    ledger.record_verdict(
        tx,
        submission.id,
        stage=submission.stage,
        status="failed",
        reply=str(why),
        figures=nothing,
        ended=ended,
    )
    return Cancelled((submission.id,), 0, 0) + _end(left, tx, why)


def _practice(tx: Transaction) -> list[runs.Run]:
    return [run for run in runs.all(tx, split="practice") if run.state not in runs.ENDED]


def _end(chosen: list[runs.Run], tx: Transaction, why: Why) -> Cancelled:
    queued = running = 0
    for run in chosen:
        if run.state in runs.ENDED:
            continue
        under_way = run.state == "running"
        seconds = clock.now() - run.started if under_way and run.started is not None else 0.0
        end = RunEnd(seconds=round(seconds, 3), error=RunError(rule=str(why)), cause=why.cause)
        ledger.record_run(tx, run.key, state="cancelled", end=end)
        if under_way:
            ledger.record_charge(
                tx, run.key, researcher=run.researcher, kind=ChargeKind.RUN, nominal_minutes=run.nominal_cost
            )
        queued, running = queued + (not under_way), running + under_way
    return Cancelled((), queued, running)
