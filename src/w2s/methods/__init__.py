"""The library's methods: one file each with `run(bench)`, to read, to run, to submit and to build on.

A file here is a whole submission: `{"method.py": source("vanilla")}`. Its constants are its settings, and a variant
is named by those that differ: `source("confident_labels THRESHOLD=0.6")`.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from w2s import blocks
from w2s.errors import BadMethod, NotFound

if TYPE_CHECKING:
    from w2s.bench import Bench
    from w2s.records import Predictions

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Names of the methods, in alphabetical order.

    >>> "vanilla" in names()
    True
    """
    return sorted(file.stem for file in _FOLDER.glob("*.py") if not file.stem.startswith("_"))


def path(name: str) -> Path:
    """The file of method `name`; raises `NotFound` with the nearest names."""
    if name not in names():
        raise NotFound.among("method", name, names())
    return _FOLDER / f"{name}.py"


def constants(name: str) -> dict[str, Any]:
    """The settings of method `name` with their defaults, read without running it.

    >>> constants("confident_labels")
    {'THRESHOLD': 0.75}
    """
    return {constant: ast.literal_eval(node) for constant, node in _constants(name)}


def source(variant: str) -> str:
    """The code of a method, or of a variant of it, which can be submitted as `method.py`.

    `variant` is a name and then, divided by blanks, `CONSTANT=value` with a Python literal for each setting that
    differs. Raises `NotFound` for a method or a constant that there is none of, `BadMethod` for a value that is
    no literal.

    >>> "THRESHOLD = 0.6" in source("confident_labels THRESHOLD=0.6")
    True
    """
    name, *changes = variant.split() or [""]
    lines = path(name).read_text(encoding="utf-8").splitlines(keepends=True)
    places = dict(_constants(name))
    for change in changes:
        constant, _, value = change.partition("=")
        if constant not in places:
            raise NotFound.among(f"setting of {name}", constant, sorted(places))
        try:
            literal = ast.literal_eval(value)
        except (SyntaxError, ValueError) as error:
            raise BadMethod(
                f"{change!r} in {variant!r} is no setting; write {constant}=VALUE, a Python literal without blanks"
            ) from error
        row = places[constant].lineno - 1
        lines[row] = f"{constant} = {literal!r}\n"
    return "".join(lines)


@functools.cache
def building_blocks() -> str:
    """SHA-256 of the modules that methods are made of, as hexadecimal digits: figures belong to it."""
    digest = hashlib.sha256()
    for file in sorted([*_FOLDER.parent.glob("*.py"), *blocks.FOLDER.glob("*.py")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def description(name: str) -> str:
    """Docstring of method `name`: idea, formula, defaults, cost, source; "" if nothing."""
    return ast.get_docstring(ast.parse(source(name))) or ""


def summary(name: str) -> str:
    """The idea of method `name` in one sentence, read without running it.

    >>> summary("vanilla")
    "Fine-tune the strong model on the weak supervisor's labels as if they were true."
    """
    return " ".join(description(name).split("\n\n")[0].split())


def _constants(name: str) -> Iterator[tuple[str, ast.expr]]:
    """Each `NAME = literal` on one line of its own at the top of the file of method `name`."""
    for node in ast.parse(path(name).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and node.lineno == node.end_lineno:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id.isupper():
                with contextlib.suppress(ValueError):
                    ast.literal_eval(node.value)
                    yield target.id, node.value


def load(name: str) -> Callable[[Bench], Predictions]:
    """The `run` function of method `name`; raises `NotFound` with the nearest names."""
    run: Callable[[Bench], Predictions] = importlib.import_module(f"w2s.methods.{path(name).stem}").run
    return run
