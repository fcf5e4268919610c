"""As root, what is handed to another user is what lies in the lab's folder, never what a link there leads to."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aar.engines.local import share_with_services
from aar.engines.slot import Slot
from aar.folder import LabFolder
from aar.sandboxes import choose, uid_for
from aar.scoring.prepare import _hand_over

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def owner_and_mode(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, found.st_mode


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "shadow").write_text("root's own")
    (folder / "shadow").chmod(0o600)
    return folder


@pytest.fixture
def lab(tmp_path: Path) -> LabFolder:
    made = LabFolder(tmp_path / "lab")
    for folder in (made.vault, made.service):
        folder.mkdir(parents=True)
        (folder / "real").write_text("the lab's")
    return made


def hand_over(lab: LabFolder) -> None:
    _hand_over(lab)
    share_with_services(lab.service)


def test_links_in_a_resumed_lab_are_left_alone(lab: LabFolder, outside: Path) -> None:
    before = [owner_and_mode(path) for path in (outside, outside / "shadow")]
    for folder in (lab.vault, lab.service):
        (folder / "file").symlink_to(outside / "shadow")
        (folder / "folder").symlink_to(outside)
        (folder / "nowhere").symlink_to(outside / "missing")
    hand_over(lab)
    assert [owner_and_mode(path) for path in (outside, outside / "shadow")] == before
    assert (lab.vault / "file").lstat().st_uid == 0
    assert (lab.vault / "real").stat().st_uid == uid_for("scorer")
    assert (lab.service / "real").stat().st_uid == uid_for("students")


def test_a_vault_that_is_itself_a_link_is_left_alone(lab: LabFolder, outside: Path) -> None:
    before = [owner_and_mode(path) for path in (outside, outside / "shadow")]
    for folder in (lab.vault, lab.service):
        (folder / "real").unlink()
        folder.rmdir()
        folder.symlink_to(outside)
    hand_over(lab)
    assert [owner_and_mode(path) for path in (outside, outside / "shadow")] == before


def test_methods_of_two_labs_run_as_two_users(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        first, again, other = (
            Slot(
                0,
                choose(None),
                data=tmp_path / lab / "service",
                log=tmp_path / "log",
                packages=tmp_path,
                executor=executor,
            )
            for lab in ("a", "a", "b")
        )
    assert first.uid == again.uid
    assert first.uid != other.uid
