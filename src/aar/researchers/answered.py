"""What an answered call has used, written down before the lab is told and until the lab has taken it.

A session may be killed between the provider's answer and the lab's word, or while the lab itself is away. Its
transcript does not help then: Inspect writes a call down only after the lab has taken it. So the count lies in the run
folder, and the lab looks there before it charges a call at its estimate.

Covered: a process killed at any moment after the answer, together with the lab or alone. Not covered: a call that was
cut off before its answer, whose true count nobody learns; a full disk, on which the call counts as cut off.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from aar.prices import Tokens
from aar.researchers import running
from w2s.files import write_whole

logger = logging.getLogger(__name__)

FOLDER = "answered"
MOST_BYTES = 10_000
MOST_TOKENS = 100_000_000
"""Of one call; more is a damaged file."""
CONTEXT = "context_tokens"
_NAMES = (*(field.name for field in fields(Tokens)), CONTEXT)
_PART = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Answered:
    """The calls of one researcher that are answered, and of which the lab does not know yet.

    Attributes:
        logs: Folder of the transcripts (`LabFolder.inspect_logs`).
        researcher: Name of the researcher.
    """

    logs: Path
    researcher: str

    def note(self, call: str, used: Mapping[str, int]) -> None:
        """Write down what a call has used: the tokens of `aar.prices.Tokens`, and `context_tokens`."""
        path = self._path(call)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(dict(used)))
        except OSError as error:  # the call itself is well, and the lab is told next
            logger.warning("what a call has used cannot be kept: %s", error)

    def forget(self, call: str) -> None:
        """The lab knows of it."""
        path = self._path(call)
        if path is not None:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def find(self, call: str) -> tuple[Tokens, int] | None:
        """What a call has used, and how large its context was; None where nothing is known, or nothing that can be."""
        path = self._path(call)
        try:
            if path is None or path.is_symlink() or path.stat().st_size > MOST_BYTES:
                return None
            used = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(used, dict) or not used.keys() <= set(_NAMES):
            return None
        if not all(type(number) is int and 0 <= number <= MOST_TOKENS for number in used.values()):
            return None
        context = used.pop(CONTEXT, 0)
        return Tokens(**used), context

    def _path(self, call: str) -> Path | None:
        if not (_PART.fullmatch(call) and _PART.fullmatch(self.researcher)):
            return None
        return self.logs / running.FOLDER / FOLDER / f"{self.researcher}-{call}.json"


def forget_all(logs: Path) -> None:
    """Nobody is in a call any more, and the lab has what there was."""
    for path in (logs / running.FOLDER / FOLDER).glob("*.json"):
        with contextlib.suppress(OSError):
            path.unlink()
