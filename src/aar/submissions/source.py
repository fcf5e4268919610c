"""Submitted files: their hash and their bounds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from aar.errors import BadSnapshot
from w2s.bounds import SUBMISSION_BYTES

_NAME = re.compile(r"(?:[A-Za-z_]\w{0,63}/){0,3}[A-Za-z_]\w{0,63}\.py", re.ASCII)


def code_hash(code: Mapping[str, str]) -> str:
    """SHA-256 over names and contents, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(code.items())).encode()).hexdigest()


def names_companions(code: Mapping[str, str]) -> bool:
    """True if the source names `supervisors`: only then is a run given the companions of its supervisor.

    >>> names_companions({"method.py": "bench.supervisors[1]"}), names_companions({"method.py": "bench.weak"})
    (True, False)
    """
    return any("supervisors" in text for text in code.values())


def check(code: Mapping[str, str]) -> None:
    """Raise `BadSnapshot` for a name that is not a plain Python file, or too much text."""
    size = sum(len(text.encode(errors="replace")) for text in code.values())
    wrong = [name for name in code if not _NAME.fullmatch(name)]
    if wrong:
        raise BadSnapshot(f"{wrong[0]!r} is not a plain .py file name")
    if size > SUBMISSION_BYTES:
        raise BadSnapshot(f"{size} bytes of source; a submission has at most {SUBMISSION_BYTES}")
