"""Submitted files: the one rule for their names, sizes and depths, and their hash.

`aar score`, the researchers' tools, snapshots and engines all ask here.

Covered: names that leave the folder, hide, or shadow a library; anything but Python text; links; size. Not covered:
what the code does (that is the sandbox's part).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aar.errors import BadSnapshot
from w2s.bounds import SUBMISSION_BYTES
from w2s.errors import NoRun

MOST_FILES = 32

_PART = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_NAME = re.compile(rf"(?:{_PART}/)?{_PART}\.py", re.ASCII)
_TAKEN = frozenset({"w2s", "aar", "numpy", "torch", "sitecustomize", "usercustomize"})
"""Names that would hide a library."""


def code_hash(code: Mapping[str, str]) -> str:
    """SHA-256 over names and contents, whatever their order."""
    return hashlib.sha256(json.dumps(sorted(code.items())).encode()).hexdigest()


def names_companions(code: Mapping[str, str]) -> bool:
    """True if the source names `supervisors`: only then is a run given the companions of its supervisor.

    >>> names_companions({"method.py": "bench.supervisors[1]"}), names_companions({"method.py": "bench.weak"})
    (True, False)
    """
    return any("supervisors" in text for text in code.values())


def check(files: Mapping[str, str]) -> None:
    """`BadSnapshot` unless every file is Python text with a plain name, and all are small together.

    >>> check({"method.py": "def run(bench): ...", "parts/denoise.py": ""})
    >>> check({"../method.py": ""})
    Traceback (most recent call last):
    aar.errors.BadSnapshot: file name '../method.py' is not allowed; use NAME.py or FOLDER/NAME.py ...
    """
    if not files:
        raise BadSnapshot("no files; a method is a folder with method.py")
    if len(files) > MOST_FILES:
        raise BadSnapshot(f"{len(files)} files; at most {MOST_FILES} are allowed")
    size = 0
    folded: dict[str, str] = {}
    for name, text in files.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise BadSnapshot(
                f"file name {name!r:.80} is not allowed; use NAME.py or FOLDER/NAME.py of plain letters"
            )
        if name.removesuffix(".py").partition("/")[0] in _TAKEN:
            raise BadSnapshot(f"{name} would hide a library of that name; choose another")
        for path in {name, name.rpartition("/")[0] or name}:
            if folded.setdefault(path.casefold(), path) != path:
                raise BadSnapshot(
                    f"{name} and {folded[path.casefold()]} differ only in letter case; rename one"
                )
        if not isinstance(text, str):
            raise BadSnapshot(f"{name} is not text; only Python source is stored")
        try:
            size += len(text.encode())
        except UnicodeEncodeError as error:
            raise BadSnapshot(f"{name} is not UTF-8 text ({error.reason}); save it as UTF-8") from error
        if "\0" in text:
            raise BadSnapshot(f"{name} holds a zero byte; only Python source is stored")
    if size > SUBMISSION_BYTES:
        raise BadSnapshot(
            f"{size} bytes of source; at most {SUBMISSION_BYTES} are allowed: shorten the method"
        )


Kind = Literal["file", "link", "other"]


@dataclass(frozen=True)
class Found:
    """Something in a method's folder: its path below it, and for a regular file its first bytes.

    Whoever lists a folder reads up to one byte more of a file than a submission may have, so that too much is seen.
    """

    name: str
    kind: Kind
    data: bytes = b""


def method_of(entries: Iterable[Found], *, folder: str) -> dict[str, str]:
    """The files of a method by name, from everything that is in its folder: one rule for all who submit one.

    `__pycache__` and hidden files are passed over. Raises `NoRun` without `method.py` or without `run(bench)` in it,
    `BadSnapshot` for other files, links, or too much text.

    >>> method_of([Found("method.py", "file", b"def run(bench): ..."), Found(".git/x", "file")], folder="mine")
    {'method.py': 'def run(bench): ...'}
    """
    files: dict[str, str] = {}
    for part in sorted(entries, key=lambda part: part.name):
        if any(step == "__pycache__" or step.startswith(".") for step in part.name.split("/")):
            continue
        if part.kind == "link":
            raise BadSnapshot(
                f"{part.name} is a link; a method is plain Python files, copy what it points to"
            )
        if part.kind != "file" or not part.name.endswith(".py") or len(part.data) > SUBMISSION_BYTES:
            raise BadSnapshot(
                f"{part.name} cannot be part of a method: only .py files, {SUBMISSION_BYTES} bytes in all"
            )
        try:
            files[part.name] = part.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadSnapshot(
                f"{part.name} is not UTF-8 text ({error.reason} at byte {error.start})"
            ) from error
    if "method.py" not in files:
        raise NoRun(f"{folder} has no method.py; a method is a folder with method.py that defines run(bench)")
    check(files)
    check_run(files["method.py"])
    return files


def check_run(source: str) -> None:
    """`NoRun` unless `source` is Python that defines or imports a function `run`.

    >>> check_run("def run(bench): ...")
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise NoRun(
            f"method.py is not valid Python: {getattr(error, 'msg', error)} at line {line}"
        ) from error
    except (MemoryError, RecursionError) as error:  # how Python's parser ends on deep nesting
        raise NoRun(
            "method.py is nested too deeply for Python to read it; write shorter expressions"
        ) from error
    for node in tree.body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if "run" in names:
            return
    raise NoRun("method.py defines no run; write: def run(bench): ... return w2s.Predictions(...)")
