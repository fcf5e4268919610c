"""The database that a run's settings name: in the run's own folder, without a password, and nothing else is touched."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from command_line import aar, one_line

from aar import database
from aar.errors import LabFolderError, SettingsError
from aar.folder import LabFolder
from aar.settings import Settings

OF_FORMAT_5 = Path(__file__).parent / "earlier_labs" / "format_5.sql"


def lab(path: Path, storage: object) -> LabFolder:
    folder = LabFolder(path)
    folder.database.parent.mkdir(parents=True)
    folder.describe({"testbed": "mini-chat", "settings": {**Settings().as_json(), "storage": storage}})
    return folder


def content(folder: LabFolder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.database.parent.iterdir()}


def test_a_file_in_the_folder_that_lab_and_scorer_share_can_be_named(tmp_path: Path) -> None:
    folder = lab(tmp_path / "lab", f"sqlite:///{tmp_path}/lab/db/other.db")
    database.open(folder.storage, create=True).close()
    assert (tmp_path / "lab" / "db" / "other.db").is_file()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///lab.db",
        "sqlite:///db/lab.db",
        "sqlite:////lab.db",
        "sqlite:////etc/hostname",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:lab.db?uri=true",
        "sqlite:///{lab}/lab.db",
        "sqlite:///{lab}/db/../../lab.db",
        "sqlite:///{lab}/db/deeper/lab.db",
        "sqlite:///{lab}/db",
    ],
)
def test_a_file_outside_that_folder_is_refused(tmp_path: Path, url: str) -> None:
    folder = lab(tmp_path / "lab", url.format(lab=tmp_path / "lab"))
    with pytest.raises(LabFolderError, match=r"nothing was opened\. Set storage"):
        _ = folder.storage


def test_a_relative_url_is_refused_wherever_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabFolderError, match="no absolute path"):
        database.open("sqlite:///lab.db", create=True, group=os.getgid())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("linked", ["db", "db/lab.db", "db/lab.db-wal", "db/lab.db-shm"])
def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path, linked: str) -> None:
    folder, outside = lab(tmp_path / "lab", None), tmp_path / "outside"
    folder.database.parent.rmdir()
    outside.mkdir()
    (folder.path / linked).parent.mkdir(exist_ok=True)
    (folder.path / linked).symlink_to(outside if linked == "db" else outside / "lab.db")
    with pytest.raises(LabFolderError, match="not a link to it"):
        _ = folder.storage


def test_a_run_may_lie_behind_a_link(tmp_path: Path) -> None:
    lab(tmp_path / "lab", None)
    (tmp_path / "link").symlink_to(tmp_path / "lab")
    database.open(LabFolder(tmp_path / "link").storage, create=True).close()
    assert (tmp_path / "lab" / "db" / "lab.db").is_file()


@pytest.mark.parametrize("by", ["its settings", "a link"])
def test_a_strangers_folder_cannot_have_another_lab_upgraded(tmp_path: Path, by: str) -> None:
    mine = lab(tmp_path / "mine", None)
    with closing(sqlite3.connect(mine.database)) as base:
        base.executescript(OF_FORMAT_5.read_text())
    stranger = lab(tmp_path / "stranger", f"sqlite:///{mine.database}" if by == "its settings" else None)
    if by == "a link":
        stranger.database.symlink_to(mine.database)
    before = content(mine)
    assert "nothing was opened" in one_line(aar("ledger", "verify", str(stranger.path)))
    assert content(mine) == before


@pytest.mark.parametrize(
    "storage", ["nonsense", "", 5, {"a": 1}, [], True, "postgresql://aar:hunter2@host/lab", "x://h:nan/y"]
)
def test_a_storage_that_cannot_be_is_said_in_words(tmp_path: Path, storage: object) -> None:
    folder = lab(tmp_path / "lab", storage)
    message = one_line(aar("ledger", "verify", str(folder.path)))
    assert f"{folder.description}: the setting storage should be" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url", ["postgresql://aar:hunter2@host/lab", "postgresql://host/lab?user=aar&password=hunter2"]
)
def test_a_password_in_the_settings_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"storage .* without a password") as refused:
        Settings(storage=url)
    assert "hunter2" not in str(refused.value)
    assert Settings(storage="postgresql://aar@host/lab").storage == "postgresql://aar@host/lab"


def test_a_url_that_is_none_is_not_shown_when_it_is_opened() -> None:
    with pytest.raises(LabFolderError, match="DIALECT://") as refused:
        database.open("hunter2")
    assert "hunter2" not in str(refused.value)


def test_a_folder_that_was_there_before_keeps_its_mode_and_its_other_files_theirs(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "lab.db.bak").touch()
    group = 64123 if os.geteuid() == 0 else os.getgid()
    database.open(shared / "lab.db", create=True, group=group).close()
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert shared.stat().st_gid == tmp_path.stat().st_gid
    assert (shared / "lab.db.bak").stat().st_gid == tmp_path.stat().st_gid
    assert (shared / "lab.db").stat().st_gid == group


def test_the_folder_of_a_run_is_shared_with_the_scorer_also_where_it_was_there_before(tmp_path: Path) -> None:
    folder = lab(tmp_path / "lab", None)
    database.open(folder.storage, create=True, group=os.getgid()).close()
    assert stat.S_IMODE(folder.database.parent.stat().st_mode) == 0o2770


def test_json_keeps_a_url_as_it_was_written(tmp_path: Path) -> None:
    folder = lab(tmp_path / "lab", "postgresql:///lab")
    assert json.loads(folder.description.read_text())["settings"]["storage"] == folder.storage
