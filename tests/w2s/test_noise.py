"""Confident learning and small-loss selection, against the definitions written out item by item."""

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from w2s.blocks import noise
from w2s.errors import BadTargets


def confident_learning_by_hand(given, soft):
    """Counts and joint of 1911.00068, equations 1 to 3, for any number of classes."""
    p = [[1 - s, s] for s in soft]
    n, classes = len(given), range(2)
    t = [np.mean([p[x][j] for x in range(n) if given[x] == j]) for j in classes]
    counts = np.zeros((2, 2))
    for x in range(n):
        confident = [j for j in classes if p[x][j] >= t[j] - 1e-12]
        if confident:
            counts[int(given[x]), max(confident, key=lambda j: p[x][j])] += 1
    joint = np.zeros((2, 2))
    for i in classes:
        for j in classes:
            joint[i, j] = counts[i, j] / counts[i].sum() * np.sum(given == i)
    return t, counts, joint / joint.sum()


def by_class_by_rate_and_both(given, soft, joint):
    """Three prunings of the source: smallest own probability, largest margin, and those that both name."""
    p = np.stack([1 - soft, soft])
    n, dropped = len(given), [set(), set()]
    for i in (0, 1):
        j, members = 1 - i, [x for x in range(n) if given[x] == i]
        wrong = min(round(n * joint[i, j]), len(members) - 1)
        dropped[0] |= set(sorted(members, key=lambda x: p[i, x])[:wrong])
        dropped[1] |= set(sorted(members, key=lambda x: p[i, x] - p[j, x])[:wrong])
    return [sorted(set(range(n)) - d) for d in (*dropped, dropped[0] & dropped[1])]


@pytest.mark.parametrize("seed", range(8))
def test_joint_and_pruning_are_those_of_the_source_written_out(seed):
    rng = np.random.default_rng(seed)
    given = (rng.random(60) < 0.4).astype(float)
    soft = np.clip(0.6 * given + 0.2 + rng.normal(0, 0.35, 60), 0.01, 0.99)
    found = noise.confident_joint(given, soft)
    thresholds, counts, joint = confident_learning_by_hand(given, soft)
    np.testing.assert_allclose(found.thresholds, thresholds)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.joint, joint)
    kept = noise.prune(given, soft, found).tolist()
    for way in by_class_by_rate_and_both(given, soft, joint):
        assert kept == way


def test_with_a_student_that_knows_the_truth_the_joint_is_the_true_one_and_what_is_pruned_is_what_was_wrong():
    rng = np.random.default_rng(0)
    truth = (rng.random(2000) < 0.5).astype(float)
    given = np.where(rng.random(2000) < np.where(truth == 1, 0.3, 0.1), 1 - truth, truth)
    soft = np.where(truth == 1, 0.9, 0.1)
    found = noise.confident_joint(given, soft)
    for i in (0, 1):
        for j in (0, 1):
            assert found.joint[i, j] == pytest.approx(np.mean((given == i) & (truth == j)))
    assert found.noise == pytest.approx(np.mean(given != truth))
    np.testing.assert_array_equal(noise.prune(given, soft, found), np.flatnonzero(given == truth))


def test_the_weights_of_what_is_kept_restore_each_true_class():
    rng = np.random.default_rng(1)
    truth = (rng.random(4000) < 0.5).astype(float)
    given = np.where((truth == 1) & (rng.random(4000) < 0.4), 0.0, truth)
    soft = np.where(truth == 1, 0.9, 0.1)
    found = noise.confident_joint(given, soft)
    kept = noise.prune(given, soft, found)
    weight = found.weights(given)[kept]
    assert weight[given[kept] == 1].sum() == pytest.approx(truth.sum(), rel=0.01)
    assert weight[given[kept] == 0].sum() == pytest.approx((1 - truth).sum(), rel=0.01)


def test_where_the_student_says_what_it_was_given_nothing_is_pruned():
    given = np.array([0.0, 1.0, 1.0, 0.0])
    found = noise.confident_joint(given, np.array([0.2, 0.8, 0.8, 0.2]))
    assert found.noise == 0
    assert noise.prune(given, np.array([0.2, 0.8, 0.8, 0.2]), found).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(found.weights(given), np.ones(4))


def test_labels_of_one_class_are_refused():
    with pytest.raises(BadTargets, match="one class"):
        noise.confident_joint(np.ones(3), np.full(3, 0.6))


@drawn(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=1, max_size=50), st.floats(0.05, 1))
def test_small_loss_keeps_its_share_and_none_whose_loss_is_above_one_left_out(rows, share):
    given = np.array([float(label) for label, _ in rows])
    soft = np.array([p for _, p in rows])
    kept = noise.small_loss(given, soft, share=share)
    assert len(kept) == max(1, round(share * len(rows)))
    likelihood = np.where(given == 1, soft, 1 - soft)
    left_out = np.setdiff1d(np.arange(len(rows)), kept)
    if len(left_out):
        assert likelihood[kept].min() >= likelihood[left_out].max() - 1e-12


def test_a_calibrated_supervisor_expects_as_many_errors_as_it_makes():
    rng = np.random.default_rng(2)
    soft = rng.random(20000)
    truth = rng.random(20000) < soft
    assert noise.expected_rate(soft) == pytest.approx(np.mean((soft > 0.5) != truth), abs=0.01)


def test_the_forget_rate_rises_in_equal_steps_and_stays():
    shares = [noise.remembered(done, noise=0.3, ramp=3) for done in range(6)]
    np.testing.assert_allclose(shares, [1.0, 0.9, 0.8, 0.7, 0.7, 0.7])
    with pytest.raises(BadTargets, match="ramp 0"):
        noise.remembered(1, noise=0.3, ramp=0)
