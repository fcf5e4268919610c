"""A weak supervisor's soft labels, and the cache that finds them again only where they are right."""

from dataclasses import replace

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, pairs

from w2s.errors import WrongIds
from w2s.models import TextStudent
from w2s.weak_labels import soft_labels
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
