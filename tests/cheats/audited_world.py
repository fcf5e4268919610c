"""A mini testbed with texts visible, a switch that only these tests have: what cheats could do if they had them.

One service in this process serves real items and models. `evidence` runs a method as a confirmation does, dev with
thin runs and sealed with blind repeats; there only custom losses train, since audits read targets, and of each part
only `share` of the questions is there. `accuracy` trains for real, on all items, with the swap off.
"""

from __future__ import annotations

import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aar.scoring.audits import Answers, AuditRun, Case, rules
from aar.scoring.evidence.source import pool_of
from aar.students import greeting, interventions
from aar.students.control import RunReport, RunRequest
from aar.students.data import write_splits, write_weak
from aar.students.greeting import text
from aar.students.served import Served
from aar.students.server import Service
from aar.students.shelf import Shelf
from w2s import testbeds
from w2s.client import RemoteBench
from w2s.models import TextStudent
from w2s.models.losses import LossArrays, torch_gradient
from w2s.records import Example, FloatArray, Predictions, SplitName

Method = Callable[[RemoteBench], Predictions]
Plan = list[tuple[SplitName, int, str]]
SUPERVISOR = 0.68
"""Accuracy of the weak labels that are drawn and not trained: all but the ones that `accuracy` compares with."""
SEEDS = 11
SHARE = 0.6
"""Share of the questions that audits are shown: as many swapped answers as they need for their power, and not more."""

SEALED: Plan = [("sealed", k, "none") for k in range(8)]
"""The plain runs of a confirmation; with them alone the swap has its power."""
WHOLE: Plan = [
    *[("dev", k, "none") for k in range(3)],
    *SEALED,
    *[("dev", k, "thin") for k in range(rules.STRUCTURE_RUNS)],
    *[("sealed", k, "blind") for k in range(rules.BLIND_REPEATS)],
]
"""Every run that is made of a gain that was reproduced, but for those that find no violation."""


