"""Geometry: change points by hand, and what overlaps."""

import numpy as np
import pytest

from w2s.blocks import geometry
from w2s.errors import BadTargets


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
