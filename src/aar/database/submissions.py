"""Submissions of researchers: immutable code, with a status that only a verdict changes.

Rows are added and decided through `aar.ledger`; here they are read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import sqlalchemy as sa

from aar.database.connection import Transaction
from aar.database.researchers import Role
from aar.database.schema import researchers as researchers_table
from aar.database.schema import submissions as table
from w2s.errors import NotFound

Status = Literal["pending", "failed", "no_improvement", "not_reproduced", "violation", "verified"]
Stage = Literal["dev", "sealed", "done"]


class Ended(StrEnum):
    """End of a submission; its status holds the result."""

    DECIDED = "decided"
    """By a verdict on what its runs gave."""
    LOST = "lost"
    """The lab lost a run of it; the code is not blamed, and the same code is taken again."""
    WITHDRAWN = "withdrawn"
    """By its author; nothing was decided of the code, also for its next author."""
    CANCELLED = "cancelled"
    """By the person who runs the lab."""
    OVERRULED = "overruled"
    """A person gave it another status than its verdict."""


UNDECIDED = (Ended.LOST, Ended.WITHDRAWN)
"""Ends after which nothing was decided of a code, though its submission is done."""


@dataclass(frozen=True)
class Submission:
    """One submission.

    Attributes:
        id: How everybody names it.
        number: Its place in the order in which they came, from 1.
        code_hash: Hash of the code alone; the same for the same code.
        commit: The snapshot that holds the code.
        researcher: Its author.
        role: In which role the author acted.
        title: One line by its author.
        summary: The author's description.
        parents: Ids of the submissions that it builds on.
        claim: What the author says of its own score; shown as a claim, never counted.
        status: The latest result.
        stage: Where it is judged now.
        ended: How it ended; None while it is undecided.
        reply: What the author is told, in words that only people and researchers read.
        request: The caller's own id, so that a request that is sent twice submits once.
        created: When it was handed in.
        decided: When it ended.
    """

    id: str
    number: int
    code_hash: str
    commit: str
    researcher: str
    role: Role
    title: str
    summary: str
    parents: tuple[str, ...]
    claim: str
    status: Status
    stage: Stage
    ended: Ended | None
    reply: str
    request: str | None
    created: float
    decided: float | None


def get(tx: Transaction, id: str) -> Submission:
    """One submission; `NotFound` with the nearest ids."""
    row = tx.execute(sa.select(table).where(table.c.id == id)).one_or_none()
    if row is None:
        raise NotFound.among("submission", id, tx.scalars(sa.select(table.c.id)))
    return _submission(row)


def named(tx: Transaction, ids: Collection[str]) -> dict[str, Submission]:
    """The submissions with these ids, by id."""
    rows = tx.execute(sa.select(table).where(table.c.id.in_(ids))) if ids else ()
    return {row.id: _submission(row) for row in rows}


def all(
    tx: Transaction,
    *,
    researcher: str | None = None,
    stage: Stage | None = None,
    code_hash: str | None = None,
    role: Role | None = None,
) -> list[Submission]:
    """Submissions in the order they came, of one researcher or role, at one stage, or with one code hash."""
    query = sa.select(table).order_by(table.c.number)
    if researcher is not None:
        query = query.where(table.c.researcher == researcher)
    if stage is not None:
        query = query.where(table.c.stage == stage)
    if code_hash is not None:
        query = query.where(table.c.code_hash == code_hash)
    if role is not None:
        query = query.where(table.c.role == role.value)
    return [_submission(row) for row in tx.execute(query)]


def undecided(tx: Transaction) -> list[Submission]:
    """Submissions that are not decided, in the order they came."""
    query = sa.select(table).where(table.c.stage != "done").order_by(table.c.number)
    return [_submission(row) for row in tx.execute(query)]


def codes(tx: Transaction, *statuses: Status) -> set[str]:
    """The hashes of all code that has one of these statuses."""
    query = sa.select(table.c.code_hash).where(table.c.status.in_(statuses)).distinct()
    return {str(code) for code in tx.scalars(query)}


def any_but_baselines(tx: Transaction) -> bool:
    """True if anything was submitted besides the lab's own baselines."""
    query = sa.select(sa.literal(1)).where(table.c.role != Role.BASELINE.value).limit(1)
    return tx.execute(query).first() is not None


def by_request(tx: Transaction, *, researcher: str, request: str) -> Submission | None:
    """Earlier submission of the same request by the same researcher, or None."""
    row = tx.execute(
        sa.select(table).where(table.c.researcher == researcher, table.c.request == request)
    ).one_or_none()
    return None if row is None else _submission(row)


def count(tx: Transaction, researcher: str) -> int:
    """Number of submissions that a researcher has used up: those that the lab lost do not count."""
    own = sa.and_(table.c.researcher == researcher, _COUNTS)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(own)) or 0)


def count_of_researchers(tx: Transaction) -> int:
    """Number of submissions that all researchers have used up: those that the lab lost do not count."""
    counted = sa.and_(table.c.role == Role.RESEARCHER.value, _COUNTS)
    return int(tx.scalar(sa.select(sa.func.count()).select_from(table).where(counted)) or 0)


_COUNTS = table.c.ended.is_distinct_from(Ended.LOST.value)


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
            role=sa.select(researchers_table.c.role)
            .where(researchers_table.c.name == researcher)
            .scalar_subquery(),
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


def decide(
    tx: Transaction, id: str, *, status: Status, stage: Stage, ended: Ended | None, reply: str, decided: float
) -> None:
    """Set what the verdict says; call `aar.ledger.record_verdict`, which also writes the ledger."""
    tx.execute(
        table.update()
        .where(table.c.id == id)
        .values(
            status=status,
            stage=stage,
            ended=None if ended is None else ended.value,
            reply=reply,
            decided=decided if stage == "done" else None,
        )
    )


def _submission(row: sa.Row[tuple[object, ...]]) -> Submission:
    values = dict(row._mapping)
    typed = {
        "role": Role(values["role"]),
        "ended": None if values["ended"] is None else Ended(values["ended"]),
        "parents": tuple(values["parents"]),
    }
    return Submission(**{**values, **typed})
