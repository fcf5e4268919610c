"""A copy of a run goes on as the run would, whatever wrote meanwhile, and a copy that fails leaves nothing."""

from __future__ import annotations

import os
import socket
import stat
import threading
from pathlib import Path

import pytest
from fabricated_lab import fabricate
from typer.testing import CliRunner

import aar.database
from aar import ledger
from aar.cli import app, lab  # noqa: F401  (registers its commands)
from aar.database import researchers
from aar.errors import BadRequest, BrokenChain
from aar.folder import LabFolder
from aar.lab.backup import copy
from aar.settings import Settings


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = LabFolder(tmp_path / "run")
    folder.path.mkdir(mode=0o755)
    folder.describe({"testbed": "mini-chat", "settings": Settings().as_json()})
    fabricate(folder.path, monkeypatch)
    folder.lab_secret.write_bytes(b"secret" * 8)
    folder.lab_secret.chmod(0o600)
    work = folder.workspaces / "r1"
    work.mkdir(parents=True)
    (work / "/".join("d" * 120)).mkdir(parents=True)
    (work / "notes.md").write_text("mine")
    (work / "out").symlink_to("/etc/passwd")
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(work / "s"))
    return folder.path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.parent.name != "db"
    }


def test_a_copy_has_everything_as_it_was_and_nothing_that_is_no_file(run: Path, tmp_path: Path) -> None:
    made = copy(run, tmp_path / "kept" / "copy")
    kept = tmp_path / "kept" / "copy"
    assert files(kept) == files(run)
    assert str((kept / "workspaces" / "r1" / "out").readlink()) == "/etc/passwd", "a link stays a link"
    deep, *others = sorted(made.left_out, key=len, reverse=True)
    assert sorted(others) == ["workspaces/r1/pipe", "workspaces/r1/s"]
    assert deep.startswith("workspaces/r1/d/d/d")
    assert not [path for path in made.left_out if (kept / path).exists()]
    assert stat.S_IMODE((kept / "lab.secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.stat().st_mode) == 0o755
    store = aar.database.open(LabFolder(kept).storage)
    held = ledger.Ledger(store).verify(mirror=kept / "ledger.jsonl")
    store.close()
    assert (held.entries, held.head) == (made.entries, made.head)


def test_a_copy_is_of_one_moment_while_others_write(run: Path, tmp_path: Path) -> None:
    store = aar.database.open(LabFolder(run).storage)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with store.write() as tx:
                researchers.add(tx, f"w{number}")
                ledger.append(tx, "note", {"number": number})
            number += 1

    writing = threading.Thread(target=write)
    writing.start()
    try:
        counts = [copy(run, tmp_path / f"copy-{i}").entries for i in range(3)]
    finally:
        stop.set()
        writing.join()
        store.close()
    assert counts == sorted(counts)
    for i, entries in enumerate(counts):
        kept = aar.database.open(LabFolder(tmp_path / f"copy-{i}").storage)
        with kept.read() as tx:
            notes = sum(1 for entry in ledger.entries(tx) if "number" in entry.body)
            written = sum(1 for who in researchers.team(tx) if who.name.startswith("w"))
        assert ledger.Ledger(kept).verify().entries == entries
        assert notes == written, "a row and its entry are there together or not at all"
        kept.close()


def test_what_cannot_be_copied_is_said_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for to in (tmp_path / "there", run / "inside", run):
        with pytest.raises(BadRequest):
            copy(run, to)
    store = aar.database.open(LabFolder(run).storage)
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE ledger SET body = '{}' WHERE seq = 3")
    store.close()
    with pytest.raises(BrokenChain):
        copy(run, tmp_path / "broken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "there"]


def test_the_commands_say_what_was_made_and_how_it_goes_on(run: Path, tmp_path: Path) -> None:
    kept, back = tmp_path / "kept", tmp_path / "back"
    said = CliRunner().invoke(app, ["lab", "backup", str(run), str(kept)])
    assert said.exit_code == 0, said.output
    assert "keep it as you keep the run" in said.stdout
    said = CliRunner().invoke(app, ["lab", "restore", str(kept), str(back)])
    assert said.exit_code == 0, said.output
    assert f"run --resume {back}" in said.stdout
    assert files(back) == files(kept)
