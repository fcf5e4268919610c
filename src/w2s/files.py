"""A file is written whole or not at all: a reader, or a crash, sees the old one or the new one.

Covered: a process that is killed at any moment, writers that race, a disk that fills up, a power cut (the content is on
disk before the file gets its name). Not covered: several files that must change together; after a kill, a hidden file
that ends in `.part` may be left, and nobody reads it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replace the file at `path`, its folder made where it is missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "new" / "note.txt", "seen")
    ...     (Path(folder) / "new" / "note.txt").read_text()
    'seen'
    """
    part = write_beside(path, content, mode=mode)
    try:
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_beside(path: Path, content: str | bytes, *, mode: int = 0o644) -> Path:
    """Write a hidden file beside `path`, on disk when this returns; the caller moves it to its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
