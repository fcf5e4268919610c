"""Folds: students are asked only about what they were not taught."""

import numpy as np
import pytest
from fake_bench import FakeBench
from hypothesis import given
from hypothesis import strategies as st

from w2s.blocks import folds
from w2s.errors import BadTargets


def test_questions_stay_whole_and_folds_are_of_equal_size():
    items = FakeBench(pairs=False).unlabelled
    fold = folds.of(items.group, count=3, rng=np.random.default_rng(0))
    assert all(len(set(fold[items.group == group])) == 1 for group in np.unique(items.group))
    assert set(np.bincount(fold)) == {200}


def test_every_item_is_relabelled_by_a_student_that_never_saw_it():
    bench = FakeBench()
    margin = folds.relabelled(bench, bench.weak.hard, count=3, kept=np.arange(0, 600, 2))
    taught = [set(call["ids"].tolist()) for call in bench.trained_on()]
    assert [len(each) for each in taught] == [pytest.approx(200, abs=30)] * 3
    assert set.union(*taught) == set(range(0, 600, 2))
    assert np.mean((margin > 0) == bench.truth_of(bench.unlabelled)) > 0.7


def test_with_perfect_labels_the_folds_give_the_truth_back():
    bench = FakeBench()
    truth = bench.truth_of(bench.unlabelled).astype(float)
    margin = folds.relabelled(bench, truth, count=2, both=True)
    np.testing.assert_array_equal(margin > 0, truth)


def test_fewer_groups_than_folds_are_refused():
    with pytest.raises(BadTargets, match="2 groups in 3 folds"):
        folds.of(FakeBench(pairs=False).unlabelled[:8].group, count=3, rng=np.random.default_rng(0))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(2, 5), st.integers(0, 9))
def test_a_group_lies_in_one_fold_and_folds_have_equally_many_groups(groups, count, seed):
    names = set(groups)
    if len(names) < count:
        with pytest.raises(BadTargets, match="groups in"):
            folds.of(np.array(groups), count=count, rng=np.random.default_rng(seed))
        return
    fold = folds.of(np.array(groups), count=count, rng=np.random.default_rng(seed))
    where = {name: set(fold[np.array(groups) == name].tolist()) for name in names}
    assert all(len(found) == 1 for found in where.values())
    sizes = np.bincount([found.pop() for found in where.values()], minlength=count)
    assert sizes.max() - sizes.min() <= 1


def test_out_of_fold_nobody_answers_for_a_question_it_learnt():
    bench = FakeBench(pairs=False)
    margin = folds.answers(
        bench.strong, bench.unlabelled, bench.weak.hard, rng=np.random.default_rng(0), count=5, epochs=1
    )
    calls = bench.trained_on()
    groups = dict(zip(bench.unlabelled.ids.tolist(), bench.unlabelled.group.tolist(), strict=True))
    held = [set(groups.values()) - {groups[i] for i in call["ids"].tolist()} for call in calls]
    assert [len(part) for part in held] == [30] * 5
    assert set.union(*held) == set(groups.values())
    for call, part in zip(calls, held, strict=True):
        assert {groups[i] for i in call["ids"].tolist()}.isdisjoint(part)
        assert call["epochs"] == 1
    assert np.mean((margin > 0) == bench.truth_of(bench.unlabelled)) > 0.7
