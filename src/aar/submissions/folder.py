"""Reads a method from a folder of yours, and says at once what would fail later; it runs nothing."""

from __future__ import annotations

import ast
from pathlib import Path

from aar.errors import BadSnapshot
from aar.submissions.snapshots import MAX_BYTES, check_files
from w2s.errors import NoRun


def read_method(folder: Path) -> dict[str, str]:
    """The Python files of `folder` by name, checked.

    Raises `NoRun` without `method.py` or without `run(bench)` in it, `BadSnapshot` for other files, links,
    or too much text. `__pycache__` and hidden files are passed over.
    """
    main = folder / "method.py"
    if not main.is_file():
        raise NoRun(f"{folder} has no method.py; a method is a folder with method.py that defines run(bench)")
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if "__pycache__" in name.parts or any(part.startswith(".") for part in name.parts):
            continue
        if path.is_symlink():
            raise BadSnapshot(f"{name} is a link; a method is plain Python files, copy what it points to")
        if path.is_dir():
            continue
        if path.suffix != ".py" or path.stat().st_size > MAX_BYTES:
            raise BadSnapshot(f"{name} cannot be part of a method: only .py files, {MAX_BYTES} bytes in all")
        try:
            files[name.as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise BadSnapshot(f"{name} is not UTF-8 text ({error.reason} at byte {error.start})") from error
    check_files(files)
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
    for node in tree.body:
        names = [node.name] if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        if "run" in names:
            return
    raise NoRun("method.py defines no run; write: def run(bench): ... return w2s.Predictions(...)")
