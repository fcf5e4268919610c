"""A weak supervisor's soft labels, and the cache that finds them again only where they are right."""

from dataclasses import replace

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, pairs

from w2s import testbeds
from w2s.errors import WrongIds
from w2s.models import TextStudent
from w2s.weak_labels import references, soft_labels
from w2s.weak_labels.cache import cached


@pytest.fixture
def ask(tiny_model, tmp_path):
    def soft(*, recipe=RECIPE, seed=0, flip=False, root=tmp_path, n=40):
        labelled, truth = pairs(n)
        known = {e.id: int(y) ^ flip for e, y in zip(labelled, truth, strict=True)}
        asked, _ = pairs(30, seed=1)
        return soft_labels(
            tiny_model, PROMPTING, recipe, labelled=labelled, truth=known, asked=asked, seed=seed, root=root
        )

    return soft


def test_a_supervisor_learns_from_the_truth(ask):
    _, truth = pairs(30, seed=1)
    assert np.mean((ask(n=160) > 0.5) == truth) > 0.9


def test_the_same_supervisor_is_trained_once(ask, monkeypatch):
    first = ask()

    def never(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(TextStudent, "finetune", never)
    np.testing.assert_array_equal(ask(), first)


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"flip": True}, {"n": 39}, {"recipe": replace(RECIPE, epochs=1)}]
)
def test_another_seed_truth_data_or_recipe_is_another_supervisor(ask, change):
    assert not np.array_equal(ask(), ask(**change))


def test_a_labelled_example_without_truth_is_named(tiny_model):
    labelled, _ = pairs(3)
    with pytest.raises(WrongIds, match="3 of 3"):
        soft_labels(tiny_model, PROMPTING, RECIPE, labelled=labelled, truth={}, asked=labelled, seed=0)


def test_a_file_that_was_cut_off_is_made_again(tmp_path):
    cached("ab12", lambda: np.arange(3.0), root=tmp_path)
    path = tmp_path / "ab" / "ab12.npy"
    path.write_bytes(path.read_bytes()[:40])
    np.testing.assert_array_equal(cached("ab12", lambda: np.ones(2), root=tmp_path), np.ones(2))
    np.testing.assert_array_equal(cached("ab12", lambda: np.zeros(2), root=tmp_path), np.ones(2))
    assert [p.name for p in path.parent.iterdir()] == ["ab12.npy"]


def test_references_are_cached_paired_with_their_seeds_and_have_intervals(tmp_path, monkeypatch):
    testbed = testbeds.load("mini-chat")
    splits, truth = testbeds.generate(testbed, item_seed=bytes(16))
    dev = splits["dev"][0]
    small = replace(dev, labelled=dev.labelled[:200], unlabelled=dev.unlabelled[:96], test=dev.test[:120])
    found = references(testbed, small, truth, seeds=(0, 1), root=tmp_path)
    assert (found.soft.shape, found.floors.shape, found.ceilings.shape) == ((2, 96), (2, 120), (2, 120))
    assert not np.array_equal(found.soft[0], found.soft[1])
    assert found.floor.mean == pytest.approx(found.floors.mean())
    assert found.floor.low < found.floor.mean < found.floor.high
    assert (found.ceiling.seeds, found.ceiling.n) == (2, 120)

    def never(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(TextStudent, "finetune", never)
    again = references(testbed, small, truth, seeds=(1, 0), root=tmp_path)
    np.testing.assert_array_equal(again.floors, found.floors[::-1])
