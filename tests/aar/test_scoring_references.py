"""Supervisors of a real testbed, trained by processes that share the work and may be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aar import database, ledger
from aar.database import researchers, runs
from aar.errors import WrongFormat
from aar.folder import LabFolder
from aar.scoring.content_keys import ContentKeys
from aar.scoring.prepare import prepare
from aar.scoring.references import ReferenceJob, plan, run_references
from aar.scoring.vault import Vault
from aar.seeds import split_seed, supervisors_of
from aar.settings import Settings
from aar.students.data import read_weak
from w2s.records import SplitName
from w2s.testbeds import load


def references(folder: LabFolder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "aar.scoring", "references", str(folder.path), "--only", "supervisors"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> LabFolder:
    """A lab whose first references process was killed in its second job, and whose second ended the work."""
    folder = LabFolder(tmp_path_factory.mktemp("runs") / "lab")
    settings = Settings(dev_seeds=1, baseline_seeds=1, sealed_seeds=1, floors=1, ceilings=1)
    folder.describe({"testbed": "mini-chat", "settings": settings.as_json()})
    prepare(folder)
    first = references(folder)
    done = folder.vault / "references" / "floor-dev-0.safetensors"
    while not done.exists():
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = done.stat().st_mtime_ns
    second = references(folder)
    output, _ = second.communicate(timeout=200)
    assert second.returncode == 0
    assert done.stat().st_mtime_ns == before
    lines = [json.loads(line) for line in output.splitlines()]
    assert lines[0] == {"done": 1, "total": 9, "what": "practice supervisor 1"}
    assert lines[-1]["done"] == lines[-1]["total"] == 9
    return folder


def test_every_supervisor_has_weak_labels_that_know_something_and_a_floor(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    for name in ("practice", "dev", "sealed"):
        split = vault.splits[name]  # type: ignore[index]
        soft = read_weak(lab.service, name, 0, n=len(split.unlabelled))  # type: ignore[arg-type]
        accuracy = float(np.mean((soft > 0.5) == vault.labels(split.unlabelled)))
        # weak but not blind; 200 practice items in some dozen questions say little
        assert (0.4 if name == "practice" else 0.52) < accuracy < 0.85
        floor = vault.reference("floor", name, 0)  # type: ignore[arg-type]
        assert floor is not None
        assert floor.shape == (len(split.test),)


def test_researchers_get_the_practice_supervisors_labels(lab: LabFolder) -> None:
    lines = [json.loads(line) for line in (lab.practice / "items.jsonl").read_text().splitlines()]
    shown = [line["weak"] for line in lines if line["part"] == "unlabelled"]
    soft = read_weak(lab.service, "practice", 0, n=len(shown))
    assert np.allclose(shown, soft, atol=1e-6)


def test_a_key_covers_model_recipe_prompt_items_truth_and_seed(lab: LabFolder, tmp_path: Path) -> None:
    vault, testbed, job = Vault(lab.vault), load("mini-chat"), ReferenceJob("supervisor", "dev", 0)
    weights = tmp_path / "weak"
    shutil.copytree(testbed.worlds[vault.splits["dev"].world].weak, weights)
    world = replace(testbed.worlds[vault.splits["dev"].world], weak=weights)
    copied = replace(testbed, worlds={**testbed.worlds, world.name: world})
    key = ContentKeys(vault, testbed).of(job)
    assert key == vault.reference_key("floor", "dev", 0) == ContentKeys(vault, copied).of(job)
    (weights / "config.json").write_text((weights / "config.json").read_text() + " ")
    other_truth = Vault(lab.vault)
    first = vault.splits["dev"].labelled[0].id
    other_truth.__dict__["truth"] = {**vault.truth, first: 1 - vault.truth[first]}
    others = [
        ContentKeys(vault, copied).of(job),
        ContentKeys(vault, replace(testbed, weak_recipe=replace(testbed.weak_recipe, epochs=9))).of(job),
        ContentKeys(vault, replace(testbed, template=testbed.template + " ")).of(job),
        ContentKeys(other_truth, testbed).of(job),
        ContentKeys(vault, testbed).of(replace(job, k=1)),
        ContentKeys(vault, testbed).of(replace(job, split="practice")),
        ContentKeys(vault, testbed).of(replace(job, role="ceiling")),
    ]
    assert len({key, *others}) == 1 + len(others)


def test_what_was_made_from_something_else_is_not_taken_but_made_again(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    nothing = np.zeros(len(vault.splits["dev"].test))
    kept = vault.reference_path("floor", "practice", 0).stat().st_mtime_ns
    vault.store_reference("floor", "dev", 0, nothing, key="of another lab")
    vault.store_reference("floor", "sealed", 7, nothing, key="of other settings")
    output, _ = (process := references(lab)).communicate(timeout=200)
    assert process.returncode == 0
    assert json.loads(output.splitlines()[0]) == {"done": 8, "total": 9, "what": "dev supervisor 1"}
    made = vault.reference("floor", "dev", 0)
    assert made is not None
    assert made.mean() > 0.4
    assert vault.reference_key("floor", "sealed", 7) is None
    assert vault.reference_path("floor", "practice", 0).stat().st_mtime_ns == kept


def test_a_lab_that_was_scored_is_not_continued_with_other_models(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    store = database.open(lab.database, create=True)
    with store.write() as tx:
        researchers.add(tx, "r1")
        facts = {"researcher": "r1", "code_hash": "c", "commit": "c", "split": "dev", "student_seed": "0"}
        runs.queue(tx, "a run", pair_index=0, supervisor_seed=0, nominal_cost=1.0, **facts)  # type: ignore[arg-type]
        ledger.record_run(tx, "a run", state="done", seconds=1.0, core_seconds=1.0)
    store.close()
    correct = vault.reference("floor", "dev", 0)
    assert correct is not None
    vault.store_reference("floor", "dev", 0, correct, key="of another version")
    with pytest.raises(WrongFormat, match="begin a new lab: figures of both would not compare"):
        run_references(lab, progress=lambda line: None, only="supervisors")
    assert vault.reference_path("floor", "dev", 0).exists()


def test_what_a_run_needs_first_is_made_first() -> None:
    jobs = plan(Settings(), sealed_supervisors=12)
    assert [str(job) for job in jobs[:6]] == [
        *(f"dev supervisor {k}" for k in range(1, 6)),
        "practice supervisor 1",
    ]
    assert all(job.k >= 10_000 for job in jobs[6:18])  # the companions of practice's one and dev's five
    assert jobs[18] == ReferenceJob("ceiling", "dev", 0)
    own = [job for job in jobs if job.k < 10_000]
    assert [str(job) for job in own[-2:]] == ["sealed supervisor 11", "sealed supervisor 12"]
    assert len(own) == 10 + 1 + 10 + 12 + 10
    assert len(jobs) == len(own) + 2 * (1 + 5 + 12)
    assert len(set(jobs)) == len(jobs)


def test_every_run_finds_its_supervisors_and_shares_none() -> None:
    made = {(job.split, job.k) for job in plan(Settings()) if job.role == "supervisor"}
    for split, count in (("practice", 1), ("dev", 5), ("sealed", 10)):
        asked = [one for k in range(count) for one in supervisors_of(k)]
        assert len(set(asked)) == len(asked) == 3 * count
        assert {(split, one) for one in asked} <= made


def test_a_labs_seeds_for_practice_dev_and_sealed_are_disjoint(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault")
    vault.create()
    seeds = [
        vault.seed(role, split, k)
        for role in ("supervisor", "ceiling")
        for split in ("practice", "dev", "sealed")
        for k in range(50)
    ]
    assert len(set(seeds)) == len(seeds)


@given(secret=st.binary(min_size=16, max_size=32))
def test_no_seed_serves_two_splits_whatever_is_drawn(secret: bytes) -> None:
    splits: tuple[SplitName, ...] = ("practice", "dev", "sealed")
    drawn = {split: {split_seed(secret, f"student|{k}", split) for k in range(20)} for split in splits}
    assert not drawn["practice"] & drawn["dev"]
    assert not (drawn["practice"] | drawn["dev"]) & drawn["sealed"]
    assert all(0 <= seed < 2**31 for seeds in drawn.values() for seed in seeds)
