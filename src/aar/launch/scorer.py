"""Start of the scorer and of its first job: the scorer with its own user, its own files, and no network."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from aar import logs
from aar.folder import LabFolder
from aar.launch.children import Process, Starter, plain
from aar.processes import environment, python
from aar.sandboxes import Limits, Mount, Profile, choose, lab_user

# the lab's own code: a bound on what vault and database hold would end a long study
SCORER_LIMITS = Limits(memory_mb=4096, processes=64, file_mb=1024, open_files=512, disk_mb=None, files=None)


def prepare(folder: LabFolder) -> Starter:
    """Make items and vault; ends with its job, before any method is run."""
    return plain(python("aar.scoring", "prepare", str(folder.path)))


def scorer(folder: LabFolder, sandbox: str | None) -> Starter:
    """Score for as long as the run lasts, seeing vault, database and finished runs and nothing else.

    `sandbox` is the provider by name; None: the first that works.
    """

    def start(output: BinaryIO) -> Process:
        return choose(sandbox).start(
            python("aar.scoring", "serve", str(folder.path)),
            Profile(
                mounts=(
                    _mount(folder.description),
                    _mount(folder.database.parent, writable=True),
                    _mount(folder.vault, writable=True),
                    _mount(folder.service),
                    _mount(folder.blobs),
                ),
                env={name: value for name, value in environment().items() if _shown(name)},
                uid=lab_user(folder.path, "scorer"),
                limits=SCORER_LIMITS,
                trusted=True,
            ),
            stdout=output.fileno(),
            stderr=output.fileno(),
        )

    return start


def _shown(name: str) -> bool:
    return name.endswith("_THREADS") or name == logs.VARIABLE


def _mount(path: Path, *, writable: bool = False) -> Mount:
    return Mount(path, str(path), writable=writable)
