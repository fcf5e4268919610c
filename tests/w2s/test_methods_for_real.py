"""Every method runs on the real mini-chat models, through the in-process bench."""

import dataclasses

import numpy as np
import pytest

from w2s import methods, testbeds
from w2s.bench import LocalBench
from w2s.models import Prompting, TextStudent, load_model


@pytest.fixture(scope="module")
def practice():
    """The practice split, cut to a quarter, and the soft labels of a supervisor taught on the labelled items."""
    testbed = testbeds.load("mini-chat")
    splits, truth = testbeds.generate(testbed, item_seed=b"methods for real")
    (whole,) = splits["practice"]
    split = dataclasses.replace(whole, unlabelled=whole.unlabelled[:48], test=whole.test[:48])
    taught = splits["dev"][0].labelled
    weak = load_model(testbed.worlds[split.world].weak)
    supervisor = TextStudent(weak, Prompting.of(testbed), testbed.weak_recipe, seed=1)
    supervisor.finetune(taught, np.zeros(len(taught), dtype=np.bool_), [float(truth[e.id]) for e in taught])
    soft = supervisor.predict(split.unlabelled, np.zeros(48, dtype=np.bool_))
    return testbed, split, soft


LONG = {"ccs_evolution", "co_teaching", "critic", "em_posterior", "evolution"}
"""Half of the time of all 29; made-up models run them in `test_methods.py`, and `ccs_evolution` answers questions
in `test_testbeds_math.py`."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in methods.names()]
)
def test_a_method_runs_on_practice_data_and_twice_gives_the_same(practice, name):
    testbed, split, soft = practice
    first, second = (
        methods.load(name)(LocalBench.from_split(testbed, split, soft, seed=7)) for _ in range(2)
    )
    assert first.probabilities.shape == (len(split.test),)
    assert first.probabilities.std() > 0
    np.testing.assert_array_equal(first.probabilities, second.probabilities)
