"""Entries whose hash covers the entry and the hash before it: no past entry changes unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from aar.database import Transaction, clock
from aar.database.schema import ledger as table
from aar.errors import BrokenChain

Kind = Literal["lab", "submission", "run", "again", "verdict", "charge", "reference", "note"]

START = "0" * 64
"""Hash before the first entry."""

_LAST = sa.select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1)
_INSERT = table.insert()


@dataclass(frozen=True)
class Entry:
    """One line of the ledger; `at` is UTC in ISO 8601, `hash` covers the rest."""

    seq: int
    kind: Kind
    body: Mapping[str, Any]
    previous: str
    hash: str
    at: str

    def line(self) -> str:
        """The entry as one line of JSON, as `ledger.jsonl` holds it."""
        return canonical(vars(self))


def canonical(value: object) -> str:
    """JSON in the one spelling that is hashed.

    >>> canonical({"b": 1, "a": 0.5})
    '{"a":0.5,"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def entries(tx: Transaction, *, after: int = 0) -> Iterator[Entry]:
    """Entries with a number above `after`, in order."""
    for row in tx.execute(sa.select(table).where(table.c.seq > after).order_by(table.c.seq)):
        try:
            body = json.loads(row.body)
        except ValueError as error:
            raise BrokenChain(f"entry {row.seq} of the ledger is not JSON any more") from error
        yield Entry(**{**row._mapping, "body": body})


def length(tx: Transaction) -> int:
    """Number of entries."""
    return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.max(table.c.seq), 0))) or 0)


def append(tx: Transaction, kind: Kind, body: Mapping[str, Any]) -> Entry:
    """Add an entry to the chain within a write transaction."""
    last = tx.execute(_LAST).one_or_none()
    at = clock.iso(clock.now())
    seq, previous = (1, START) if last is None else (last.seq + 1, last.hash)
    text = canonical(body)
    entry = Entry(
        seq=seq,
        kind=kind,
        body=json.loads(text),
        previous=previous,
        hash=_hash(seq=seq, kind=kind, body=body, at=at, previous=previous),
        at=at,
    )
    tx.execute(_INSERT, {**vars(entry), "body": text})
    return entry


def _hash(*, seq: int, kind: str, body: Mapping[str, Any], at: str, previous: str) -> str:
    text = canonical({"seq": seq, "kind": kind, "body": body, "at": at, "previous": previous})
    return hashlib.sha256(text.encode()).hexdigest()


def check(entry: Entry, *, position: int, previous: str) -> None:
    """`BrokenChain` unless `entry` is number `position` and follows the hash `previous`."""
    if entry.seq != position:
        raise BrokenChain(f"entry {position} of the ledger is missing; the next is entry {entry.seq}")
    if entry.previous != previous:
        raise BrokenChain(f"entry {entry.seq} ({entry.kind}) does not follow the entry before it")
    expected = _hash(seq=entry.seq, kind=entry.kind, body=entry.body, at=entry.at, previous=entry.previous)
    if expected != entry.hash:
        raise BrokenChain(f"entry {entry.seq} ({entry.kind}, {entry.at}) was changed after it was written")
