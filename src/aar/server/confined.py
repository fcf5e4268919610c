"""How the scorer and its jobs are started: the scorer with its own user, its own files, and no network."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from aar.folder import LabFolder
from aar.sandboxes import Limits, Mount, Profile, choose, uid_for
from aar.server.children import Process, Starter, environment, plain, python

SCORER_LIMITS = Limits(memory_mb=4096, processes=64, file_mb=1024, open_files=512)


def prepare(folder: LabFolder) -> Starter:
    """Make items and vault; ends with its job, before any method is run."""
    return plain(python("aar.scoring", "prepare", str(folder.path)))


def references(folder: LabFolder, *, part: int, of: int) -> Starter:
    """Train supervisors, floors and ceilings; ends with its job, and never serves a method."""
    return plain(python("aar.scoring", "references", str(folder.path), "--part", f"{part}/{of}"))


def scorer(folder: LabFolder) -> Starter:
    """Score for as long as the run lasts, seeing vault, database and finished runs and nothing else."""

    def start(output: BinaryIO) -> Process:
        return choose().start(
            python("aar.scoring", "serve", str(folder.path)),
            Profile(
                mounts=(
                    _mount(folder.description),
                    _mount(folder.database.parent, writable=True),
                    _mount(folder.vault, writable=True),
                    _mount(folder.service),
                    _mount(folder.blobs),
                ),
                env={name: value for name, value in environment().items() if name.endswith("_THREADS")},
                uid=uid_for("scorer"),
                limits=SCORER_LIMITS,
                trusted=True,
            ),
            stdout=output.fileno(),
            stderr=output.fileno(),
        )

    return start


def _mount(path: Path, *, writable: bool = False) -> Mount:
    return Mount(path, str(path), writable=writable)
