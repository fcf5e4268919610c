"""Submitted files: their hash, the names they may log, and the private folder they run from."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aar.errors import BadSnapshot
from w2s.bounds import LOGGED_NAMES, SUBMISSION_BYTES

_NAME = re.compile(r"(?:[A-Za-z_]\w{0,63}/){0,3}[A-Za-z_]\w{0,63}\.py", re.ASCII)


def code_hash(code: Mapping[str, str]) -> str:
    """SHA-256 over names and contents, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(code.items())).encode()).hexdigest()


def log_names(code: Mapping[str, str]) -> tuple[str, ...]:
    """The first 32 names that stand in the source as `something.log(name=...)`.

    >>> log_names({"method.py": "bench.log(loss=1.0, **extra)"})
    ('loss',)
    """
    found: dict[str, None] = {}
    for name in sorted(code):
        try:
            tree = ast.parse(code[name])
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # it will not run either
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "log"
            ):
                found.update((keyword.arg, None) for keyword in node.keywords if keyword.arg)
    return tuple(name for name in found if len(name) <= 40)[:LOGGED_NAMES]


@contextmanager
def private_folder(code: Mapping[str, str], *, uid: int | None) -> Iterator[Path]:
    """A fresh folder with the files of `code`, readable by `uid` alone, and gone afterwards.

    Raises `BadSnapshot` for a name that is not a plain Python file, or too much text.
    """
    size = sum(len(text.encode(errors="replace")) for text in code.values())
    wrong = [name for name in code if not _NAME.fullmatch(name)]
    if wrong or size > SUBMISSION_BYTES:
        raise BadSnapshot(
            f"{wrong[0]!r} is not a plain .py file name"
            if wrong
            else f"{size} bytes of source; a submission has at most {SUBMISSION_BYTES}"
        )
    with tempfile.TemporaryDirectory(prefix="method-") as made:
        folder = Path(made)
        for name, text in code.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace", newline="")
        if uid is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, -1)
        yield folder
