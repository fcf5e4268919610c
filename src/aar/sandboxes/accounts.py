"""One stable unprivileged user for each role of each lab, so that process limits bind and files stay apart.

Process limits do not bind root, and a user that depended on the order of starting would own another
researcher's files after a resume; so a user's number is a function of the lab's folder and the role's name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from aar.sandboxes.watch.folder_walk import entries_below

FIRST = 1_900_000_000
"""Above what distributions, systemd and container engines hand out, below 2**31."""
COUNT = 200_000_000


def uid_for(name: str) -> int | None:
    """User number that goes with a name; None where we are not root. A lab's roles have theirs by `lab_user`.

    >>> uid_for("test") == uid_for("test")
    True
    """
    if os.geteuid() != 0:
        return None
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    first, count = _free_users(Path("/proc/self/uid_map").read_text())
    return first + digest % count if count else None


def lab_user(lab: Path, role: str) -> int | None:
    """User number of "scorer", "students", "method 3" or "researcher r1" of the lab in the folder `lab`.

    Two labs share no user: one could read the other's vault, and would use up its processes. A lab that was
    moved gets other users; the code that starts its processes hands their files over (`hand_over`).

    >>> lab_user(Path("runs/a"), "scorer") == lab_user(Path("runs/b/../a"), "scorer")
    True
    """
    return uid_for(f"{lab.resolve()} {role}")


def hand_over(root: Path, uid: int | None) -> None:
    """Make `root` and everything in it belong to `uid`; nothing where that is None.

    A link is left alone: in a folder that came from elsewhere, or that an agent wrote, it may lead anywhere.
    Call it while nothing runs as the folder's user.
    """
    if uid is None or root.is_symlink() or not root.is_dir():
        return
    for folder, name, entry in entries_below(root):
        if not stat.S_ISLNK(entry.st_mode) and (entry.st_uid, entry.st_gid) != (uid, uid):
            os.chown(name, uid, uid, dir_fd=folder, follow_symlinks=False)
    os.lchown(root, uid, uid)  # last: the folder's own user tells that all is done


def _free_users(uid_map: str) -> tuple[int, int]:
    """First user and how many, from the kernel's map of this namespace; (0, 0) if there are none to spare.

    >>> _free_users("0 0 4294967295")
    (1900000000, 200000000)
    >>> _free_users("0 1000 1\\n1 100000 65536")
    (1001, 64536)
    """
    first, count = 0, 0
    for line in uid_map.splitlines():
        start, _, length = (int(field) for field in line.split())
        if start <= FIRST and start + length >= FIRST + COUNT:
            return FIRST, COUNT
        if length - 1000 > count:
            first, count = start + 1000, length - 1000
    return first, count
