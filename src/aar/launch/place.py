"""The place of a run folder: room on its disk, and a file system on which SQLite keeps what it was told.

Covered: too little room at the start; network file systems, whose locks do not hold between machines or at all, as far
as the kernel names them. Not covered: a disk that fills up later (each write says so then), and a network file system
that shows itself under another name (a virtual machine's share).
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from aar.errors import DiskFull, LabFolderError

LEAST_FREE_BYTES = 300 * 2**20
MOUNTS = Path("/proc/self/mounts")
NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ncpfs"),
        *(
            "ceph",
            "fuse.ceph",
            "glusterfs",
            "fuse.glusterfs",
            "lustre",
            "gpfs",
            "beegfs",
            "orangefs",
            "pvfs2",
        ),
        *("fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.blobfuse2"),
    )
)
"""File systems of a network, by the kernel's names."""


def check(folder: Path, *, mounts: Path = MOUNTS) -> None:
    """`DiskFull` or `LabFolderError`, with what to do, where a run in this folder could lose what it wrote."""
    found = file_system(folder, mounts)
    if found in NETWORK:
        raise LabFolderError(
            f"{folder} lies on a network file system ({found}), on which a database loses what two processes write; "
            "choose a local disk with --out, and copy the folder when the run is over"
        )
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise DiskFull(
            f"only {free // 2**20} MiB free at {folder}; a run needs {LEAST_FREE_BYTES // 2**20} MiB"
        )


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The kernel's name of the file system that a folder lies on; empty where it is not known."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    here, best, name = folder.resolve(), Path("/"), ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1]))
        # the last of several that are mounted on one place is the one that is seen
        if here.is_relative_to(place) and len(place.parts) >= len(best.parts):
            best, name = place, fields[2]
    return name
