"""Rows and the mirror file are held against the chain, so that neither can drift from it unseen."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aar.database import Transaction, charges, runs, spending, standing, submissions, verdicts
from aar.database.submissions import Ended
from aar.errors import BrokenChain
from aar.ledger.chain import Entry, canonical
from aar.ledger.earlier import in_todays_form
from aar.ledger.recording import reference_body, run_body, submission_body, verdict_body
from aar.run_records import Cause, RunEnd


def check_rows(tx: Transaction, chain: Sequence[Entry]) -> None:
    """Submissions, finished runs, verdicts, references, charges with their sums and the Ladder are those of the chain.

    Entries that an earlier format wrote are compared in today's form (`aar.ledger.earlier`).
    """
    paid = charges.all(tx)
    rows: dict[str, list[Mapping[str, Any]]] = {
        "submission": [submission_body(row) for row in submissions.all(tx)],
        "run": [run_body(row) for row in runs.all(tx) if row.state in runs.ENDED],
        "verdict": [verdict_body(row) for row in verdicts.all(tx)],
        "reference": [reference_body(row) for row in verdicts.references(tx)],
        "charge": [vars(row) for row in paid],
    }
    keys: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "submission": lambda body: str(body["id"]),
        "run": lambda body: str(body["key"]),
        "verdict": lambda body: f"{body['submission']} at {body['stage']}",
        "reference": lambda body: f"{body['name']} on {body['split']}",
        "charge": lambda body: str(body["key"]),
    }
    for kind, stored in rows.items():
        entries = {keys[kind](entry.body): entry for entry in chain if entry.kind == kind}
        if kind == "run":
            entries = _ends(chain)
        for row in stored:
            entry = entries.pop(keys[kind](row), None)
            if entry is None:
                raise BrokenChain(
                    f"the database has a {kind} {keys[kind](row)} that the ledger never recorded"
                )
            if canonical(row) != canonical(in_todays_form(kind, entry.body)):
                raise BrokenChain(
                    f"the {kind} {keys[kind](row)} differs from entry {entry.seq} of the ledger; "
                    "the row was changed after it was written"
                )
        if entries:
            entry = next(iter(entries.values()))
            raise BrokenChain(f"the {kind} of entry {entry.seq} is gone from the database")
    _check_statuses(tx, chain)
    _check_ladder(tx, chain)
    _check_spending(tx, paid)


def _ends(chain: Sequence[Entry]) -> dict[str, Entry]:
    """End of each run: one entry, or one more each time that it was queued again and was allowed to be."""
    ends: dict[str, Entry] = {}
    for entry in chain:
        key = str(entry.body.get("key"))
        if entry.kind == "run" and key in ends:
            raise BrokenChain(f"the run {key} ends in entry {ends[key].seq} and again in entry {entry.seq}")
        if entry.kind == "run":
            ends[key] = entry
        if entry.kind == "again":
            before = ends.pop(key, None)
            if before is None or not _may_run_again(before):
                raise BrokenChain(
                    f"entry {entry.seq} queues the run {key} again, which was not lost or withdrawn practice"
                )
    return ends


def _may_run_again(end: Entry) -> bool:
    """The rule of `aar.database.runs.Run.may_run_again`, for an end as the ledger has it."""
    body = in_todays_form("run", end.body)
    taken_back = body["state"] == "cancelled" and RunEnd.from_json(body["end"]).cause is Cause.WITHDRAWN
    return body["state"] == "lost" or (taken_back and body["split"] == "practice")


def holds(name: str, data: bytes) -> bool:
    """True if a file of arrays has the digest in its name in the ledger; a name without a digest holds for any file.

    >>> holds("k1", b"anything"), holds("k1-" + 64 * "0", b"anything")
    (True, False)
    """
    digest = name.rpartition("-")[2]
    return not re.fullmatch("[0-9a-f]{64}", digest) or hashlib.sha256(data).hexdigest() == digest


def check_blobs(chain: Sequence[Entry], blobs: Path) -> int:
    """The arrays of runs, as far as they are still there, are those that the ledger names; how many are gone."""
    gone = 0
    for entry in chain:
        name = entry.body.get("blob") if entry.kind == "run" else None
        path = blobs / f"{name}.safetensors"
        if name and not path.is_file():
            gone += 1
        elif name and not holds(str(name), path.read_bytes()):
            raise BrokenChain(
                f"the arrays {path.name} of entry {entry.seq} were changed after they were written"
            )
    return gone


def check_mirror(chain: Sequence[Entry], mirror: Path) -> int:
    """Every whole line of the mirror is the chain's entry of that number; how many there are."""
    if not mirror.exists():
        return 0
    content = mirror.read_bytes().rpartition(b"\n")[0]
    lines = content.split(b"\n") if content else []
    for number, line in enumerate(lines, start=1):
        if number > len(chain):
            raise BrokenChain(f"entry {number} is in {mirror} but was cut off from the database's ledger")
        if line != chain[number - 1].line().encode():
            raise BrokenChain(f"entry {number} in {mirror} is not the database's; one of them was changed")
    return len(lines)


def _check_ladder(tx: Transaction, chain: Sequence[Entry]) -> None:
    """Holder and record, which everybody is compared with and told, are those of the last note about them."""
    notes = [entry for entry in chain if entry.kind == "note" and "ladder" in entry.body]
    noted = {**notes[-1].body["ladder"], "items": notes[-1].body.get("items", 0)} if notes else None
    shown = standing.find(tx)
    if (None if shown is None else vars(shown)) != noted:
        raise BrokenChain(f"the Ladder stands at {shown}, its last note in the ledger says {noted}")


def _check_spending(tx: Transaction, paid: Sequence[charges.Charge]) -> None:
    """The running sums, by which budgets are held, are those of the charges."""
    sums = spending.of_charges(paid)
    for name, kept in spending.all(tx).items():
        due = sums.pop(name, spending.Spending())
        if replace(kept, context_tokens=0) != due:
            raise BrokenChain(f"the sums of what {name} has spent differ from its charges in the ledger")
    if sums:
        raise BrokenChain(f"the sums of what {min(sums)} has spent are gone from the database")


def _check_statuses(tx: Transaction, chain: Sequence[Entry]) -> None:
    last = {verdict.submission: verdict for verdict in verdicts.all(tx)}
    overruled = {
        entry.body["overruled"]: str(entry.body["status"])
        for entry in chain
        if entry.kind == "note" and "overruled" in entry.body
    }
    for row in submissions.all(tx):
        verdict = last.get(row.id)
        shown = (row.status, row.ended, row.reply)
        recorded: tuple[str, Ended | None, str]
        recorded = (verdict.status, verdict.ended, verdict.reply) if verdict else ("pending", None, "")
        if row.id in overruled:  # the ledger keeps the person's note, not the words that the author is told
            recorded = (overruled[row.id], Ended.OVERRULED, row.reply)
        if shown != recorded:
            raise BrokenChain(
                f"submission {row.id} is shown as {row.status!r} ({row.ended}), its last verdict or overruling says "
                f"{recorded[0]!r} ({recorded[1]})"
            )
