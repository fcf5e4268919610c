"""Rows of a public data set, read through `datasets`; every column that is used is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from w2s.errors import Unavailable
from w2s.testbeds.real.problems import refuse

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A data set of the hub: its name, configuration, split, the files to read, and the columns that are used."""

    name: str
    split: str
    columns: tuple[str, ...]
    config: str | None = None
    files: str | None = None


Rows = Callable[[Source], Iterable[Row]]


def from_hub(source: Source) -> Iterator[Row]:
    """The rows of `source`, streamed; `Unavailable` without `datasets`, without a network, or without that set."""
    try:
        from datasets import load_dataset
    except ImportError:
        raise Unavailable(
            "building from public data needs datasets: pip install automated-alignment-researchers[hub]"
        ) from None
    try:
        if source.files is not None:
            files = f"hf://datasets/{source.name}/{source.files}"
            rows = load_dataset("parquet", data_files=files, split="train", streaming=True)
        else:
            rows = load_dataset(source.name, source.config, split=source.split, streaming=True)
        yield from rows
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"the hub did not give {source.name} ({reason}); try again where there is a network, or import the "
            "study's release: aar testbed import FOLDER"
        ) from error


def checked(rows: Rows, source: Source) -> Iterator[Row]:
    """Rows of `source` with every column that is used; `BadTestbed` names the column that is missing."""
    for number, row in enumerate(rows(source), start=1):
        missing = [column for column in source.columns if column not in row]
        if missing:
            raise refuse(
                source.name,
                f"row has no column {missing[0]!r} (it has {', '.join(sorted(row))})",
                "the data set has changed its format since this builder was written; report it",
                line=number,
                field=missing[0],
            )
        yield row


def column(source: Source, row: Row, name: str, kind: type | tuple[type, ...]) -> Any:
    """The value of a column, of the type that the source had when this was written; `BadTestbed` otherwise."""
    value = row[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise refuse(
            source.name,
            f"column {name!r} holds a {type(value).__name__}",
            "the data set has changed its format since this builder was written; report it",
            field=name,
        )
    return value
