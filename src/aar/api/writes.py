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
"""Characters of a path that are kept."""


@dataclass
class Writes:
    """The log in one file, made with the first line."""

    file: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keeps(self, caller: Caller | None) -> bool:
        """True if what this caller writes is kept here: all but the run's own researchers'."""
        return caller is None or caller.access is not Access.RESEARCHER or bool(caller.token)

    def note(self, caller: Caller | None, method: str, path: str, status: int) -> None:
        """Keep one request that was answered; `caller` is None where the token is nobody's."""
        line = {
            "at": round(clock.now(), 3),
            "who": None if caller is None else caller.name,
            "access": None if caller is None else caller.access.value,
            "token": None if caller is None else caller.token,
            "request": f"{method} {path[:MOST_PATH]}",
            "status": status,
        }
        with self._lock:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
