"""Targets: what each block keeps, moves and draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s.blocks import targets
from w2s.errors import BadTargets

margins = st.lists(st.floats(-30, 30), min_size=4, max_size=60).map(np.array)
softs = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=60).map(np.array)


def test_a_threshold_of_one_half_keeps_everything():
    soft = np.random.default_rng(0).random(50)
    assert targets.keep_confident(soft, threshold=0.5).tolist() == list(range(50))


def test_confidence_counts_for_both_classes():
    assert targets.keep_confident(np.array([0.75, 0.74, 0.25, 0.5, 0.01])).tolist() == [0, 2, 4]


def test_where_nothing_is_confident_the_surest_tenth_is_kept():
    soft = np.full(30, 0.5)
    soft[[4, 9, 20]] = 0.6
    assert targets.keep_confident(soft, threshold=0.9).tolist() == [4, 9, 20]


@given(margins, st.floats(0.05, 1.0))
def test_balanced_top_takes_as_many_of_each_class_and_none_that_is_weaker_than_one_left_out(margin, fraction):
    if (margin > 0).all() or (margin <= 0).all():
        with pytest.raises(BadTargets, match="one side"):
            targets.balanced_top(margin, fraction=fraction)
        return
    kept = targets.balanced_top(margin, fraction=fraction)
    above = margin[kept] > 0
    assert above.sum() == (~above).sum() > 0
    for side in (margin > 0, margin <= 0):
        inside = np.isin(np.arange(len(margin)), kept)
        if (side & ~inside).any():
            assert np.abs(margin[side & inside]).min() >= np.abs(margin[side & ~inside]).max()


def test_a_fraction_of_one_keeps_everything_where_classes_are_balanced():
    margin = targets.center(np.random.default_rng(1).normal(3, 1, 40))
    assert len(targets.balanced_top(margin, fraction=1.0)) == 40


@given(softs)
def test_temperature_one_and_no_softening_leave_targets_alone(soft):
    np.testing.assert_allclose(targets.temper(soft, temperature=1.0), soft, atol=1e-9)
    np.testing.assert_allclose(targets.soften(soft, amount=0.0), soft)
    np.testing.assert_allclose(targets.sigmoid(targets.logit(soft)), soft, atol=1e-9)


def test_a_high_temperature_and_full_softening_both_end_at_one_half():
    soft = np.array([0.01, 0.3, 0.99])
    np.testing.assert_allclose(targets.temper(soft, temperature=1e6), 0.5, atol=1e-5)
    np.testing.assert_allclose(targets.soften(soft, amount=np.ones(3)), 0.5)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_centring_puts_the_wanted_share_above_zero_and_keeps_the_order(share):
    margin = np.random.default_rng(2).normal(7, 2, 1001)
    moved = targets.center(margin, share=share)
    assert abs(np.mean(moved > 0) - share) < 0.002
    np.testing.assert_allclose(np.diff(moved), np.diff(margin))


def test_equal_weights_draw_every_item_once():
    assert targets.resample(np.ones(100), rng=np.random.default_rng(0)).tolist() == list(range(100))


@given(st.lists(st.floats(0, 5), min_size=1, max_size=40).filter(lambda w: sum(w) > 0.1), st.integers(0, 99))
def test_an_item_is_drawn_as_often_as_its_weight_says_to_within_one(weights, seed):
    expected = np.array(weights) / sum(weights) * len(weights)
    drawn = targets.resample(np.array(weights), rng=np.random.default_rng(seed))
    times = np.bincount(drawn, minlength=len(weights))
    assert len(drawn) == len(weights)
    assert (np.abs(times - expected) < 1 + 1e-6).all()
    assert (times[np.array(weights) == 0] == 0).all()


def test_a_nan_is_refused_by_name():
    with pytest.raises(BadTargets, match="margin has 1 NaN"):
        targets.center(np.array([1.0, np.nan]))
