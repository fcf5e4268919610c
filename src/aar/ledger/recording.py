"""One transaction changes a table and appends the ledger's entry that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aar.database import Transaction, charges, clock, runs, spending, submissions, verdicts
from aar.database.figures import Figures
from aar.database.submissions import Ended
from aar.errors import BadRequest
from aar.ledger.chain import append
from aar.prices import Cost, Tokens
from aar.run_records import RunEnd

NO_TOKENS, NO_COST = Tokens(), Cost(0, 0)


def record_submission(
    tx: Transaction,
    *,
    code_hash: str,
    commit: str,
    researcher: str,
    title: str,
    summary: str = "",
    parents: Sequence[str] = (),
    claim: str = "",
    request: str | None = None,
) -> submissions.Submission:
    """Take a submission in; a `request` that this researcher sent before gives what it gave then.

    Raises `NotFound` for an unknown parent, `BadRequest` for text that is no Unicode.
    """
    if request is not None:
        known = submissions.by_request(tx, researcher=researcher, request=request)
        if known is not None:
            return known
    for parent in parents:
        submissions.get(tx, parent)
    for text in (title, summary, claim):
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise BadRequest("title, summary and claim must be Unicode text; send them as UTF-8")
    new = submissions.insert(
        tx,
        code_hash=code_hash,
        commit=commit,
        researcher=researcher,
        title=title,
        summary=summary,
        parents=parents,
        claim=claim,
        request=request,
        created=clock.now(),
    )
    append(tx, "submission", submission_body(new))
    return new


def record_run(
    tx: Transaction,
    key: str,
    *,
    state: runs.End,
    end: RunEnd,
    blob: str | None = None,
    figures: Mapping[str, Any] | None = None,
) -> bool:
    """Write how a run ended; False where it had ended before (the first end stands)."""
    run = runs.get(tx, key)
    if run.state in runs.ENDED:
        return False
    values = {
        "state": state,
        "end": end.to_json(),
        "blob": blob,
        "figures": dict(figures or {}),
        "finished": clock.now(),
    }
    append(tx, "run", run_body(runs.finish(tx, key, values)))
    return True


def record_again(
    tx: Transaction, key: str, *, submission: str | None, researcher: str, priority: runs.Priority
) -> bool:
    """Queue a run anew for the researcher that asks; False where it was neither lost nor, on practice, withdrawn."""
    if not runs.get(tx, key).may_run_again:
        return False
    runs.renew(tx, key, submission=submission, researcher=researcher, priority=priority)
    append(tx, "again", {"key": key, "submission": submission})
    return True


def record_verdict(
    tx: Transaction,
    submission: str,
    *,
    stage: verdicts.VerdictStage,
    status: submissions.Status,
    reply: str,
    figures: Figures,
    rule: str | None = None,
    ended: Ended = Ended.DECIDED,
    would_be: bool = False,
) -> bool:
    """Decide a submission at one stage; False where that was decided before (the first verdict stands).

    A dev verdict with status "pending" sends it on to the sealed stage, any other ends it, and `ended` says how.
    `would_be` says that it beat the record on dev. `reply` is what the researcher is told: words, which nothing
    compares; `figures` are for people.
    """
    if verdicts.find(tx, submission, stage) is not None:
        return False
    at = clock.now()
    onwards: submissions.Stage = "sealed" if (stage, status) == ("dev", "pending") else "done"
    end = ended if onwards == "done" else None
    verdict = verdicts.Verdict(
        submission, stage, status, rule, end, would_be=would_be, reply=reply, figures=figures, at=at
    )
    verdicts.insert(tx, verdict)
    submissions.decide(tx, submission, status=status, stage=onwards, ended=end, reply=reply, decided=at)
    append(tx, "verdict", verdict_body(verdict))
    return True


OVERRULED = "decided by a person"
"""Words for the researcher; the note is for people."""


def record_overruling(tx: Transaction, submission: str, *, status: submissions.Status, note: str) -> None:
    """Give a decided submission another status on a person's word, which the ledger keeps; figures stay.

    The scorer moves the Ladder if it has to (`aar.scoring.verdicts.succession`). Raises `NotFound` for no such
    submission, `BadRequest` for one that is not decided, a status that it has, or an empty note.
    """
    row = submissions.get(tx, submission)
    note = note.strip()
    if row.stage != "done" or row.status == status or not note:
        raise BadRequest(
            f"{submission} is {row.status} at {row.stage}; overrule what is decided, by another status and with a note"
        )
    at = clock.now()
    append(tx, "note", {"overruled": submission, "was": row.status, "status": status, "note": note, "at": at})
    submissions.decide(
        tx, submission, status=status, stage="done", ended=Ended.OVERRULED, reply=OVERRULED, decided=at
    )


def record_charge(
    tx: Transaction,
    key: str,
    *,
    researcher: str,
    kind: charges.ChargeKind,
    nominal_minutes: float = 0.0,
    tokens: Tokens = NO_TOKENS,
    cost: Cost = NO_COST,
) -> bool:
    """Charge a run or a model call to a researcher once; False where `key` was paid before."""
    charge = charges.Charge(
        key=key,
        researcher=researcher,
        kind=kind,
        nominal_minutes=float(nominal_minutes),
        **vars(tokens),
        **vars(cost),
        at=clock.now(),
    )
    if not charges.insert(tx, charge):
        return False
    if kind is not charges.ChargeKind.RUN:
        spending.add(tx, charge)
    append(tx, "charge", vars(charge))
    return True


def record_reference(
    tx: Transaction, *, split: str, name: str, kind: verdicts.ReferenceKind, figures: Figures
) -> bool:
    """Write a floor, a ceiling or a baseline; False where it was measured before (the first stands)."""
    if verdicts.find_reference(tx, split=split, name=name) is not None:
        return False
    reference = verdicts.Reference(split, name, kind, figures, clock.now())
    verdicts.insert_reference(tx, reference)
    append(tx, "reference", reference_body(reference))
    return True


def submission_body(row: submissions.Submission) -> dict[str, Any]:
    """Ledger entry of a submission: all but the columns that a verdict changes later."""
    changing = ("status", "stage", "ended", "reply", "decided", "number")
    return {name: value for name, value in vars(row).items() if name not in changing}


def run_body(run: runs.Run) -> dict[str, Any]:
    """Ledger entry of a run that has ended: neither its salt nor a method's own words."""
    aside = ("priority", "place", "salt")
    error = None if run.end.error is None else replace(run.end.error, message=None)
    end = replace(run.end, error=error).to_json()
    return {name: value for name, value in vars(run).items() if name not in aside} | {"end": end}


def verdict_body(verdict: verdicts.Verdict) -> dict[str, Any]:
    """Ledger entry of a verdict: all of it."""
    return {**vars(verdict), "figures": verdict.figures.to_json()}


def reference_body(reference: verdicts.Reference) -> dict[str, Any]:
    """Ledger entry of a floor, a ceiling or a baseline: all of it."""
    return {**vars(reference), "figures": reference.figures.to_json()}
