"""The ledger of one database: append, verify, mirror as JSON lines."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aar.database import Database, Transaction
from aar.database.verdicts import VerdictStage
from aar.errors import BrokenChain, DiskFull
from aar.ledger.chain import START, Entry, Kind, append, check, entries
from aar.ledger.checking import check_blobs, check_mirror, check_rows
from aar.ledger.leaking import Leak, leaked


@dataclass(frozen=True)
class Verified:
    """A ledger that was checked from its first entry to `head`, the hash of its last.

    `leaks` is what its replies can have told about the labels, by split; `mirrored` how many of its entries the mirror
    holds too (None where nobody looked), `gone` how many runs' arrays are not there any more.
    """

    entries: int
    head: str
    kinds: Mapping[str, int]
    leaks: Mapping[VerdictStage, Leak]
    mirrored: int | None = None
    gone: int = 0


class Ledger:
    """The ledger of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, kind: Kind, body: Mapping[str, Any], *, transaction: Transaction | None = None) -> Entry:
        """Add an entry, in `transaction` (together with the change it records) or in one of its own."""
        if transaction is not None:
            return append(transaction, kind, body)
        with self.database.write() as tx:
            return append(tx, kind, body)

    def verify(self, *, mirror: Path | None = None, blobs: Path | None = None) -> Verified:
        """Check every hash, every recorded row, the bits that were told, and the mirror and runs' arrays where given.

        `BrokenChain` names the break.
        """
        with self.database.read() as tx:
            chain = list(entries(tx))
            previous = START
            for position, entry in enumerate(chain, start=1):
                check(entry, position=position, previous=previous)
                previous = entry.hash
            check_rows(tx, chain)
        leaks = leaked(chain)
        mirrored = check_mirror(chain, mirror) if mirror is not None else None
        gone = check_blobs(chain, blobs) if blobs is not None else 0
        kinds: dict[str, int] = {}
        for entry in chain:
            kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        return Verified(len(chain), previous, kinds, leaks, mirrored=mirrored, gone=gone)

    def export_jsonl(self, path: Path) -> int:
        """Bring the mirror file up to date, on disk when this returns; how many entries were added.

        A line that was cut off by a crash is written again. One exporter at a time.
        """
        try:
            path.touch(exist_ok=True)
            with path.open("r+b") as file:
                end, last = _last_line(file.fileno())
                with self.database.read() as tx:
                    new = list(entries(tx, after=last["seq"] - 1 if last else 0))
                if last is not None:
                    if not new or new[0].hash != last["hash"]:
                        raise BrokenChain(
                            f"entry {last['seq']} of {path} is not in the database's ledger; one was changed"
                        )
                    new = new[1:]
                file.truncate(end)
                file.seek(end)
                file.write("".join(entry.line() + "\n" for entry in new).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DiskFull(f"cannot write {path} ({error.strerror}); free some space, then resume") from error
        return len(new)


def _last_line(descriptor: int) -> tuple[int, dict[str, Any] | None]:
    """End of the last complete line of a file, and its content (None for an empty file)."""
    size = os.fstat(descriptor).st_size
    block = 1 << 16
    while True:
        start = max(0, size - block)
        tail = os.pread(descriptor, size - start, start)
        end = tail.rfind(b"\n") + 1
        begin = tail.rfind(b"\n", 0, max(0, end - 1)) + 1
        if begin > 0 or start == 0:
            break
        block *= 2
    if end == 0:
        return 0, None
    try:
        return start + end, dict(json.loads(tail[begin:end]))
    except ValueError as error:
        raise BrokenChain("the last line of the ledger's mirror is not JSON; was the file edited?") from error
