"""Only the three files of a release come out of a .tar.gz, and nothing of it decides where they go.

Covered: absolute names, `..`, links, devices, other files, a file twice, too many members, archives that
unpack to more than they may, headers that ask for more memory than that. Nothing is extracted by the
archive's own names or modes: each file is read as bytes into a folder of ours. Not covered: what the files
say; `release` reads them strictly.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, cast

from w2s.testbeds.real.json_lines import FILE_BYTES
from w2s.testbeds.real.problems import Problems, refuse

NAMES = ("train_label.jsonl", "train_unlabel.jsonl", "test.jsonl")
MOST_MEMBERS = 64
_PIECE = 1 << 20
_REMEDY = f"pack only {', '.join(NAMES)}, as plain files"


def find_archive(folder: Path) -> Path | None:
    """The one .tar.gz of a folder that has none of the three files; None if it has any, or no archive.

    Raises `BadTestbed` for several archives.
    """
    if any((folder / name).exists() for name in NAMES):
        return None
    archives = sorted([*folder.glob("*.tar.gz"), *folder.glob("*.tgz")])
    if len(archives) > 1:
        names = ", ".join(path.name for path in archives)
        raise refuse(folder.name, f"has {len(archives)} archives ({names})", "name the one to import")
    return archives[0] if archives else None


def unpack(archive: Path, into: Path) -> None:
    """Write the three files of `archive` to the existing folder `into`; `BadTestbed` for anything else in it."""
    name = archive.name
    seen: set[str] = set()
    count = 0
    try:
        with (
            gzip.open(archive, "rb") as plain,
            tarfile.open(fileobj=cast(IO[bytes], _Bounded(plain, name)), mode="r|") as tar,
        ):
            for member in tar:
                count += 1
                if count > MOST_MEMBERS:
                    raise refuse(name, f"has more than {MOST_MEMBERS} members", _REMEDY)
                wanted = _wanted(member, name)
                if wanted is None:
                    continue
                if wanted in seen:
                    raise refuse(name, f"has {wanted} twice", "keep one")
                seen.add(wanted)
                source = tar.extractfile(member)
                if source is None:
                    raise refuse(name, f"member {wanted!r} is no plain file", _REMEDY)
                with source, (into / wanted).open("xb") as target:
                    while piece := source.read(_PIECE):
                        target.write(piece)
    except FileNotFoundError:
        raise refuse(name, "is missing", "check the path") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise refuse(name, f"is not a whole .tar.gz ({error})", "pack it again") from None
    missing = [wanted for wanted in NAMES if wanted not in seen]
    if missing:
        raise refuse(name, f"lacks {', '.join(missing)}", _REMEDY)


def _wanted(member: tarfile.TarInfo, archive: str) -> str | None:
    """Name of the one of three files that a member is, None for a folder; raises for everything else."""
    path = PurePosixPath(member.name)
    shown = repr(member.name[:80])
    if path.is_absolute() or ".." in path.parts or "\\" in member.name:
        raise refuse(archive, f"member {shown} points outside of the archive", _REMEDY)
    if member.isdir():
        return None
    if not member.isreg():
        raise refuse(archive, f"member {shown} is a link or a device", _REMEDY)
    if path.name not in NAMES:
        raise refuse(archive, f"member {shown} is none of the three files", _REMEDY)
    if member.size > FILE_BYTES:
        raise refuse(archive, f"member {shown} unpacks to {member.size >> 20} MiB", "leave some items out")
    return path.name


class _Bounded:
    """The unpacked bytes of an archive, refused where they pass what three files may have together."""

    def __init__(self, plain: gzip.GzipFile, name: str) -> None:
        self._plain, self._name = plain, name
        self._left = len(NAMES) * FILE_BYTES

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; never more than are left."""
        if size < 0 or size > self._left:
            raise self._too_much()
        piece = self._plain.read(size)
        self._left -= len(piece)
        return piece

    def _too_much(self) -> Problems:
        bound = len(NAMES) * FILE_BYTES >> 20
        return refuse(self._name, f"unpacks to more than {bound} MiB", "leave some items out")
