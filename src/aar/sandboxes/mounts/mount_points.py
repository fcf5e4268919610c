"""Mount points below a folder that an agent owns, made without following any link it may have left there."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath


def make_mount_point(root: Path, inner: PurePosixPath, *, is_folder: bool) -> None:
    """Make `inner` below `root` a real folder (or file), following no link that an agent may have left there.

    Whatever else has the name is moved aside. Call it while nothing runs in the workspace.
    """
    folder = os.open(root, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for position, name in enumerate(inner.parts, start=1):
            last = position == len(inner.parts)
            flags = os.O_DIRECTORY if is_folder or not last else os.O_PATH
            try:
                child = _open_plain(name, flags, folder)
            except FileNotFoundError:
                _make(name, folder, is_folder=is_folder or not last)
                child = _open_plain(name, flags, folder)
            os.close(folder)
            folder = child
    finally:
        os.close(folder)


def _open_plain(name: str, flags: int, folder: int) -> int:
    try:
        handle = os.open(name, flags | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise
        os.rename(name, f"{name}.moved-{os.urandom(4).hex()}", src_dir_fd=folder, dst_dir_fd=folder)
        raise FileNotFoundError(name) from error
    return handle


def _make(name: str, folder: int, *, is_folder: bool) -> None:
    if is_folder:
        os.mkdir(name, 0o755, dir_fd=folder)
    else:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder))
