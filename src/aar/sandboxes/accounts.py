"""One stable unprivileged user for each role, so that process limits bind and files stay apart.

Process limits do not bind root, and a user that depended on the order of starting would own another
researcher's files after a resume; so a user's number is a function of its name alone.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

FIRST = 1_900_000_000
"""Above what distributions, systemd and container engines hand out, below 2**31."""
COUNT = 200_000_000


def uid_for(name: str) -> int | None:
    """User number of a role such as "scorer", "method 3" or "researcher r1"; None where we are not root.

    Put the lab's name in when several labs share a machine: users that coincide share a process limit.

    >>> uid_for("scorer") == uid_for("scorer")
    True
    """
    if os.geteuid() != 0:
        return None
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    first, count = _free_users(Path("/proc/self/uid_map").read_text())
    return first + digest % count if count else None


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
