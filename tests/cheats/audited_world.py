"""mini-math with texts visible, a switch that only these tests have: what cheats could do if they had them.

One service in this process serves real items and models. `evidence` runs a method as a confirmation does, dev with
thin runs and sealed with blind repeats; there only custom losses train, since audits read targets. `accuracy` trains
for real, with the swap off.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aar.scoring.audits import Answers, AuditRun, Case, rules
from aar.scoring.gathering import pool_of
from aar.students import greeting, interventions
from aar.students.control import RunReport, RunRequest
from aar.students.data import write_splits, write_weak
from aar.students.greeting import text
from aar.students.interventions import Intervention
from aar.students.server import Service
from aar.students.shelf import Shelf
from w2s import testbeds
from w2s.client import RemoteBench
from w2s.models.losses import LossArrays, torch_gradient
from w2s.records import Example, FloatArray, Predictions, SplitName

Method = Callable[[RemoteBench], Predictions]
SUPERVISOR = 0.68
"""Accuracy of the weak labels that are drawn and not trained: all but the ones that `accuracy` compares with."""
SEEDS = 11


class World:
    """Items, truth and a service; made once."""

    def __init__(self, folder: Path) -> None:
        self.splits, self.truth = testbeds.generate(testbeds.load("mini-math"), item_seed=bytes(16))
        folder.mkdir(parents=True)
        write_splits(folder, "mini-math", self.splits)
        for name in ("dev", "sealed"):
            y = self.labels(self.splits[name].unlabelled)  # type: ignore[index]
            for k in range(SEEDS):
                rng = np.random.default_rng([k, len(name)])
                right = rng.random(len(y)) < SUPERVISOR
                write_weak(folder, name, k, np.where(right, y, 1 - y) * 0.6 + 0.2)  # type: ignore[arg-type]
        write_weak(folder, "dev", 0, self._supervised())
        self.service = Service(folder)

    def _supervised(self) -> FloatArray:
        """Weak labels of a real supervisor on dev, whose errors are those that students copy."""
        split = self.splits["dev"]
        student = Shelf(testbeds.load("mini-math")).student("weak", split.world, 5)
        upright = [np.zeros(len(part), dtype=np.bool_) for part in (split.labelled, split.unlabelled)]
        student.finetune(split.labelled, upright[0], self.labels(split.labelled))
        return student.predict(split.unlabelled, upright[1])

    def labels(self, examples: tuple[Example, ...]) -> FloatArray:
        return np.array([self.truth[e.id] for e in examples], dtype=np.float64)

    def known(self, share: float) -> dict[int, float]:
        """Labels by hash of the text, as somebody who had seen them would write them down."""
        import zlib

        examples = [e for name in ("dev", "sealed") for e in self.splits[name].unlabelled]  # type: ignore[index]
        rng = np.random.default_rng(0)
        return {
            zlib.crc32(text(e).encode()): float(self.truth[e.id]) for e in examples if rng.random() < share
        }

    def run(self, method: Method, split: SplitName, k: int, intervention: Intervention = "none") -> RunReport:
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
            testbed="mini-math",
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
        """On the dev test, trained for real, audits off."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(greeting, "shows_texts", lambda request: True)
            patch.setitem(interventions.SWAPPED, "dev", 0.0)  # type: ignore[arg-type]
            report = self.run(method, "dev", 0)
        said = report.arrays["predictions"] > 0.5
        return float(np.mean(said == (self.labels(self.splits["dev"].test) > 0.5)))

    def evidence(self, method: Method) -> Case:
        """Every run that a confirmation makes, with texts visible."""
        plan: list[tuple[SplitName, int, Intervention]] = [
            *(("dev", k, "none") for k in range(3)),
            *(("dev", k, "thin") for k in range(rules.STRUCTURE_RUNS)),
            *(("sealed", k, "none") for k in range(8)),
            *(("sealed", k, "blind") for k in range(rules.BLIND_REPEATS)),
        ]  # type: ignore[list-item]
        with untaught(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(greeting, "shows_texts", lambda request: True)
            runs = [self._audited(self.run(method, *one), *one) for one in plan]
        return Case("s1", {"method.py": ""}, runs=runs)

    def _audited(self, report: RunReport, split: SplitName, k: int, intervention: Intervention) -> AuditRun:
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
    """Plain fine-tune calls record their targets and train nothing: a case in seconds instead of minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shelf, "trains", property(lambda self: False))
        patch.setattr(Shelf, "pace", {}, raising=False)
        yield


def _gradient_of(loss: Any) -> Any:
    gradient = torch_gradient(loss)
    return lambda **batch: gradient(LossArrays(**batch))
