"""A copy of a whole run folder, while its lab runs or not, that goes on elsewhere as the run itself would.

The database is copied first, as of one moment, and the rest afterwards: what a row speaks of was written before the
row, so that the copy has it; what it has beyond that, the next start ignores or makes again.

Covered: a lab that writes meanwhile, files that vanish meanwhile, what an agent left in its workspace (links are kept
as links; pipes, sockets and folders without an end are left out and told), a copy that breaks off (its folder is
removed). Not covered:
a database on a server, which its own tools copy.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from aar import database
from aar.database.sqlite import SQLite
from aar.errors import BadRequest, DiskFull
from aar.folder import LabFolder
from aar.ledger import Ledger

_LEFT_OUT = frozenset({".lock"})
_PART = ".part"
MOST_DEPTH = 100
"""Folders within each other; what an agent made deeper than that is left out."""


@dataclass(frozen=True)
class Copied:
    """What a copy holds: entries of the ledger, the hash of the last one, and the paths that it leaves out."""

    entries: int
    head: str
    left_out: tuple[str, ...] = ()


def copy(run: Path, to: Path) -> Copied:
    """Copy the run folder `run` to `to`, which is made; the copy's ledger is verified before it gets its name.

    Raises `BadRequest` where `to` is there already, lies in `run`, or the database is no file of the folder;
    `BrokenChain` for a ledger that does not hold; `DiskFull`.
    """
    folder = LabFolder(run.resolve())
    folder.read_description()
    where = folder.storage
    if not isinstance(where, Path):
        raise BadRequest(
            f"the database of {run} is at {_shown(where)}; copy it with the tools of that database"
        )
    to = to.absolute()
    if os.path.lexists(to):
        raise BadRequest(f"{to} is there already; name a folder that is not")
    if to.is_relative_to(folder.path):
        raise BadRequest(f"{to} lies in the run folder itself; name a place outside")
    part = to.with_name(to.name + _PART)
    try:
        part.mkdir(parents=True, mode=0o700)
        made = _copied(folder, where, part)
        part.chmod(stat.S_IMODE(folder.path.stat().st_mode))
        part.rename(to)
    except FileExistsError:
        raise BadRequest(f"{part} is there from a copy that broke off; remove it first") from None
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise DiskFull(f"cannot copy {folder.path} to {to}: {error.strerror or error}") from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return made


def _copied(folder: LabFolder, where: Path, part: Path) -> Copied:
    inner = part / where.relative_to(folder.path)
    inner.parent.mkdir(mode=0o700)
    SQLite(sa.URL.create("sqlite", database=str(where))).copy(inner)
    _like(where.parent, inner.parent)
    left: list[Path] = []
    for entry in sorted(folder.path.iterdir()):
        if entry.name not in _LEFT_OUT and entry != where.parent:
            _copy_below(entry, part / entry.name, left, depth=0)
    made = LabFolder(part)
    store = database.open(inner)
    try:
        book = Ledger(store)
        book.export_jsonl(made.ledger)  # the second copy may have been copied in the middle of a line
        held = book.verify(mirror=made.ledger, blobs=made.blobs)
    finally:
        store.close()
    return Copied(held.entries, held.head, tuple(str(path.relative_to(folder.path)) for path in left))


def _copy_below(source: Path, to: Path, left: list[Path], *, depth: int) -> None:
    """Copy a file, a link or a folder with owner and mode; what is neither goes to `left`, what vanishes is gone."""
    try:
        kind = source.lstat().st_mode
        if stat.S_ISLNK(kind):
            to.symlink_to(source.readlink())
        elif stat.S_ISDIR(kind) and depth < MOST_DEPTH:
            to.mkdir(mode=0o700)
            for entry in sorted(source.iterdir(), key=_late_objects):
                _copy_below(entry, to / entry.name, left, depth=depth + 1)
        elif stat.S_ISREG(kind):
            shutil.copy2(source, to, follow_symlinks=False)
        else:
            left.append(source)
            return
        _like(source, to)
    except PermissionError:
        left.append(source)
    except FileNotFoundError:
        if to.is_dir() and not to.is_symlink():
            return  # a folder that was removed while it was copied
        to.unlink(missing_ok=True)


def _late_objects(path: Path) -> tuple[bool, str]:
    """Objects of a git repository after the references to them: what is written meanwhile lacks no object."""
    return path.name == "objects", path.name


def _like(source: Path, to: Path) -> None:
    """Give `to` the owner and the mode of `source`."""
    state = source.lstat()
    if os.geteuid() == 0:
        os.chown(to, state.st_uid, state.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(state.st_mode):
        to.chmod(stat.S_IMODE(state.st_mode))


def _shown(url: str) -> str:
    return sa.make_url(url).render_as_string(hide_password=True)
