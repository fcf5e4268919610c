"""A walk through a folder that somebody else may be writing to: by descriptors, never along a link.

Covered: links are told, never followed, also where a folder becomes one meanwhile; depth is bounded, so that open
descriptors are. Not covered: entries that come or go during the walk may or may not be told.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

MOST_DEEP = 100
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def entries_below(
    folder: Path, *, unseen: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[int, str, os.stat_result]]:
    """Each entry as the open descriptor of its folder, its name and what it is.

    Other file systems are not entered. `unseen` is told, in words, of a folder that cannot be entered.
    Raises FileNotFoundError or NotADirectoryError for `folder` itself.
    """
    with contextlib.ExitStack() as opened:
        stack = [opened.enter_context(_Folder(os.open(folder, _FOLDER)))]
        device = os.fstat(stack[0].descriptor).st_dev
        while stack:
            entry = next(stack[-1].entries, None)
            if entry is None:
                stack.pop().__exit__()
                continue
            name, status = entry
            yield stack[-1].descriptor, name, status
            if not stat.S_ISDIR(status.st_mode) or status.st_dev != device:
                continue
            if len(stack) >= MOST_DEEP:
                unseen(f"folders nested more than {MOST_DEEP} deep")
                continue
            try:
                inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=stack[-1].descriptor)
            except PermissionError:
                unseen("a folder that cannot be looked into")
            except OSError:  # it is gone, or no folder any more
                continue
            else:
                stack.append(opened.enter_context(_Folder(inner)))


class _Folder:
    """An open folder and what is left of its entries; closed at most once."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.entries = self._entries()

    def _entries(self) -> Generator[tuple[str, os.stat_result]]:
        try:
            with os.scandir(self.descriptor) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.name, entry.stat(follow_symlinks=False)
        except OSError:  # taken away while it was read
            return

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        if self.descriptor >= 0:
            self.entries.close()
            os.close(self.descriptor)
            self.descriptor = -1
