"""What a guest may read: the practice items and the open package `w2s`, by addresses that lead nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import w2s
from w2s.errors import NotFound

PRACTICE, SOURCE = "aar://practice/", "aar://w2s/"
_OPEN = ("blocks", "methods")
"""Folders of `w2s` that method authors read; its modules at the top are open, too."""


@dataclass(frozen=True)
class Readable:
    """One file: its address, and where it lies."""

    address: str
    path: Path

    @property
    def kind(self) -> str:
        """Media type of the content."""
        kinds = {".py": "text/x-python", ".md": "text/markdown", ".json": "application/json"}
        return kinds.get(self.path.suffix, "text/plain")


def readable(practice: Path) -> Mapping[str, Readable]:
    """Every file by address; `practice` is the lab's folder of practice items."""
    package = Path(w2s.__file__).parent
    found = [
        Readable(f"{PRACTICE}{path.name}", path) for path in sorted(practice.glob("*")) if path.is_file()
    ]
    modules = [
        *package.glob("*.py"),
        *(path for name in _OPEN for path in (package / name).rglob("*.py")),
    ]
    found += [Readable(f"{SOURCE}{path.relative_to(package).as_posix()}", path) for path in sorted(modules)]
    return {one.address: one for one in found}


def read(practice: Path, address: str) -> tuple[Readable, str]:
    """A file and its text; `NotFound` for an address that is not in the list."""
    known = readable(practice)
    if address not in known:
        raise NotFound.among("resource", address, known)
    return known[address], known[address].path.read_text(encoding="utf-8")
