"""The run folder stays where it was, or the run ends at once and says where to go on.

Covered: a folder that is moved or deleted while its run goes on, or replaced by another one of the same name. Its
processes are killed before they write to a place that is no longer theirs, and the database moves along as after
`kill -9`. Not covered: what one of them writes in the part of a second until it is noticed.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from aar.errors import LabFolderError

_DELETED = " (deleted)"
"""What the kernel puts behind the last name of a folder that is gone."""


class Held:
    """A folder by its identity and not by its name; a context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Held:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def gone(self) -> str:
        """What has happened to the folder, and what to do; empty while it is where it was."""
        try:
            if os.path.samestat(self._path.stat(), os.fstat(self._descriptor)):
                return ""
        except (FileNotFoundError, NotADirectoryError):
            pass
        now = self._now()
        if now:
            return (
                f"the run folder {self._path} was moved to {now} while its run went on; the run has ended, nothing "
                f"that counts is lost, go on with: aar run --resume {now}"
            )
        return (
            f"the run folder {self._path} was deleted, or moved to another disk, while its run went on; the run has "
            "ended; if there is a copy, go on with: aar run --resume COPY"
        )

    def check(self) -> None:
        """`LabFolderError` once the folder is no longer where it was."""
        if gone := self.gone():
            raise LabFolderError(gone)

    def _now(self) -> str:
        """Where the folder is now; empty where that cannot be found out, or it is nowhere."""
        try:
            now = str(Path(f"/proc/self/fd/{self._descriptor}").readlink())
        except OSError:
            return ""
        return "" if now.endswith(_DELETED) or now == str(self._path) else now
