"""The one place where the scorer writes: a decision whole, in one transaction, or what is waited for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aar import ledger
from aar.database import Database, Transaction, waits, wanted_runs
from aar.database import standing as standings
from aar.database.standing import Standing
from aar.scoring.evidence.board import Board
from aar.scoring.verdicts.decision import Decision, NewVerdict, Waiting


def write(database: Database, board: Board, decision: Decision) -> list[str]:
    """Write a decision; a line of words for each thing that is new, none where all of it was decided before.

    The first verdict stands. Where every verdict of the decision had fallen before, nothing else of it is written.
    """
    lines: list[str] = []
    with database.write() as tx:
        for new in decision.verdicts:
            if _write_verdict(tx, board, new):
                lines.append(f"{new.submission} on {new.stage}: {new.status}")
        if decision.verdicts and not lines:
            return lines
        for reference in decision.references:
            written = ledger.record_reference(
                tx,
                split=reference.split,
                name=reference.name,
                kind=reference.kind,
                figures=reference.figures,
            )
            if written and not decision.verdicts:
                lines.append(f"{reference.kind} of {reference.split} measured")
        if decision.standing is not None and decision.standing != standings.find(tx):
            _move(tx, decision.standing)
            lines.append(f"the record is held by {decision.standing.holder}")
    return lines


def ask(database: Database, board: Board, submission: str, waiting: Waiting) -> None:
    """Want the runs that a decision waits for, at once: a scorer that is killed later has not asked in vain."""
    if not set(waiting.runs) <= set(board.wanted.get(submission, ())):
        with database.write() as tx:
            wanted_runs.add(tx, submission, waiting.runs)


def write_waits(database: Database, undecided: Mapping[str, Waiting]) -> None:
    """Note what each undecided submission waits for; writes only what has changed."""
    with database.read() as tx:
        noted = waits.all(tx)
    over = set(noted) - set(undecided)
    changed = {
        id: waiting
        for id, waiting in undecided.items()
        if id not in noted or (noted[id].reason, noted[id].what) != (waiting.reason, waiting.what)
    }
    if not over and not changed:
        return
    with database.write() as tx:
        for id in over:
            waits.clear(tx, id)
        for id, waiting in changed.items():
            waits.put(tx, id, waiting.reason, waiting.what)


def _write_verdict(tx: Transaction, board: Board, new: NewVerdict) -> bool:
    bits = board.account.price(
        new.submission, stage=new.stage, status=new.status, rule=new.rule, figures=new.figures
    )
    return ledger.record_verdict(
        tx,
        new.submission,
        stage=new.stage,
        status=new.status,
        reply=new.reply,
        figures=replace(new.figures, bits=bits),
        rule=new.rule,
        ended=new.ended,
        would_be=new.would_be,
    )


def _move(tx: Transaction, standing: Standing) -> None:
    """Replace the standing, and note it in the ledger, which keeps every holder."""
    standings.put(tx, standing)
    ladder = {"holder": standing.holder, "record": standing.record}
    ledger.append(tx, "note", {"ladder": ladder, "items": standing.items})
