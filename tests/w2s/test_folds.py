"""Folds: students are asked only about what they were not taught."""

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s import folds
from w2s.errors import BadTargets


def test_questions_stay_whole_and_folds_are_of_equal_size():
    items = FakeBench(pairs=False).unlabelled
    fold = folds.of(items, folds=3, rng=np.random.default_rng(0))
    assert all(len(set(fold[items.group == group])) == 1 for group in np.unique(items.group))
    assert set(np.bincount(fold)) == {200}


def test_every_item_is_relabelled_by_a_student_that_never_saw_it():
    bench = FakeBench()
    margin = folds.relabelled(bench, bench.weak.hard, folds=3, kept=np.arange(0, 600, 2))
    taught = [set(call["ids"].tolist()) for call in bench.trained_on()]
    assert [len(each) for each in taught] == [pytest.approx(200, abs=30)] * 3
    assert set.union(*taught) == set(range(0, 600, 2))
    assert np.mean((margin > 0) == bench.truth_of(bench.unlabelled)) > 0.7


def test_with_perfect_labels_the_folds_give_the_truth_back():
    bench = FakeBench()
    truth = bench.truth_of(bench.unlabelled).astype(float)
    margin = folds.relabelled(bench, truth, folds=2, both=True)
    np.testing.assert_array_equal(margin > 0, truth)


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(BadTargets, match="2 groups in 3 folds"):
        folds.of(FakeBench(pairs=False).unlabelled[:8], folds=3, rng=np.random.default_rng(0))
