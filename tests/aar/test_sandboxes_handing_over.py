"""As root, what is handed to another user is what lies in the lab's folder, never what a link there leads to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aar import database
from aar.engines.local import share_with_services
from aar.engines.slot import Slot
from aar.folder import LabFolder
from aar.researchers.workspace import open_workspace
from aar.sandboxes import Profile, SandboxProcess, lab_user
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from aar.scoring.truth.preparation import _hand_over
from aar.settings import Settings

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
    made.describe({"testbed": "mini-chat", "settings": Settings().as_json()})
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
    assert (lab.vault / "real").stat().st_uid == lab_user(lab.path, "scorer")
    assert (lab.service / "real").stat().st_uid == lab_user(lab.path, "students")


def test_a_vault_that_is_itself_a_link_is_left_alone(lab: LabFolder, outside: Path) -> None:
    before = [owner_and_mode(path) for path in (outside, outside / "shadow")]
    for folder in (lab.vault, lab.service):
        (folder / "real").unlink()
        folder.rmdir()
        folder.symlink_to(outside)
    hand_over(lab)
    assert [owner_and_mode(path) for path in (outside, outside / "shadow")] == before


def test_every_role_of_two_labs_has_two_users(tmp_path: Path) -> None:
    roles = ("scorer", "students", "method 0", "method 1", "researcher r1")
    users = [lab_user(tmp_path / lab, role) for lab in ("a", "b", "sub/a") for role in roles]
    assert len(set(users)) == len(users)
    assert users[: len(roles)] == [lab_user(tmp_path / "b" / ".." / "a", role) for role in roles]


def test_two_labs_run_as_two_users(tmp_path: Path) -> None:
    started: list[tuple[str, int | None]] = []

    class Watched(Bubblewrap):
        def start(self, argv: Sequence[str], profile: Profile, **options: Any) -> SandboxProcess:
            started.append((argv[3], profile.uid))
            return super().start(["/bin/true"], profile, **options)

        def start_keeper(self, argv: Sequence[str], profile: Profile, **options: Any) -> SandboxProcess:
            started.append(("workspace", profile.uid))
            return super().start_keeper(argv, profile, **options)

    async def start_all(folder: LabFolder) -> None:
        with ThreadPoolExecutor(1) as executor:
            slot = Slot(
                0,
                Watched(),
                data=folder.service,
                log=folder.path / "log",
                packages=tmp_path,
                executor=executor,
            )
            slot._start_service()
            started.append(("w2s.runner", slot._methods._profile.uid))
            slot.kill()
        workspace = open_workspace(folder.path, "r1")
        workspace._provider = Watched()
        async with workspace:
            assert (await workspace.exec(["id", "-u"])).stdout.strip() == str(started[-1][1])

    for name in ("a", "b"):
        folder = LabFolder(tmp_path / name)
        for path in (folder.service, folder.workspaces):
            path.mkdir(parents=True)
        asyncio.run(start_all(folder))
    first, second = dict(started[:3]), dict(started[3:])
    assert set(first) == set(second) == {"aar.students", "w2s.runner", "workspace"}
    assert len({*first.values(), *second.values()}) == 6


def test_a_moved_lab_is_handed_to_its_new_users(lab: LabFolder) -> None:
    for folder in (lab.blobs, lab.forum):
        folder.mkdir()
    database.open(lab.database, create=True, group=lab_user(lab.path, "scorer")).close()
    (lab.database.parent / "lab.db-wal").touch()
    os.chown(lab.database.parent / "lab.db-wal", 0, lab_user(lab.path, "scorer") or 0)
    hand_over(lab)
    write_in_workspace(lab, "notes/deep/a", "first")

    moved = LabFolder(lab.path.rename(lab.path.with_name("moved")))
    assert lab_user(moved.path, "scorer") != lab_user(lab.path, "scorer")
    database.open(moved.database, create=True, group=lab_user(moved.path, "scorer")).close()
    hand_over(moved)
    assert (moved.vault / "real").stat().st_uid == lab_user(moved.path, "scorer")
    assert (moved.service / "real").stat().st_uid == lab_user(moved.path, "students")
    for file in (moved.database.parent, *moved.database.parent.iterdir()):
        assert file.stat().st_gid == lab_user(moved.path, "scorer")
    write_in_workspace(moved, "notes/deep/a", "second")


def write_in_workspace(lab: LabFolder, path: str, text: str) -> None:
    async def session() -> None:
        async with open_workspace(lab.path, "r1") as workspace:
            done = await workspace.exec(
                ["sh", "-c", f"mkdir -p $(dirname {path}); echo {text} > {path} && ln -sf /etc/passwd link"]
            )
            assert done.returncode == 0, done

    asyncio.run(session())


def test_a_link_that_an_agent_left_is_not_handed_over(lab: LabFolder, outside: Path) -> None:
    before = [owner_and_mode(path) for path in (outside, outside / "shadow")]
    root = lab.workspaces / "r1"
    root.mkdir(parents=True)
    (root / "file").symlink_to(outside / "shadow")
    (root / "folder").symlink_to(outside)
    write_in_workspace(lab, "a", "b")
    assert [owner_and_mode(path) for path in (outside, outside / "shadow")] == before
    assert (root / "a").stat().st_uid == root.stat().st_uid == lab_user(lab.path, "researcher r1")