class World:
    """Items of one world a split, truth and a service of one testbed; made once."""

    def __init__(self, folder: Path, testbed: str, *, share: float = SHARE) -> None:
        self.testbed = testbed
        made, self.truth = testbeds.generate(testbeds.load(testbed), item_seed=bytes(16))
        self.splits = {
            name: replace(
                parts[0],
                unlabelled=_questions(parts[0].unlabelled, share),
                test=_questions(parts[0].test, share),
            )
            for name, parts in made.items()
        }
        folder.mkdir(parents=True)
        write_splits(folder, testbed, {name: (part,) for name, part in self.splits.items()})
        self._folder = folder
        for name in ("dev", "sealed"):
            y = self.labels(self.splits[name].unlabelled)  # type: ignore[index]
            for k in range(SEEDS):
                rng = np.random.default_rng([k, len(name)])
                right = rng.random(len(y)) < SUPERVISOR
                write_weak(folder, name, k, np.where(right, y, 1 - y) * 0.6 + 0.2)  # type: ignore[arg-type]
        self.service = Service(folder)

    @cached_property
    def supervised(self) -> FloatArray:
        """Weak labels of a real supervisor on dev, whose errors are those that students copy."""
        split = self.splits["dev"]
        student = Shelf(testbeds.load(self.testbed)).student("weak", split.world, 5)
        upright = [np.zeros(len(part), dtype=np.bool_) for part in (split.labelled, split.unlabelled)]
        student.finetune(split.labelled, upright[0], self.labels(split.labelled))
        return student.predict(split.unlabelled, upright[1])

    def labels(self, examples: tuple[Example, ...]) -> FloatArray:
        return np.array([self.truth[e.id] for e in examples], dtype=np.float64)

    def known(self, share: float) -> dict[int, float]:
        """Labels by hash of the text, as somebody who had seen them would write them down."""
        splits = [self.splits[name] for name in ("dev", "sealed")]  # type: ignore[index]
        rng = np.random.default_rng(0)
        return {
            zlib.crc32(text(e).encode()): float(self.truth[e.id])
            for split in splits
            for e in (*split.unlabelled, *split.test)
            if rng.random() < share
        }

    def run(self, method: Method, split: SplitName, k: int, intervention: str = "none") -> RunReport:
        ours, theirs = socket.socketpair()
        raised: list[Exception] = []

        def play() -> None:
            with theirs:
                try:
                    bench = RemoteBench(theirs, gradient_of=_gradient_of)
                    bench.finish(method(bench))
                except Exception as error:  # noqa: BLE001
                    raised.append(error)

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        asked = RunRequest(
            testbed=self.testbed,
            split=split,
            supervisor_seeds=(k,),
            student_seed=100 + k,
            salt=f"{split}{k}".encode(),
            practice=False,
            deadline_s=200,
            files=("method.py",),
            intervention=intervention,
        )
        with ours:
            report = self.service.run(asked, ours)
        thread.join(20)
        if raised:
            raise raised[0]
        return report

    def accuracy(self, method: Method) -> float:
        """On the dev test, trained for real on a real supervisor's labels, audits off."""
        write_weak(self._folder, "dev", SEEDS, self.supervised)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(greeting, "shows_texts", lambda request: True)
            patch.setitem(interventions.SWAPPED, "dev", 0.0)  # type: ignore[arg-type]
            report = self.run(method, "dev", SEEDS)
        said = report.arrays["predictions"] > 0.5
        return float(np.mean(said == (self.labels(self.splits["dev"].test) > 0.5)))

    def evidence(self, method: Method, plan: Plan = WHOLE) -> Case:
        """Every run of `plan`, with texts visible; thin ones only where an answer is proposed twice."""
        runs: list[AuditRun] = []
        crashed: set[str] = set()
        votes = any(example.answer is not None for example in self.splits["dev"].test)
        with untaught(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(greeting, "shows_texts", lambda request: True)
            for one in plan:
                if one[2] == "thin" and not votes:
                    continue
                try:
                    runs.append(self._audited(self.run(method, *one), *one))
                except ValueError:
                    if one[2] == "none":
                        raise
                    crashed.add(one[2])
        return Case("s1", {"method.py": ""}, runs=runs, crashed=frozenset(crashed))

    def _audited(self, report: RunReport, split: SplitName, k: int, intervention: str) -> AuditRun:
        assert report.status == "finished", report

        def answers(part: str, values: FloatArray) -> Answers:
            examples = getattr(self.splits[split], part)
            handle = report.arrays[f"{part}_handle"].astype(np.int64)
            return Answers(pool_of(examples, self.labels(examples)), values, handle)

        calls = tuple(answers("unlabelled", one) for one in report.arrays.get("call_targets", ()))
        return AuditRun(
            split,
            k,
            intervention,
            answers("unlabelled", report.arrays["targets"]) if calls else None,
            answers("test", report.arrays["predictions"]),
            calls,
        )


@contextmanager
def untaught() -> Iterator[None]:
    """Plain fine-tune calls record their targets and train nothing, and a student that was called is as it was.

    A case in seconds instead of minutes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shelf, "trains", property(lambda self: False))
        patch.setattr(Shelf, "pace", {}, raising=False)
        patch.setattr(TextStudent, "perturb", lambda self, seed, scale: None)
        patch.setattr(Served, "frozen", property(lambda self: True, lambda self, value: None))
        yield


def _questions(examples: tuple[Example, ...], share: float) -> tuple[Example, ...]:
    groups = list(dict.fromkeys(example.group for example in examples))
    kept = set(groups[: round(share * len(groups))])
    return tuple(example for example in examples if example.group in kept)


def _gradient_of(loss: Any) -> Any:
    gradient = torch_gradient(loss)
    return lambda **batch: gradient(LossArrays(**batch))
