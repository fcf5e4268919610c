"""Geometry: neighbours by brute force, change points by hand, and what overlaps."""

import numpy as np
import pytest

from w2s import geometry
from w2s.errors import BadTargets


def test_the_nearest_are_those_that_trying_all_finds():
    rng = np.random.default_rng(0)
    x, apart = rng.normal(size=(40, 5)), np.arange(40) // 2
    found = geometry.neighbours(x, k=4, apart=apart)
    y = x - x.mean(axis=0)
    cosine = (y @ y.T) / np.outer(np.linalg.norm(y, axis=1), np.linalg.norm(y, axis=1))
    for i in range(40):
        others = [j for j in range(40) if apart[j] != apart[i]]
        best = sorted(others, key=lambda j: -cosine[i, j])[:4]
        assert found.index[i].tolist() == best
        np.testing.assert_allclose(found.similarity[i], cosine[i, best])
    np.testing.assert_allclose(found.density, found.similarity.mean(axis=1))


def test_neighbours_agree_where_labels_are_of_one_cluster():
    rng = np.random.default_rng(0)
    side = np.repeat([1.0, -1.0], 30)
    x = 5 * side[:, None] + rng.normal(size=(60, 3))
    labels = (side > 0).astype(float)
    labels[0] = 0.0
    share = geometry.neighbours(x, k=10).agreement(labels)
    assert share[0] == 0.0
    assert share[1:30].min() >= 0.9
    assert (share[30:] == 1.0).all()


def test_more_neighbours_than_others_are_refused():
    with pytest.raises(BadTargets, match="3 others"):
        geometry.neighbours(np.eye(6), k=4, apart=np.array([0, 0, 0, 1, 2, 3]))


def test_the_change_point_is_the_cut_with_the_least_squares_left():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 1, 30), rng.normal(6, 1, 70)])

    def left(cut):
        parts = values[values <= cut], values[values > cut]
        return sum(float(((part - part.mean()) ** 2).sum()) for part in parts)

    ranked = np.sort(values)
    best = min(left(low) for low in ranked[:-1])
    found = geometry.change_point(values)
    assert left(found) == pytest.approx(best)
    assert np.sum(values < found) == 30


def test_values_without_a_change_are_refused():
    with pytest.raises(BadTargets, match="without a change"):
        geometry.change_point(np.ones(5))


def made_of(easy, hard, n, rng):
    """States with an easy part in the first half of the dimensions, a hard part in the second."""
    signs = rng.choice([-1.0, 1.0], size=(n, 1))
    parts = [easy * np.array([3.0, 0, 0, 0]), hard * np.array([0, 0, 3.0, 0])]
    return signs * (parts[0] + parts[1]) + 0.2 * rng.normal(size=(n, 4))


def test_overlapping_items_are_sure_and_share_what_the_unsure_ones_are_made_of():
    rng = np.random.default_rng(0)
    states = np.vstack([made_of(1, 0, 100, rng), made_of(0, 1, 50, rng), made_of(1, 1, 80, rng)])
    sure = np.concatenate([np.full(100, 0.95), np.full(50, 0.55), np.full(80, 0.9)]) + 0.01 * rng.random(230)
    found = geometry.overlap(states, sure)
    np.testing.assert_array_equal(found.hard, np.arange(230) // 50 == 2)
    np.testing.assert_array_equal(found.overlapping, np.arange(230) >= 150)
    assert found.density == pytest.approx(80 / 230)
    assert (found.score[found.hard] == 0).all()


def test_where_the_weak_model_is_sure_of_everything_alike_nothing_is_hard():
    found = geometry.overlap(np.eye(4), np.full(4, 0.9))
    assert not found.hard.any()
    assert found.density == 0.0


def test_ranks_run_from_none_to_one():
    np.testing.assert_allclose(geometry.ranked(np.array([3.0, 1.0, 2.0])), [1.0, 0.0, 0.5])
