"""A new lab's files: each reader finds what it may read, and a crash on the way is made good."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from pathlib import Path

import numpy as np
import pytest

from aar.errors import ScoringError, WrongFormat
from aar.folder import LabFolder
from aar.sandboxes import lab_user
from aar.scoring.__main__ import main
from aar.scoring.truth.preparation import prepare, write_practice
from aar.scoring.truth.vault import Vault
from aar.settings import Settings
from aar.students.data import read_splits
from w2s.errors import NotFound


def new_lab(path: Path, *, testbed: str = "mini-chat") -> LabFolder:
    folder = LabFolder(path)
    folder.describe({"testbed": testbed, "settings": Settings(testbed=testbed).as_json()})
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> LabFolder:
    folder = new_lab(tmp_path_factory.mktemp("runs") / "lab")
    prepare(folder)
    return folder


def content(folder: LabFolder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder.path)): path.read_bytes()
        for path in sorted(folder.path.rglob("*"))
        if path.is_file()
    }


def test_the_service_and_researchers_get_texts_and_only_the_vault_the_truth(prepared: LabFolder) -> None:
    vault = Vault(prepared.vault)
    testbed, splits = read_splits(prepared.service)
    assert testbed == "mini-chat"
    assert set(splits) == {"practice", "dev", "sealed"}
    for name, parts in splits.items():
        for part, whole in zip(parts, vault.splits[name], strict=True):
            assert (part.world, part.test) == (whole.world, whole.test)
            assert part.labelled == ()
    assert all(part.labelled for part in vault.splits["dev"])
    every = [part for parts in splits.values() for part in parts]
    assert set(vault.truth) >= {e.id for part in every for e in (*part.unlabelled, *part.test)}
    lines = (prepared.practice / "items.jsonl").read_text().splitlines()
    shown = [json.loads(line) for line in lines]
    (practice,) = splits["practice"]
    assert {line["id"] for line in shown} == {e.id for e in (*practice.unlabelled, *practice.test)}
    assert all(not {"truth", "label", "weak"} & set(line) for line in shown)


def test_practice_shares_no_item_with_what_is_scored(prepared: LabFolder) -> None:
    splits = Vault(prepared.vault).splits
    ids = {
        name: {e.id for part in parts for e in (*part.labelled, *part.unlabelled, *part.test)}
        for name, parts in splits.items()
    }
    assert ids["practice"].isdisjoint(ids["dev"] | ids["sealed"])
    assert ids["dev"].isdisjoint(ids["sealed"])


def test_vault_and_service_are_closed_to_other_users(prepared: LabFolder) -> None:
    for root, role in ((prepared.vault, "scorer"), (prepared.service, "students")):
        owner = lab_user(prepared.path, role)
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
        if owner is not None:
            assert {path.stat().st_uid for path in (root, *root.rglob("*"))} == {owner}
    for path in prepared.vault.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_preparing_twice_is_preparing_once(prepared: LabFolder) -> None:
    before = content(prepared)
    prepare(prepared)
    assert content(prepared) == before


def test_a_resumed_lab_keeps_its_weak_practice_labels(tmp_path: Path) -> None:
    folder = new_lab(tmp_path / "lab")
    vault = prepare(folder)
    write_practice(folder, vault.part("practice", 0), weak=np.full(200, 0.25))
    prepare(folder)
    lines = [json.loads(line) for line in (folder.practice / "items.jsonl").read_text().splitlines()]
    assert [line["weak"] for line in lines if line["part"] == "unlabelled"] == [0.25] * 200
    assert all("weak" not in line for line in lines if line["part"] == "test")


def test_two_labs_have_different_secrets_and_items(prepared: LabFolder, tmp_path: Path) -> None:
    other = prepare(new_lab(tmp_path / "lab"))
    mine = Vault(prepared.vault)
    assert other.seed("supervisor", "dev", 0) != mine.seed("supervisor", "dev", 0)
    assert {e.id for e in other.part("dev", 0).test}.isdisjoint(e.id for e in mine.part("dev", 0).test)


def test_prepare_killed_at_any_moment_works_the_next_time(tmp_path: Path) -> None:
    folder, rng, secrets = new_lab(tmp_path / "lab"), np.random.default_rng(0), set()
    for _ in range(12):
        child = os.fork()
        if child == 0:
            try:
                prepare(folder)
            finally:
                os._exit(0)
        time.sleep(float(rng.uniform(0, 0.3)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        secret = folder.vault / "secret.json"
        if secret.exists():
            secrets.add(secret.read_text())
    vault = prepare(folder)
    secrets.add((folder.vault / "secret.json").read_text())
    assert len(secrets) == 1
    assert read_splits(folder.service)[1]["sealed"][0].test == vault.part("sealed", 0).test


def test_a_folder_that_is_no_lab_and_an_unknown_testbed_are_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WrongFormat):
        prepare(LabFolder(tmp_path))
    with pytest.raises(NotFound, match="mini-chat"):
        prepare(new_lab(tmp_path / "lab", testbed="mini-chta"))
    assert main(["prepare", str(tmp_path / "nothing")]) == 1
    logged, said = capsys.readouterr().err.splitlines()
    assert "INFO aar.scoring: prepare begins" in logged
    assert "is not a run folder" in said


def test_a_lab_that_was_not_prepared_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(ScoringError, match="prepare the lab first"):
        Vault(tmp_path).part("dev", 0)
