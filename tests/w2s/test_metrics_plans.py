"""Figures of the plans against the noncentral t, brute force and the published table of seeds and items."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from w2s.metrics import (
    detectable_gain,
    equivalence_power,
    items_needed,
    mcnemar,
    paired_equivalence,
    paired_gain,
    paired_power,
    seeds_for_equivalence,
    seeds_needed,
    tost,
)


@pytest.mark.parametrize(("gain", "seeds"), [(0.1, [4, 8, 14]), (0.2, [3, 4, 5])])
def test_seeds_for_a_gain_are_those_of_the_table(gain: float, seeds: list[int]) -> None:
    assert [seeds_needed(gain, sd=sd) for sd in (0.06, 0.10, 0.14)] == seeds


def test_power_is_that_of_the_noncentral_t_and_of_a_simulation() -> None:
    expected = stats.nct.sf(stats.t.ppf(0.95, 7), 7, 0.8 * math.sqrt(8))
    assert paired_power(0.08, sd=0.1, seeds=8) == pytest.approx(expected)
    drawn = np.random.default_rng(0).normal(0.08, 0.1, (20_000, 8))
    found = stats.ttest_1samp(drawn, 0, axis=1, alternative="greater").pvalue < 0.05
    assert paired_power(0.08, sd=0.1, seeds=8) == pytest.approx(found.mean(), abs=0.012)
    assert paired_power(0.0, sd=0.1, seeds=8) == pytest.approx(0.05)


@given(gain=st.floats(0.01, 0.5), sd=st.floats(0.01, 0.3), power=st.floats(0.5, 0.99))
def test_one_seed_fewer_than_needed_is_too_few(gain: float, sd: float, power: float) -> None:
    seeds = seeds_needed(gain, sd=sd, power=power)
    assert paired_power(gain, sd=sd, seeds=seeds) >= power
    assert seeds == 2 or paired_power(gain, sd=sd, seeds=seeds - 1) < power


def test_items_for_half_a_point_and_a_point_at_ten_percent_disagreement() -> None:
    assert items_needed(0.005, disagreement=0.1) == pytest.approx(31_400, abs=50)
    assert items_needed(0.01, disagreement=0.1) == pytest.approx(7_850, abs=12)


def test_the_detectable_gain_is_what_the_items_were_needed_for() -> None:
    for gain, disagreement in itertools.product((0.005, 0.01, 0.02), (0.05, 0.1, 0.3)):
        items = items_needed(gain, disagreement=disagreement)
        assert detectable_gain(items=items, disagreement=disagreement) == pytest.approx(gain, rel=2e-3)


def test_the_detectable_gain_of_many_items_is_that_of_the_seeds() -> None:
    gain = detectable_gain(items=10**9, disagreement=0.1, seeds=8, sd_between_seeds=0.1, alpha=0.05)
    assert paired_power(gain, sd=0.1, seeds=8) == pytest.approx(0.8, abs=1e-3)
    few = detectable_gain(items=500, disagreement=0.2, seeds=8, sd_between_seeds=0.02)
    assert few > detectable_gain(items=500, disagreement=0.2, seeds=16, sd_between_seeds=0.02)
    assert few > detectable_gain(items=500, disagreement=0.2)


def test_plans_that_no_comparison_can_meet_are_refused() -> None:
    with pytest.raises(ValueError, match="one seed cannot see"):
        detectable_gain(items=500, disagreement=0.1, sd_between_seeds=0.02)
    with pytest.raises(ValueError, match="gain <= disagreement"):
        items_needed(0.2, disagreement=0.1)
    with pytest.raises(ValueError, match="at least 2"):
        paired_power(0.1, sd=0.1, seeds=1)
    with pytest.raises(ValueError, match="too small for its sd"):
        seeds_needed(1e-6, sd=1.0)
    with pytest.raises(ValueError, match="not above 0"):
        seeds_needed(0.0, sd=0.1)
    with pytest.raises(ValueError, match="sd above 0"):
        seeds_needed(0.1, sd=0.0)


def test_the_power_of_equivalence_is_that_of_a_simulation() -> None:
    drawn = np.random.default_rng(1).normal(0, 0.01, (20_000, 9))
    half = stats.t.ppf(0.95, 8) * drawn.std(axis=1, ddof=1) / 3
    for margin in (0.006, 0.01, 0.014):
        found = (np.abs(drawn.mean(axis=1)) + half < margin).mean()
        assert equivalence_power(margin, sd=0.01, seeds=9) == pytest.approx(found, abs=0.012)


@pytest.mark.parametrize("sd", [0.004, 0.01, 0.03])
def test_one_pair_fewer_than_equivalence_needs_is_too_few(sd: float) -> None:
    pairs = seeds_for_equivalence(0.01, sd=sd)
    assert (
        equivalence_power(0.01, sd=sd, seeds=pairs - 1) < 0.8 <= equivalence_power(0.01, sd=sd, seeds=pairs)
    )


@given(st.lists(st.floats(-0.05, 0.05), min_size=2, max_size=12).filter(lambda d: np.std(d) > 1e-6))
def test_tost_is_the_larger_of_two_one_sided_t_tests(difference: list[float]) -> None:
    found = tost(np.array(difference), margin=0.02)
    above = stats.ttest_1samp(difference, -0.02, alternative="greater").pvalue
    below = stats.ttest_1samp(difference, 0.02, alternative="less").pvalue
    assert found.p == pytest.approx(max(above, below), rel=1e-6, abs=1e-12)
    inside = found.low > -0.02 and found.high < 0.02
    assert found.equivalent == inside or found.p == pytest.approx(0.05, abs=1e-9)


def test_a_large_p_of_few_seeds_is_no_equivalence() -> None:
    noisy = np.array([0.03, -0.03, 0.02, -0.02])
    assert stats.ttest_1samp(noisy, 0).pvalue > 0.9
    assert not tost(noisy, margin=0.01).equivalent


def test_equivalence_of_tables_is_the_ninety_percent_interval_within_the_margin() -> None:
    rng = np.random.default_rng(2)
    a = (rng.random((6, 900)) < 0.8).astype(float)
    b = np.where(rng.random(a.shape) < 0.02, 1 - a, a)
    clusters = np.repeat(np.arange(300), 3)
    found, interval = paired_equivalence(a, b, clusters, margin=0.02), paired_gain(a, b, clusters, level=0.9)
    assert (found.mean, found.low, found.high) == pytest.approx((interval.mean, interval.low, interval.high))
    assert found.equivalent
    assert paired_equivalence(a, b, clusters, margin=1.001 * found.high).p == pytest.approx(0.05, abs=1e-3)
    assert not paired_equivalence(a, b, clusters, margin=0.9 * found.high).equivalent


def test_a_margin_or_a_sample_that_proves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not above 0"):
        tost(np.zeros(3), margin=0.0)
    with pytest.raises(ValueError, match="at least 2 pairs"):
        tost(np.zeros(1), margin=0.1)
    assert tost(np.zeros(3), margin=0.1).p == 0.0
    assert tost(np.full(3, 0.25), margin=0.125).p == 1.0


def test_mcnemar_is_the_share_of_flips_as_uneven_as_the_one_seen() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        a, b = (rng.random((2, 12)) < [[0.8], [0.4]]).astype(float)
        signs = (a - b)[a != b]
        flips = [
            abs(np.sum(signs * flip)) for flip in itertools.product((1, -1), repeat=len(signs))
        ]  # every way in which the two models could have traded places on an item
        assert mcnemar(a, b).p == pytest.approx(np.mean(np.array(flips) >= abs(signs.sum())))


def test_mcnemar_of_many_items_is_chi_square_with_continuity_correction() -> None:
    a = np.repeat([1.0, 0.0, 1.0], [240, 200, 1000])
    b = np.repeat([0.0, 1.0, 1.0], [240, 200, 1000])
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b, found.n) == (240, 200, 1440)
    assert found.p == pytest.approx(stats.chi2.sf(39**2 / 440, 1), abs=2e-3)
    assert found.rate == pytest.approx(440 / 1440)


def test_mcnemar_of_models_that_never_disagree_finds_nothing_and_of_abstentions_is_refused() -> None:
    assert mcnemar(np.ones(4), np.ones(4)).p == 1.0
    with pytest.raises(ValueError, match="abstained"):
        mcnemar(np.array([0.5, 1.0]), np.ones(2))
    with pytest.raises(ValueError, match="the same items"):
        mcnemar(np.ones(3), np.ones(4))
