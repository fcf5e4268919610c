"""The log of what guests and people wrote at the lab's door: `logs/writes.jsonl`, a line a request, refused ones too.

A line says when, who, by which token, what was asked and how it was answered; never what was in it. What the run's own
researchers write is in the ledger and the lab's log, and not here.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

from aar.api.door import Caller
from aar.database import clock
from aar.database.tokens import Access

MOST_PATH = 300
"""Characters of a request that are kept."""
MOST_BYTES, KEPT = 64 * 2**20, 8
"""Size of the file, about 400,000 requests, after which it is put aside, and how many are kept so."""


@dataclass
class Writes:
    """The log in one file, made with the first line."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keeps(self, caller: Caller | None) -> bool:
        """True for guests and people; not for the run's own researchers, nor for nobody, who might fill the disk."""
        return caller is not None and (caller.access is not Access.RESEARCHER or bool(caller.token))

    def _put_aside(self) -> None:
        """A large file makes room for another one; the oldest goes."""
        if not self.file.is_file() or self.file.stat().st_size < MOST_BYTES:
            return
        for number in range(KEPT, 0, -1):
            older = self.file if number == 1 else self.file.with_name(f"{self.file.name}.{number - 1}")
            if older.is_file():
                older.replace(self.file.with_name(f"{self.file.name}.{number}"))

    def note(self, caller: Caller | None, method: str, path: str, status: int) -> None:
        """Keep one request that was answered; `caller` is None where the token is nobody's."""
        line = {
            "at": round(clock.now(), 3),
            "who": None if caller is None else caller.name,
            "access": None if caller is None else caller.access.value,
            "token": None if caller is None else caller.token,
            "request": f"{method} {path}".encode("ascii", "backslashreplace").decode()[:MOST_PATH],
            "status": status,
        }
        with self._lock:
            self._put_aside()
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
