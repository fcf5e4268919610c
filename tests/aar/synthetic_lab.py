"""A lab whose runs are made up: real vault, database and blobs, predictions drawn at a chosen accuracy."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors.numpy import save

from aar import database, ledger
from aar.database import Transaction, meta, researchers, runs, standing, submissions, verdicts, wanted_runs
from aar.database.figures import Figures
from aar.feedback import Feedback
from aar.folder import LabFolder
from aar.run_records import RunEnd, RunError
from aar.scoring.evidence.source import Source
from aar.scoring.truth.vault import Vault
from aar.scoring.verdicts.judge import Judge
from aar.settings import Settings
from aar.students.interventions import SWAPPED, swap
from w2s.records import Example, Split, SplitName, part_of

State = Literal["done", "failed", "lost"]
Accuracy = float | Sequence[float]
"""Of a method: the same everywhere, or one a world."""
BASELINES = {"vanilla": 0.66, "confident_labels": 0.68, "zero_shot": 0.64}
FLOOR, CEILING = 0.60, 0.95
SUPERVISORS = 10
"""Of sealed: what the latest attempt gets."""
ITEMS = {"practice": 20, "dev": 600, "sealed": 600}
_BUILT: dict[str, tuple[tempfile.TemporaryDirectory[str], dict[str, Any]]] = {}
"""By settings and seed: a prepared lab, and what its builder knew of it."""
_JUDGED: dict[str, tuple[tempfile.TemporaryDirectory[str], Mapping[str, Any], int]] = {}
"""By kind of lab: one whose baselines are judged, its generator's state and the number of its submissions."""


