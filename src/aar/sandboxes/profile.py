"""A profile is everything that a sandbox may see and use.

A profile says what goes in. What never goes in, whatever the profile: a network, the host's environment,
the host's processes, privileges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Mount:
    """A host folder or file that appears at `target` inside, read-only unless `writable`."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Limits:
    """Bounds on one sandbox.

    Attributes:
        memory_mb: resident memory of all its processes together; files in /tmp and /dev/shm come on top.
        processes: processes and threads at once; as root, of all sandboxes under the same user together.
        file_mb: the largest file, and the size of each of /tmp and /dev/shm.
        disk_mb: space that all files of the writable mounts occupy together; None: no bound.
        files: files and folders in the writable mounts; None: no bound.
        open_files: descriptors of one process.
        cpu_seconds: processor time of all its processes together.
        wall_seconds: time from its start.
    """

    memory_mb: int = 2048
    processes: int = 64
    file_mb: int = 64
    disk_mb: int | None = 4096
    files: int | None = 100_000
    open_files: int = 256
    cpu_seconds: float | None = None
    wall_seconds: float | None = None


@dataclass(frozen=True)
class Profile:
    """Everything that one sandbox is given.

    Attributes:
        mounts: host folders and files; the user must be allowed to read them (not their parents).
        env: the whole environment, apart from PATH, HOME, LANG and what Python needs.
        uid: the user it runs as where the host process is root (see `accounts.uid_for`); None elsewhere.
        limits: bounds on its processes.
        cwd: where it starts.
        python: bind this interpreter and its packages, read-only, with `w2s` and `aar` masked.
        hidden: further host paths to mask wherever they would be visible.
        packages: a folder made by `open_w2s`; mounted at /opt/w2s and put on PYTHONPATH.
        trusted: mount the real `w2s` and `aar` packages instead (scorer, student service); still no network.
    """

    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    limits: Limits = field(default_factory=Limits)
    cwd: str = "/"
    python: bool = True
    hidden: tuple[Path, ...] = ()
    packages: Path | None = None
    trusted: bool = False

    @property
    def stores(self) -> list[Path]:
        """The host folders that it can fill."""
        return [mount.source for mount in self.mounts if mount.writable]
