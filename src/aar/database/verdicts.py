"""Verdicts of the scorer, with figures that people see and researchers do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from aar.database.connection import Transaction
from aar.database.figures import Figures
from aar.database.schema import references as references_table
from aar.database.schema import verdicts as table
from aar.database.submissions import Ended, Status

VerdictStage = Literal["dev", "sealed"]
FLOOR = "floor"
"""The holder of a Ladder that no submission holds yet: the supervisors themselves."""
ReferenceKind = Literal["floor", "ceiling", "baseline"]


@dataclass(frozen=True)
class Verdict:
    """One decision; a dev verdict with status "pending" sends the submission on to sealed.

    Attributes:
        submission: Whom it is about.
        stage: On which split it fell.
        status: The result.
        rule: Code of the rule that was broken (`aar.broken_rules.symbol_of` reads earlier ones), None without one.
        ended: How it ends the submission; None where it sends it on.
        would_be: Whether it makes the submission a would-be record: one that beat the record on dev.
        reply: What the author is told.
        figures: What people see.
        at: When it fell.
    """

    submission: str
    stage: VerdictStage
    status: Status
    rule: str | None
    ended: Ended | None
    would_be: bool
    reply: str
    figures: Figures
    at: float


@dataclass(frozen=True)
class Reference:
    """A floor, a ceiling or a named baseline on one split."""

    split: str
    name: str
    kind: ReferenceKind
    figures: Figures
    at: float


def all(tx: Transaction, submission: str | None = None) -> list[Verdict]:
    """Verdicts in the order they fell, of one submission or of all."""
    query = sa.select(table).order_by(table.c.id)
    if submission is not None:
        query = query.where(table.c.submission == submission)
    return [_verdict(row) for row in tx.execute(query)]


def find(tx: Transaction, submission: str, stage: VerdictStage) -> Verdict | None:
    """The verdict of a submission at one stage, or None while there is none."""
    row = tx.execute(
        sa.select(table).where(table.c.submission == submission, table.c.stage == stage)
    ).one_or_none()
    return None if row is None else _verdict(row)


def scores(tx: Transaction) -> dict[str, float]:
    """Dev scores that authors were given, by submission; empty under the Ladder."""
    score = table.c.figures["score"].as_float()
    rows = tx.execute(sa.select(table.c.submission, score).where(table.c.stage == "dev", score.is_not(None)))
    return {str(submission): float(value) for submission, value in rows}


def references(tx: Transaction, *, split: str | None = None) -> list[Reference]:
    """Floors, ceilings and baselines, of one split or of all, in the order they were measured."""
    query = sa.select(references_table).order_by(references_table.c.at, references_table.c.name)
    if split is not None:
        query = query.where(references_table.c.split == split)
    return [
        Reference(**{**row._mapping, "figures": Figures.from_json(row.figures)}) for row in tx.execute(query)
    ]


def insert(tx: Transaction, verdict: Verdict) -> None:
    """Add a row; call `aar.ledger.record_verdict`, which also writes the ledger."""
    tx.execute(table.insert().values(**{**vars(verdict), "figures": verdict.figures.to_json()}))


def insert_reference(tx: Transaction, reference: Reference) -> None:
    """Add a row; call `aar.ledger.record_reference`, which also writes the ledger."""
    tx.execute(
        references_table.insert().values(**{**vars(reference), "figures": reference.figures.to_json()})
    )


def find_reference(tx: Transaction, *, split: str, name: str) -> Reference | None:
    """One reference, or None where it was not measured yet."""
    return next((reference for reference in references(tx, split=split) if reference.name == name), None)


def _verdict(row: sa.Row[tuple[object, ...]]) -> Verdict:
    values = dict(row._mapping)
    del values["id"]
    ended = None if values["ended"] is None else Ended(str(values["ended"]))
    return Verdict(**{**values, "ended": ended, "figures": Figures.from_json(values["figures"])})
