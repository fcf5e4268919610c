"""Rows of a data set that is on this machine: parquet, JSONL or JSON files in a folder, or in the hub's cache."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from w2s.errors import Unavailable
from w2s.testbeds.real.json_lines import file_problem, numbered, parsed
from w2s.testbeds.real.problems import Problem, Problems, refuse
from w2s.testbeds.real.sources.source import Row, Source

ENDINGS = (".parquet", ".jsonl", ".json", ".jsonl.gz", ".json.gz")
_NO_DATA = frozenset(
    ("dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json", "config.json")
)
_SPLITS = ("train", "validation", "valid", "val", "dev", "test", "eval")
BATCH = 1000
"""Rows of a parquet file that are held at once."""


def folder_of(source: Source, root: Path) -> Path:
    """The folder or file below `root` that holds `source`; `Unavailable` says which names were looked for."""
    owner, _, short = source.name.rpartition("/")
    names = [
        f"{owner}/{short}",
        short,
        f"{owner}--{short}",
        f"{owner}__{short}",
        f"datasets--{owner}--{short}",
    ]
    if not root.is_dir():
        raise Unavailable(f"{root} is not a folder; give one that holds a folder for each data set")
    for name in names:
        if (root / name).is_dir():
            return _snapshot(root / name)
        for ending in ENDINGS:
            if (root / f"{name}{ending}").is_file():
                return root / f"{name}{ending}"
    by_name = {path.name.casefold(): path for path in sorted(root.iterdir()) if path.is_dir()}
    if short.casefold() in by_name:
        return _snapshot(by_name[short.casefold()])
    here = ", ".join(sorted(path.name for path in root.iterdir())[:8]) or "nothing"
    raise Unavailable(
        f"{root} has no folder for {source.name} (looked for {', '.join(names)}; there is {here}); put the data set's "
        f"parquet or JSONL files into {root / short}, or say where it is: --source {short}=PLACE"
    )


def _snapshot(folder: Path) -> Path:
    """The folder itself, or the snapshot in it if it has the form of the hub's cache."""
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file() and (named := snapshots / main.read_text().strip()).is_dir():
        return named
    found = sorted(path for path in snapshots.iterdir() if path.is_dir())
    if not found:
        raise refuse(str(folder), "has no snapshot in it", "download the data set again")
    return max(found, key=lambda path: path.stat().st_mtime)


def cached(source: Source) -> Path | None:
    """The snapshot of `source` in the hub's cache on this machine, if it has files of data."""
    from huggingface_hub import snapshot_download

    try:
        place = snapshot_download(
            source.name, repo_type="dataset", revision=source.revision, local_files_only=True
        )
    except (OSError, ValueError):
        return None
    folder = Path(str(place))
    return folder if _files(source, folder) else None


def rows_in(source: Source, place: Path) -> Iterator[Row]:
    """The rows of the source's split in a folder or a file, with the columns that are used."""
    files = [place] if place.is_file() else _files(source, place)
    if not files:
        here = ", ".join(sorted(path.name for path in place.iterdir())[:8]) if place.is_dir() else "nothing"
        raise Unavailable(
            f"{place} has no {' or '.join(ENDINGS[:3])} file for {source.name}, split {source.split} (it has {here})"
        )
    for path in files:
        yield from _parquet(source, path) if path.name.endswith(".parquet") else _json(path)


def _files(source: Source, folder: Path) -> list[Path]:
    """The files of a split: those that the source names, else by configuration and split in their paths."""
    if source.files is not None and (named := sorted(folder.glob(source.files))):
        return named
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.name.endswith(ENDINGS)
        and path.name not in _NO_DATA
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if source.whole is not None and (whole := [path for path in found if path.name.startswith(source.whole)]):
        return whole
    of_config = [path for path in found if source.config in path.relative_to(folder).parts[:-1]]
    found = of_config or found

    def splits(path: Path) -> set[str]:
        words = re.split(r"[^a-z]+", str(path.relative_to(folder)).casefold())
        return set(words) & set(_SPLITS)

    named_split = [path for path in found if source.split in splits(path)]
    chosen = named_split or [path for path in found if not splits(path)]
    # a data set's other tables lie in folders of their own beside the one that is meant
    depth = min((len(path.parts) for path in chosen), default=0)
    return [path for path in chosen if len(path.parts) == depth] if source.config is None else chosen


def _parquet(source: Source, path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise Unavailable(
            "reading parquet needs pyarrow: pip install automated-alignment-researchers[hub]"
        ) from None
    try:
        with parquet.ParquetFile(path) as file:
            wanted = [name for name in file.schema_arrow.names if name in source.used]
            for batch in file.iter_batches(batch_size=BATCH, columns=wanted):
                yield from batch.to_pylist()
    except (ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0][:120]
        raise refuse(path.name, f"cannot be read as parquet ({reason})", "download it again") from None


def _json(path: Path) -> Iterator[Row]:
    """Rows of a JSONL file or of one JSON array, packed or not; a torn line is named."""
    if path.name.endswith(".gz"):
        try:
            content = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, ValueError) as error:
            raise refuse(path.name, f"is not a whole .gz ({error})", "download it again") from None
        yield from _lines_or_array(path, content)
        return
    whole = file_problem(path, path.name)
    if whole is not None and whole.line == 0:
        raise Problems([whole])
    if whole is not None:
        yield from _lines_or_array(path, path.read_bytes())
        return
    for number, raw in numbered(path):
        yield _object(parsed(raw, path.name, number))


def _lines_or_array(path: Path, content: bytes) -> Iterator[Row]:
    if content.lstrip()[:1] != b"[":
        for number, raw in enumerate(content.rstrip().split(b"\n"), start=1):
            yield _object(parsed(raw, path.name, number))
        return
    try:
        rows: Any = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise refuse(path.name, f"is not JSON ({str(error)[:80]})", "download it again") from None
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise refuse(path.name, f"member {number} is no object", "a row is an object with the columns")
        yield row


def _object(row: dict[str, Any] | Problem) -> Row:
    if isinstance(row, Problem):
        raise Problems([row])
    return row
