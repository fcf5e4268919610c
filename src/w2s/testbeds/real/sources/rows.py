"""Rows of a public data set, from the hub, its cache or a folder; every column that is used is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from w2s.errors import NotFound, Unavailable
from w2s.testbeds.real.problems import refuse
from w2s.testbeds.real.sources.local import cached, folder_of, rows_in
from w2s.testbeds.real.sources.source import Row, Rows, Source

__all__ = ["Row", "Rows", "Source", "checked", "column", "from_hub", "from_places", "number"]
_CHANGED = "the data set has changed its format since this builder was written; report it"


def from_hub(source: Source) -> Iterator[Row]:
    """The rows of `source`, streamed; where the hub does not answer, the copy in its cache on this machine.

    `Unavailable` without `datasets`, or where the set is neither within reach nor here.
    """
    try:
        from datasets import load_dataset
    except ImportError:
        raise Unavailable(
            "building from public data needs datasets: pip install automated-alignment-researchers[hub], or the data "
            "in a folder: --sources FOLDER"
        ) from None
    begun = False
    try:
        if source.files is not None:
            at = f"@{source.revision}" if source.revision else ""
            files = f"hf://datasets/{source.name}{at}/{source.files}"
            rows = load_dataset("parquet", data_files=files, split="train", streaming=True)
        else:
            rows = load_dataset(
                source.name, source.config, split=source.split, revision=source.revision, streaming=True
            )
        known = rows.column_names or []
        if wanted := [name for name in known if name in source.used]:
            rows = rows.select_columns(wanted)
        for row in rows:
            begun = True
            yield row
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        if begun:  # half a data set is not one
            raise Unavailable(
                f"the hub stopped in the middle of {source.name} ({reason}); start again, or download it and give its "
                "folder: --sources FOLDER"
            ) from error
        yield from _here(source, reason, error)


def _here(source: Source, reason: str, error: Exception) -> Iterator[Row]:
    """The rows of a copy on this machine: files that were downloaded, or what `datasets` has prepared."""
    if (folder := cached(source)) is not None:
        yield from rows_in(source, folder)
        return
    try:
        from datasets import DownloadConfig, load_dataset

        rows = load_dataset(
            source.name,
            source.config,
            split=source.split,
            revision=source.revision,
            download_config=DownloadConfig(local_files_only=True),
        )
    except (OSError, ValueError):
        raise Unavailable(
            f"the hub did not give {source.name} ({reason}), and there is no copy in its cache; try again where there "
            f"is a network, or run: hf download --repo-type dataset {source.name}; or give a folder with its files: "
            "--sources FOLDER; or import the study's release: aar testbed import FOLDER"
        ) from error
    yield from rows


def from_places(*, root: Path | None = None, places: Mapping[str, str] | None = None) -> Rows:
    """Rows from where a user says: a folder for each data set below `root`, or a place for a data set by its name.

    A place is a folder or a file, or another name on the hub: "owner/name", with ":configuration" and "@revision"
    where there are any. Without either, the hub.
    """
    given = dict(places or {})

    def rows(source: Source) -> Iterator[Row]:
        short = source.name.rpartition("/")[2]
        place = given.get(source.name, given.get(short))
        if place is None:
            return from_hub(source) if root is None else rows_in(source, folder_of(source, root))
        path = Path(place).expanduser()
        if path.exists():
            return rows_in(source, path)
        if place.startswith(("/", "./", "../", "~")):
            raise Unavailable(f"--source {short}={place}: there is no such folder or file")
        if place.startswith("@"):
            return from_hub(replace(source, revision=place[1:]))
        name, _, revision = place.partition("@")
        name, _, config = name.partition(":")
        files = source.files if name == source.name else None
        moved = replace(source, name=name, revision=revision or None, files=files)
        return from_hub(replace(moved, config=config) if config else moved)

    return rows


def parsed_places(texts: list[str], known: tuple[Source, ...]) -> dict[str, str]:
    """Options NAME=PLACE as a mapping; `NotFound` for a name that no builder reads."""
    names = {name for source in known for name in (source.name, source.name.rpartition("/")[2])}
    places = {}
    for text in texts:
        name, sign, place = (part.strip() for part in text.partition("="))
        if not sign or not place:
            raise refuse(
                "--source",
                f"is {text!r}",
                "write NAME=PLACE, e.g. HelpSteer2=./helpsteer2 or HelpSteer2=@main",
            )
        if name not in names:
            raise NotFound.among("data set", name, names)
        places[name] = place
    return places


def checked(
    rows: Rows, source: Source, *, skip: Callable[[str], None] = lambda reason: None
) -> Iterator[Row]:
    """Rows of `source` with every column that is used; `BadTestbed` names a column that is missing.

    A row with a null in one of them is left out; `skip` is told why.
    """
    short = source.name.rpartition("/")[2]
    for line, row in enumerate(rows(source), start=1):
        missing = [column for column in source.columns if column not in row]
        if source.either and not any(column in row for column in source.either):
            missing.append(" or ".join(source.either))
        if missing and line > 1:  # some writers leave a null out
            skip(f"{short}: a row without a value in {missing[0]!r}")
            continue
        if missing:
            raise refuse(
                source.name,
                f"row has no column {missing[0]!r} (it has {', '.join(sorted(row))})",
                _CHANGED,
                line=line,
                field=missing[0],
            )
        empty = next((name for name in source.columns if _null(row[name])), None)
        if empty is None and source.either and all(_null(row.get(name)) for name in source.either):
            empty = " or ".join(source.either)
        if empty is not None:
            skip(f"{short}: a row without a value in {empty!r}")
            continue
        yield row


_SAID = ("role", "content", "ground_truth")
"""Members of an object that are looked at; others may be null."""


def _null(value: Any) -> bool:
    """True for null, for the NaN that some writers put there, and for a list or object that lacks what is used."""
    if isinstance(value, Mapping):
        return any(name in value and _null(value[name]) for name in _SAID)
    if isinstance(value, list):
        return any(_null(part) for part in value)
    return value is None or value != value


def column(source: Source, row: Row, name: str, kind: type | tuple[type, ...]) -> Any:
    """The value of a column, of the type that the source had when this was written; `BadTestbed` otherwise."""
    value = row[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise refuse(source.name, f"column {name!r} holds a {type(value).__name__}", _CHANGED, field=name)
    return value


def number(source: Source, row: Row, name: str) -> float:
    """A numeric column: a whole number is one too where a null elsewhere made all of them decimals."""
    return float(column(source, row, name, (int, float)))
