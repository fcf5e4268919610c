"""A data set that items are made of: its name, which of its files, and the columns that are used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A data set of the hub, or a copy of it.

    Attributes:
        name: Its name on the hub, owner and all.
        split: Split that is read.
        columns: Columns that every row must have.
        config: Configuration of the data set.
        files: Pattern of the files to read, below its folder.
        either: Columns of which every row must have one.
        optional: Columns that may be missing or null.
        whole: Beginning of the name of a file that holds everything, where others hold parts of it.
        revision: Branch, tag or commit; the newest if it is None.
    """

    name: str
    split: str
    columns: tuple[str, ...]
    config: str | None = None
    files: str | None = None
    either: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    whole: str | None = None
    revision: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """Every column that is looked at."""
        return (*self.columns, *self.either, *self.optional)


Rows = Callable[[Source], Iterable[Row]]
