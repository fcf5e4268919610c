"""A run folder on a network file system, or without room, is refused in a sentence that says what to do."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from aar.errors import DiskFull, LabFolderError
from aar.launch.place import LEAST_FREE_BYTES, NETWORK, check, file_system

Usage = namedtuple("Usage", "total used free")


def mounts(tmp_path: Path, *lines: tuple[Path, str]) -> Path:
    file = tmp_path / "mounts"
    rows = [("/", "ext4"), *lines]
    file.write_text(
        "".join(f"x {str(at).replace(' ', chr(92) + '040')} {kind} rw 0 0\n" for at, kind in rows)
    )
    return file


@pytest.mark.parametrize("kind", sorted(NETWORK))
def test_a_network_file_system_is_named_with_what_to_do(tmp_path: Path, kind: str) -> None:
    share = tmp_path / "a share"
    folder = share / "runs" / "one"
    folder.mkdir(parents=True)
    table = mounts(tmp_path, (share, kind))
    with pytest.raises(LabFolderError, match=rf"\({kind}\).*--out"):
        check(folder, mounts=table)
    check(tmp_path, mounts=table)


def test_the_deepest_and_the_latest_mount_counts(tmp_path: Path) -> None:
    inner = tmp_path / "share" / "local"
    inner.mkdir(parents=True)
    table = mounts(tmp_path, (tmp_path / "share", "nfs4"), (inner, "tmpfs"), (inner, "xfs"))
    assert file_system(inner / "run", table) == "xfs"
    assert file_system(tmp_path / "share", table) == "nfs4"
    assert file_system(tmp_path / "shared", table) == "ext4"


def test_a_link_to_a_share_is_followed(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "share")
    with pytest.raises(LabFolderError):
        check(tmp_path / "runs", mounts=mounts(tmp_path, (tmp_path / "share", "cifs")))


def test_where_the_kernel_does_not_tell_nothing_is_refused(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "none") == ""
    check(tmp_path, mounts=tmp_path / "none")


def test_too_little_room_is_said_in_mib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, LEAST_FREE_BYTES - 1))
    with pytest.raises(DiskFull, match="only 299 MiB free"):
        check(tmp_path)
