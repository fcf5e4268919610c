"""A run's result does not depend on what ran before it, on the method's side or the students', to the bit."""

import asyncio
import contextlib
import textwrap

import pytest
from student_lab import fill
from test_engines import Folders, job

from aar.engines.local import LocalEngine
from aar.errors import NoSandbox
from aar.sandboxes import choose

METHOD = """
    import numpy as np
    import torch
    from sklearn.linear_model import LogisticRegression

    import w2s

    def loss(batch):
        noise = 1 + 0.01 * torch.randn(len(batch.logits))
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            batch.logits, batch.targets, reduction="none"
        )
        return (noise * each).mean()

    def run(bench):
        torch.manual_seed(bench.seed % 2**32)
        student = bench.strong()
        states = student.hidden_states(bench.unlabelled, layer=1)
        probe = LogisticRegression().fit(states, bench.weak.hard)
        soft = probe.predict_proba(states)[:, 1] * 0.5 + bench.weak.soft * 0.5
        order = bench.rng.permutation(len(bench.unlabelled))
        words = sorted({"one", "two", "three"}, key=hash)  # the same in every process
        student.finetune(bench.unlabelled[order], soft[order], loss=loss, epochs=1 + (words[0] == "one"))
        bench.log(words=float(words[0] == "one"))
        return student.predict(bench.test)
"""
OTHERS = (
    "def run(bench): raise ValueError",
    "def run(bench):\n    import os; os._exit(3)",
    "def run(bench):\n    while True: pass",
    """
    import builtins, sys
    import numpy, torch, sklearn.linear_model
    import w2s, w2s.client, w2s.records, w2s.wire

    def run(bench):
        student = bench.strong()
        predictions = student.predict(bench.test)
        for module in list(sys.modules.values()):
            if module is not None and module.__name__.startswith(("w2s", "numpy", "torch", "sklearn")):
                for name in list(vars(module))[:50]:
                    if not name.startswith("_"):
                        vars(module)[name] = None
        builtins.sorted = None
        return predictions
    """,
    """
    import numpy, random, torch

    def run(bench):
        torch.set_num_threads(2)
        torch.set_default_dtype(torch.float64)
        torch.use_deterministic_algorithms(True)
        numpy.seterr(all="raise")
        for draw in (random.random, numpy.random.random, lambda: torch.rand(3)):
            draw()
        student = bench.weak_model()
        student.finetune(bench.unlabelled, bench.weak.soft, epochs=1)
        return student.predict(bench.test)
    """,
)


class Elsewhere:
    """A provider as on a machine where nothing can be forked: each run has a process of its own from the start."""

    def __init__(self, provider):
        self._provider = provider

    def __getattr__(self, name):
        return getattr(self._provider, name)


@pytest.fixture(scope="module")
def provider():
    try:
        return choose()
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = Folders(tmp_path_factory.mktemp("engine"))
    fill(made.service)
    return made


def played(provider, folders, *sources):
    """The outcomes of all sources, one after another in one slot."""

    async def play():
        engine = LocalEngine(provider, folders, slots=1, testbed="mini-chat")
        await engine.start()
        try:
            return [
                await engine.run(
                    job(
                        textwrap.dedent(one), memory_mb=2048, wall_seconds=1.5 if "while True" in one else 120
                    )
                )
                for one in sources
            ]
        finally:
            await engine.stop()

    return asyncio.run(play())


@pytest.fixture(scope="module")
def forked(provider, folders):
    return played(provider, folders, METHOD, *OTHERS, *OTHERS, METHOD)


def test_a_run_after_ten_others_gives_what_the_first_gave(forked):
    first, *others, last = forked
    assert len(others) == 10
    assert {one.status for one in others} == {"ok", "method_failed"}, others
    assert (first.status, last.status) == ("ok", "ok"), (first, last)
    assert set(first.arrays) == set(last.arrays)
    for name, array in first.arrays.items():
        assert array.tobytes() == last.arrays[name].tobytes(), name
    assert first.end.logged == last.end.logged


@pytest.mark.parametrize(
    ("where", "times"), [("sandlock", 1), pytest.param("elsewhere", 2, marks=pytest.mark.slow)]
)
def test_a_run_in_a_process_of_its_own_gives_the_same(where, times, provider, folders, forked):
    other = Elsewhere(provider)
    if where == "sandlock":
        with contextlib.suppress(NoSandbox):
            other = choose("sandlock")
    for one in played(other, folders, *[METHOD] * times):
        assert one.status == "ok", one
        for name, array in forked[-1].arrays.items():
            assert array.tobytes() == one.arrays[name].tobytes(), name