@dataclass
class SyntheticLab:
    """A prepared lab with references; `submit` a method by its accuracy, then `judge()`, which makes audits' runs too.

    `cheats` is the share of exchanged items of which every method knows the truth by the handle. Runs with another
    submission's seeds are finished too: `like` names, by submission, whose method it repeats under other seeds.
    Dev and sealed have `worlds` parts each, and pairs of seeds take these in turn; practice has one.
    `denied` is what each run was denied, None if nobody counted.
    """

    path: Path
    baselines: tuple[str, ...] = tuple(BASELINES)
    dev_seeds: int = 3
    seed: int = 0
    worlds: int = 1
    made: int = 0
    cheats: float = 0.0
    breaks: str = ""
    denied: dict[str, int] | None = None
    feedback: Feedback = "ladder"
    like: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    judge: Judge = field(init=False)

    def __post_init__(self) -> None:
        self.folder = LabFolder(self.path)
        self.settings = Settings(
            baselines=self.baselines, dev_seeds=self.dev_seeds, baseline_seeds=5, feedback=self.feedback
        )
        self.rng = np.random.default_rng(self.seed)
        kind = repr((self.settings, self.seed, self.worlds))
        if kind not in _BUILT:
            self._build()
            self.db.close()
            known = {"truth": self.truth, "splits": self.splits, "hard": self.hard}
            _BUILT[kind] = self._kept(), {**known, "chance": self.rng.bit_generator.state}
        else:
            kept, known = _BUILT[kind]
            shutil.copytree(kept.name, self.path, dirs_exist_ok=True)
            self.truth, self.splits, self.hard = known["truth"], known["splits"], known["hard"]
            self.rng.bit_generator.state = known["chance"]
        self._open()

    def _build(self) -> None:
        self.folder.describe({"testbed": "mini-chat", "settings": self.settings.as_json()})
        self.vault = Vault(self.folder.vault)
        self.vault.create()
        splits: dict[SplitName, tuple[Split, ...]] = {
            "practice": (self._part("practice", 0),),
            "dev": tuple(self._part("dev", world) for world in range(self.worlds)),
            "sealed": tuple(self._part("sealed", world) for world in range(self.worlds)),
        }
        every = [e for parts in splits.values() for part in parts for e in (*part.unlabelled, *part.test)]
        self.truth = {e.id: int(self.rng.random() < 0.5) for e in every}
        self.vault.store_items(splits)
        self.vault.store_truth(self.truth)
        self.splits = splits
        # how hard an item is, is the same for whoever answers it
        self.hard = {
            name: tuple(self.rng.random(len(part.test)) for part in parts) for name, parts in splits.items()
        }
        self.references("dev", floors=10, ceilings=10)
        self.references("sealed", floors=SUPERVISORS, ceilings=10)
        self.folder.blobs.mkdir()
        self.db = database.open(self.folder.database, create=True)
        with self.db.write() as tx:
            for name in (researchers.LAB, researchers.OPERATOR, researchers.FRESH, "r1", "r2", "r3"):
                researchers.add(tx, name, direction="")
            meta.put(tx, "testbed", "mini-chat")
            ledger.append(tx, "lab", {"testbed": "mini-chat", "settings": self.settings.as_json()})

    def _judge(self) -> Judge:
        def code(submission: submissions.Submission) -> dict[str, str]:
            return {"method.py": self.code.get(submission.id, f"def run(bench): ... # {submission.id}")}

        return Judge(self.db, Source(self.vault, self.folder.blobs, code), self.settings)

    def references(self, split: SplitName, *, floors: int, ceilings: int) -> None:
        """Write floors and ceilings of a split."""
        for k in range(floors):
            self.vault.store_reference("floor", split, k, self._correct(split, k, FLOOR), key="made up")
        for k in range(ceilings):
            self.vault.store_reference("ceiling", split, k, self._correct(split, k, CEILING), key="made up")

    def with_baselines(self) -> SyntheticLab:
        """Submit the baselines with finished runs on both splits, and judge them.

        Done once for each kind of lab; the next one of that kind is a copy of the first, as it was then.
        """
        kind = repr((self.settings, self.seed, self.worlds, self.cheats, self.breaks))
        plain = not (self.made or self.like or self.code or self.denied)
        if plain and kind in _JUDGED:
            self._take(*_JUDGED[kind])
            return self
        for name in self.baselines:
            one = self.submit("lab", dev=BASELINES[name], title=name, seeds=5)
            self.run(one, "sealed", BASELINES[name], seeds=SUPERVISORS)
        self.settle()
        if plain:
            self.db.close()
            _JUDGED[kind] = (self._kept(), self.rng.bit_generator.state, self.made)
            self._open()
        return self

    def _kept(self) -> tempfile.TemporaryDirectory[str]:
        """A copy of the lab's folder; its database must be closed."""
        kept = tempfile.TemporaryDirectory()
        shutil.copytree(self.path, kept.name, dirs_exist_ok=True)
        return kept

    def _take(self, kept: tempfile.TemporaryDirectory[str], chance: Mapping[str, Any], made: int) -> None:
        self.db.close()
        shutil.rmtree(self.path)
        shutil.copytree(kept.name, self.path)
        self.rng.bit_generator.state = chance
        self.made = made
        self._open()

    def _open(self) -> None:
        self.vault = Vault(self.folder.vault)
        self.db = database.open(self.folder.database)
        self.judge = self._judge()

    def submit(
        self,
        researcher: str,
        *,
        dev: Accuracy,
        sealed: Accuracy | None = None,
        title: str = "a method",
        seeds: int | None = None,
    ) -> str:
        """A submission whose dev runs (and sealed runs, if an accuracy is given) are finished."""
        self.made += 1
        one = self.hand_in(researcher, f"code{self.made}", title=title)
        self.folder.code(f"code{self.made}").write_text('{"method.py": "def run(bench): ..."}')
        self.run(one, "dev", dev, seeds=seeds or self.dev_seeds)
        if sealed is not None:
            self.run(one, "sealed", sealed, seeds=SUPERVISORS)
        return one

    def hand_in(self, researcher: str, code_hash: str, *, title: str = "a method") -> str:
        """A submission of this code, without a run."""
        with self.db.write() as tx:
            return ledger.record_submission(
                tx, code_hash=code_hash, commit="0" * 40, researcher=researcher, title=title
            ).id

    def run(
        self,
        one: str,
        split: SplitName,
        accuracy: Accuracy,
        *,
        seeds: int,
        state: State = "done",
        first: int = 0,
    ) -> None:
        """Finish runs `first` to `seeds` of a submission on one split."""
        with self.db.read() as tx:
            code = submissions.get(tx, one).code_hash
        with self.db.write() as tx:
            for k in range(first, seeds):
                self._run(tx, one, code, split, k, accuracy, state)

    def settle(self) -> list[str]:
        """Judge, finish the runs that audits ask for, and judge again until nothing changes."""
        said = self.judge.step()
        while self.finish_audits():
            said += self.judge.step()
        return said

    def finish_audits(self) -> int:
        """Finish the runs under interventions that the scorer asked for; how many."""
        made = 0
        with self.db.write() as tx:
            for one in submissions.all(tx):
                for wanted in wanted_runs.of(tx, one.id):
                    made += self._finish_wanted(tx, one, wanted)
        return made

    def _finish_wanted(
        self, tx: Transaction, one: submissions.Submission, wanted: wanted_runs.WantedRun
    ) -> bool:
        """Finish one; with the seeds of another code it is equal to that one's run if the method is the same."""
        name, other, k = wanted.intervention, wanted.seeds_of, wanted.k
        key = f"{one.code_hash}-{wanted.split}-{f'as-{other}' if other else name}-{k}"
        if runs.find(tx, key) is not None:
            return False
        accuracy = 0.5 if name in ("blind", "shuffle") else 0.8
        state: State = "failed" if name == self.breaks else "done"
        split: SplitName = wanted.split  # type: ignore[assignment]
        self._run(
            tx, one.id, one.code_hash, split, k, accuracy, state, intervention=name, seeds_of=other, key=key
        )
        if other and one.id in self.like:
            same = (self.folder.blobs / f"{other}-dev-{k}.safetensors").read_bytes()
            (self.folder.blobs / f"{key}.safetensors").write_bytes(same)
        return True

    def _run(
        self,
        tx: Transaction,
        one: str,
        code: str,
        split: SplitName,
        k: int,
        accuracy: Accuracy,
        state: State,
        *,
        intervention: str = "none",
        seeds_of: str = "",
        key: str | None = None,
    ) -> None:
        key = key or f"{code}-{split}-{k}"
        arrays = self.arrays(split, k, accuracy)
        (self.folder.blobs / f"{key}.safetensors").write_bytes(save(arrays))
        runs.queue(
            tx,
            key,
            researcher="lab",
            submission=one,
            code_hash=code,
            commit="0" * 40,
            split=split,
            pair_index=k,
            supervisor_seed=k,
            student_seed="00",
            nominal_cost=1.0,
            intervention=intervention,
            seeds_of=seeds_of,
        )
        ledger.record_run(
            tx,
            key,
            state=state,
            end=RunEnd(
                seconds=1.0,
                core_seconds=1.0,
                denied=self.denied,
                error=RunError("ZeroDivisionError", file="method.py", line=7) if state == "failed" else None,
            ),
            blob=key if state == "done" else None,
        )

    def arrays(self, split: SplitName, k: int, accuracy: Accuracy) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        """What a run of this accuracy with pair `k` of this split leaves, drawn from `rng`."""
        arrays: dict[str, np.ndarray] = {}  # type: ignore[type-arg]
        part = part_of(self.splits[split], k)
        level = accuracy if isinstance(accuracy, int | float) else part_of(accuracy, k)
        for name, examples in (("test", part.test), ("unlabelled", part.unlabelled)):
            truth = np.array([self.truth[e.id] for e in examples])
            right = self._correct(split, k, level) if name == "test" else self.rng.random(len(truth)) < level
            said = np.where(right > 0, truth, 1 - truth)
            handle = swap(examples, SWAPPED[split], self.rng)
            known = (handle != np.arange(len(handle))) & (self.rng.random(len(handle)) < self.cheats)
            said = np.where(known, truth[handle], said) * 0.8 + 0.1
            arrays |= {f"{name}_handle": handle.astype(np.float64), name: said.astype(np.float64)}
        arrays["predictions"], arrays["targets"] = arrays.pop("test"), arrays.pop("unlabelled")
        arrays["call_targets"] = arrays["targets"][None, :]
        return arrays

    def status(self, one: str) -> tuple[str, str]:
        """Status and stage of a submission."""
        with self.db.read() as tx:
            found = submissions.get(tx, one)
        return found.status, found.stage

    def ended(self, one: str) -> submissions.Ended | None:
        """How a submission ended."""
        with self.db.read() as tx:
            return submissions.get(tx, one).ended

    def reply(self, one: str) -> str:
        """What its author is told."""
        with self.db.read() as tx:
            return submissions.get(tx, one).reply

    def figures(self, one: str, stage: verdicts.VerdictStage) -> Figures:
        """What people see of it."""
        with self.db.read() as tx:
            found = verdicts.find(tx, one, stage)
        assert found is not None
        return found.figures

    def champion(self) -> str | None:
        """Who holds the record."""
        with self.db.read() as tx:
            return standing.champion(tx)

    def record(self) -> float:
        """The Ladder's record."""
        with self.db.read() as tx:
            stands = standing.find(tx)
        assert stands is not None
        return stands.record

    def _part(self, name: SplitName, world: int) -> Split:
        test, unlabelled = (
            tuple(
                Example(
                    id=f"{name}{world}{role}-{i}",
                    kind="pair",
                    fields={"prompt": "?", "first": "a", "second": "b"},
                    group=f"{name}{world}{role}-question{i // 3}",
                    subset="ood" if name == "sealed" and i % 4 == 0 else "id",
                )
                for i in range(ITEMS[name])
            )
            for role in ("", "u")
        )
        return Split(name=name, world=f"world {world}", labelled=(), unlabelled=unlabelled, test=test)

    def _correct(self, split: SplitName, k: int, accuracy: float) -> np.ndarray:  # type: ignore[type-arg]
        """Which of the test items of pair `k` are right, [n]."""
        hard = part_of(self.hard[split], k)
        noise = self.rng.random(len(hard))
        score = 0.7 * hard + 0.3 * noise
        return (score < np.quantile(score, accuracy)).astype(np.float64)
