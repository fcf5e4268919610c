"""The library's methods: one file each with `run(bench)`, to read, to run, to submit and to build on.

A file here is a whole submission: `{"method.py": source("vanilla")}`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from w2s.errors import NotFound

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


def source(name: str) -> str:
    """The code of method `name`, which can be submitted as `method.py`."""
    return path(name).read_text(encoding="utf-8")


def summary(name: str) -> str:
    """The idea of method `name` in one sentence, read without running it.

    >>> summary("vanilla")
    "Fine-tune the strong model on the weak supervisor's labels as if they were true."
    """
    text = ast.get_docstring(ast.parse(source(name))) or ""
    return " ".join(text.split("\n\n")[0].split())


def load(name: str) -> Callable[[Bench], Predictions]:
    """The `run` function of method `name`; raises `NotFound` with the nearest names."""
    run: Callable[[Bench], Predictions] = importlib.import_module(f"w2s.methods.{path(name).stem}").run
    return run
