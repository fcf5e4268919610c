"""Supervisors of a real testbed, trained by processes that share the work and may be killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aar import database, ledger
from aar.database import researchers, runs
from aar.errors import WrongFormat
from aar.folder import LabFolder
from aar.run_records import RunEnd
from aar.scoring.truth.preparation import prepare
from aar.scoring.truth.reference_jobs import ReferenceJob, plan
from aar.scoring.truth.reference_keys import ReferenceKeys, taught
from aar.scoring.truth.references import References
from aar.scoring.truth.vault import Vault
from aar.seeds import split_seed, supervisors_of
from aar.settings import Settings
from aar.students.data import read_weak
from w2s.records import SplitName
from w2s.testbeds import load

ONE_OF_EACH = Settings(
    testbed="mini-code", dev_seeds=1, baseline_seeds=1, sealed_seeds=2, floors=1, ceilings=1
)

JOBS = [job for job in plan(ONE_OF_EACH) if job.role == "supervisor"]
SECOND = ReferenceJob("supervisor", "dev", 1)
"""It is about another world than the first."""


class Process:
    """The references' process of a lab, asked as the lab asks it."""

    def __init__(self, folder: LabFolder) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "aar.scoring", "references", str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.there = self.answer()["there"]

    def ask(self, job: ReferenceJob) -> None:
        assert self.popen.stdin is not None
        print(json.dumps(job.place), file=self.popen.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        assert self.popen.stdout is not None
        return dict(json.loads(self.popen.stdout.readline()))

    def train(self, job: ReferenceJob) -> dict[str, Any]:
        self.ask(job)
        return self.answer()

    def end(self) -> int:
        """Ask no more: the exit status."""
        self.popen.communicate(timeout=200)
        return self.popen.returncode


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> LabFolder:
    """A lab whose first references' process was killed in its second job, and whose second ended the work."""
    folder = LabFolder(tmp_path_factory.mktemp("runs") / "lab")
    folder.describe({"testbed": ONE_OF_EACH.testbed, "settings": ONE_OF_EACH.as_json()})
    prepare(folder)
    first = Process(folder)
    assert first.there == []
    assert first.train(JOBS[0])["done"] == list(JOBS[0].place)
    first.ask(JOBS[1])
    first.popen.send_signal(signal.SIGKILL)
    first.popen.communicate()
    done = Vault(folder.vault).reference_path("floor", JOBS[0].split, 0)
    before = done.stat().st_mtime_ns
    second = Process(folder)
    assert second.there == [list(JOBS[0].place)]
    for job in (*JOBS, SECOND):
        assert second.train(job)["core_seconds"] >= 0
    assert second.end() == 0
    assert done.stat().st_mtime_ns == before
    return folder


def test_every_supervisor_has_weak_labels_that_know_something_and_a_floor(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    for name in ("practice", "dev", "sealed"):
        split = vault.part(name, 0)  # type: ignore[arg-type]
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
    vault, testbed, job = Vault(lab.vault), load(ONE_OF_EACH.testbed), ReferenceJob("supervisor", "dev", 0)
    dev = vault.part("dev", 0)
    weights = tmp_path / "weak"
    shutil.copytree(testbed.worlds[dev.world].weak, weights)
    world = replace(testbed.worlds[dev.world], weak=weights)
    copied = replace(testbed, worlds={**testbed.worlds, world.name: world})
    key = ReferenceKeys(vault, testbed).of(job)
    assert key == vault.reference_key("floor", "dev", 0) == ReferenceKeys(vault, copied).of(job)
    (weights / "config.json").write_text((weights / "config.json").read_text() + " ")
    other_truth = Vault(lab.vault)
    first = dev.labelled[0].id
    other_truth.__dict__["truth"] = {**vault.truth, first: 1 - vault.truth[first]}
    others = [
        ReferenceKeys(vault, copied).of(job),
        ReferenceKeys(vault, replace(testbed, weak_recipe=replace(testbed.weak_recipe, epochs=9))).of(job),
        ReferenceKeys(vault, replace(testbed, template=testbed.template + " ")).of(job),
        ReferenceKeys(other_truth, testbed).of(job),
        ReferenceKeys(vault, testbed).of(replace(job, k=1)),
        ReferenceKeys(vault, testbed).of(replace(job, split="practice")),
        ReferenceKeys(vault, testbed).of(replace(job, role="ceiling")),
    ]
    assert len({key, *others}) == 1 + len(others)


def test_a_key_covers_the_world_of_its_pair_and_no_other(lab: LabFolder, tmp_path: Path) -> None:
    vault, testbed = Vault(lab.vault), load(ONE_OF_EACH.testbed)
    second = vault.part("dev", 1)
    shutil.copytree(testbed.worlds[second.world].weak, tmp_path / "weak")
    (tmp_path / "weak" / "config.json").write_text("{}")
    changed = replace(testbed.worlds[second.world], weak=tmp_path / "weak")
    other = replace(testbed, worlds={**testbed.worlds, second.world: changed})
    differ = {
        k: ReferenceKeys(vault, testbed).of(job) != ReferenceKeys(vault, other).of(job)
        for k in (0, 1, 2, 4, *supervisors_of(1)[1:])
        for job in [ReferenceJob("supervisor", "dev", k)]
    }
    assert differ == {0: False, 1: True, 2: False, 4: True, 10_002: True, 10_003: True}


def test_a_supervisor_learns_from_the_labelled_examples_of_its_own_world(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    for split, k, world in (("practice", 0, "north"), ("dev", 1, "west"), ("sealed", 9, "valley")):
        examples = taught(vault, ReferenceJob("supervisor", split, k))  # type: ignore[arg-type]
        assert vault.part(split, k).world == world  # type: ignore[arg-type]
        home = vault.splits["dev" if split == "practice" else split]  # type: ignore[index]
        assert examples == next(part.labelled for part in home if part.world == world)


def test_the_second_supervisor_labels_and_is_tested_on_the_second_world(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    first, second = vault.splits["dev"][:2]
    soft = read_weak(lab.service, "dev", 1, n=len(second.unlabelled))
    agree = [float(np.mean((soft > 0.5) == vault.labels(part.unlabelled))) for part in (first, second)]
    assert agree[1] > max(0.52, agree[0])


def test_what_was_made_from_something_else_is_not_taken_but_made_again(lab: LabFolder) -> None:
    vault = Vault(lab.vault)
    nothing = np.zeros(len(vault.part("dev", 0).test))
    kept = vault.reference_path("floor", "practice", 0).stat().st_mtime_ns
    vault.store_reference("floor", "dev", 0, nothing, key="of another lab")
    vault.store_reference("floor", "sealed", 7, nothing, key="of other settings")
    References(lab).remove_foreign()
    process = Process(lab)
    assert process.there == [list(job.place) for job in (SECOND, *JOBS) if job.place[1:] != ("dev", 0)]
    process.train(ReferenceJob("supervisor", "dev", 0))
    assert process.end() == 0
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
        ledger.record_run(tx, "a run", state="done", end=RunEnd(seconds=1.0, core_seconds=1.0))
    store.close()
    correct = vault.reference("floor", "dev", 0)
    assert correct is not None
    vault.store_reference("floor", "dev", 0, correct, key="of another version")
    with pytest.raises(WrongFormat, match="begin a new lab: figures of both would not compare"):
        References(lab).remove_foreign()
    assert vault.reference_path("floor", "dev", 0).exists()


def test_a_lab_plans_what_its_runs_and_figures_need_and_no_companions() -> None:
    jobs = plan(Settings())
    assert [str(job) for job in jobs[:7]] == [
        "practice supervisor 1",
        *(f"dev supervisor {k}" for k in range(1, 7)),
    ]
    assert jobs[7] == ReferenceJob("ceiling", "dev", 0)
    assert str(jobs[-1]) == "sealed supervisor 9"
    assert len(jobs) == len(set(jobs)) == 1 + 9 + 9 + 9 + 9
    assert all(job.k < 10_000 for job in jobs)


def test_no_supervisor_serves_two_runs() -> None:
    asked = [one for k in range(20) for one in supervisors_of(k)]
    assert len(set(asked)) == len(asked) == 60


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
