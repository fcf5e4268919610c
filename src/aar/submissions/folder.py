"""Reads a method from a folder of yours, and says at once what would fail later; it runs nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aar.submissions.source import Found, method_of
from w2s.bounds import SUBMISSION_BYTES
from w2s.errors import NoRun


def read_method(folder: Path) -> dict[str, str]:
    """The Python files of `folder` by name, checked by the rule that all doors share (`aar.submissions.source`)."""
    if not folder.exists():
        raise NoRun(f"{folder} does not exist; give a folder with method.py")
    if not folder.is_dir():
        raise NoRun(f"{folder} is a file; give its folder, {folder.parent}")
    return method_of(_found(folder), folder=str(folder))


def _found(folder: Path) -> Iterator[Found]:
    for place, folders, names in os.walk(folder):
        below = Path(place).relative_to(folder)
        for name in (*folders, *names):
            path, shown = Path(place) / name, (below / name).as_posix()
            if path.is_symlink():
                yield Found(shown, "link")
            elif path.is_file():
                with path.open("rb") as stream:
                    yield Found(shown, "file", stream.read(SUBMISSION_BYTES + 1))
            elif not path.is_dir():
                yield Found(shown, "other")
