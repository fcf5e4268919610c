"""What researchers handed in: immutable code, with a status that only a verdict changes.

Rows are added and decided through `aar.ledger`; here they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from aar.database.connection import Transaction
from aar.database.researchers import LAB, OPERATORS
from aar.database.schema import submissions as table
from w2s.errors import NotFound

Status = Literal["pending", "failed", "no_improvement", "not_reproduced", "violation", "verified"]
Stage = Literal["dev", "sealed", "done"]


LOST = "the lab lost a run of this submission; the code is not blamed: hand the same code in again, it costs nothing"
"""What the author is told where runs were lost: the one case in which the same code is taken again."""

WITHDRAWN = "withdrawn by its author"
"""What the author is told of it: nothing was decided of the code, whoever hands it in next."""


@dataclass(frozen=True)
class Submission:
    """One submission; `parents` are ids of submissions it builds on, `claim` its author's own words.

    `reply` is what the researcher is told, words only; `request` the caller's own id, so that a request
    that is sent twice submits once.
    """

    id: str
    number: int
    code_hash: str
    commit: str
    researcher: str
    title: str
    summary: str
    parents: tuple[str, ...]
    claim: str
    status: Status
    stage: Stage
    reply: str
    request: str | None
    created: float
    decided: float | None


def audits_key(id: str) -> str:
    """Where the scorer says which runs under an intervention it needs of a submission: [[split, name, k], ...].

    >>> audits_key("s3")
    'audit runs of s3'
    """
    return f"audit runs of {id}"


def get(tx: Transaction, id: str) -> Submission:
    """One submission; `NotFound` with the nearest ids."""
    row = tx.execute(sa.select(table).where(table.c.id == id)).one_or_none()
    if row is None:
        raise NotFound.among("submission", id, tx.scalars(sa.select(table.c.id)))
    return _submission(row)


def all(
    tx: Transaction,
    *,
    researcher: str | None = None,
    stage: Stage | None = None,
    code_hash: str | None = None,
) -> list[Submission]:
    """Submissions in the order they came, of one researcher, at one stage, or with one code hash."""
    query = sa.select(table).order_by(table.c.number)
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    if stage is not None:
        query = query.where(table.c.stage == stage)
    if code_hash is not None:
        query = query.where(table.c.code_hash == code_hash)
    return [_submission(row) for row in tx.execute(query)]


def by_request(tx: Transaction, *, researcher: str, request: str) -> Submission | None:
    """What this request of this researcher submitted earlier, or None."""
    row = tx.execute(
        sa.select(table).where(table.c.researcher == researcher, table.c.request == request)
    ).one_or_none()
    return None if row is None else _submission(row)


def count(tx: Transaction, researcher: str) -> int:
    """How many submissions a researcher has used up: those that the lab lost do not count."""
    own = sa.and_(table.c.researcher == researcher, table.c.reply != LOST)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(own)) or 0)


def count_of_researchers(tx: Transaction) -> int:
    """How many submissions all researchers have used up together; the lab's, operators' and lost ones do not count."""
    theirs = sa.and_(table.c.researcher.not_in((LAB, *OPERATORS)), table.c.reply != LOST)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(theirs)) or 0)


def insert(
    tx: Transaction,
    *,
    code_hash: str,
    commit: str,
    researcher: str,
    title: str,
    summary: str,
    parents: Sequence[str],
    claim: str,
    request: str | None,
    created: float,
) -> Submission:
    """Add a row with the next id; call `aar.ledger.record_submission`, which also writes the ledger."""
    number = int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.number), 0))) or 0) + 1
    tx.execute(
        table.insert().values(
            number=number,
            id=f"s{number}",
            code_hash=code_hash,
            commit=commit,
            researcher=researcher,
            title=title,
            summary=summary,
            parents=list(parents),
            claim=claim,
            status="pending",
            stage="dev",
            reply="",
            request=request,
            created=created,
        )
    )
    return get(tx, f"s{number}")


def decide(tx: Transaction, id: str, *, status: Status, stage: Stage, reply: str, decided: float) -> None:
    """Set what the verdict says; call `aar.ledger.record_verdict`, which also writes the ledger."""
    tx.execute(
        table.update()
        .where(table.c.id == id)
        .values(status=status, stage=stage, reply=reply, decided=decided if stage == "done" else None)
    )


def _submission(row: sa.Row[tuple[object, ...]]) -> Submission:
    values = dict(row._mapping)
    return Submission(**{**values, "parents": tuple(values["parents"])})
