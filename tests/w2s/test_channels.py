"""Channels: EM recovers the rates and the truth of views that err independently."""

import itertools

import numpy as np
import pytest

from w2s.blocks import channels
from w2s.blocks.targets import sigmoid
from w2s.errors import BadTargets


def views(rates, n, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.5
    return truth, np.array([np.where(rng.random(n) < rate, truth, ~truth) for rate in rates], dtype=float)


def test_the_rates_of_independent_views_are_recovered():
    _, votes = views([0.65, 0.75, 0.85, 0.7], 20000)
    found = channels.dawid_skene(votes)
    np.testing.assert_allclose(found.accuracy, [0.65, 0.75, 0.85, 0.7], atol=0.02)


def test_the_posterior_is_bayes_rule_with_the_rates_found():
    _, votes = views([0.65, 0.75, 0.85], 5000)
    found = channels.dawid_skene(votes, rounds=500, tolerance=1e-12)
    for pattern in itertools.product([0.0, 1.0], repeat=3):
        for_1 = np.prod([r if v else 1 - r for r, v in zip(found.accuracy, pattern, strict=True)])
        for_0 = np.prod([1 - r if v else r for r, v in zip(found.accuracy, pattern, strict=True)])
        where = (np.array(pattern) == votes.T).all(axis=1)
        np.testing.assert_allclose(found.soft[where], for_1 / (for_1 + for_0), atol=1e-6)


def test_with_views_that_are_all_perfect_the_posterior_is_the_truth():
    truth, votes = views([1.0, 1.0, 1.0], 500)
    found = channels.dawid_skene(votes)
    np.testing.assert_array_equal(found.soft > 0.5, truth)
    assert np.abs(found.soft - truth).max() < 1e-3


def test_a_perfect_view_outweighs_two_poor_ones():
    truth, votes = views([1.0, 0.6, 0.6], 4000)
    found = channels.dawid_skene(votes, bounds=(0.51, 0.999), rounds=2000)
    assert np.mean((found.soft > 0.5) == truth) > 0.999


def test_the_posterior_beats_every_view_and_the_majority_when_views_differ():
    truth, votes = views([0.9, 0.65, 0.65, 0.65], 5000)
    posterior = np.mean((channels.dawid_skene(votes).soft > 0.5) == truth)
    majority = np.mean((votes.mean(axis=0) + 0.01 * votes[0] > 0.5) == truth)
    assert posterior > max(majority, 0.9)


def test_a_sure_prior_decides():
    _, votes = views([0.6, 0.6, 0.6], 200)
    sure = np.where(np.arange(200) % 2 == 0, 0.999, 0.001)
    np.testing.assert_array_equal(channels.dawid_skene(votes, prior=sure).soft > 0.5, sure > 0.5)


def test_each_class_may_have_its_own_rate():
    rng = np.random.default_rng(3)
    truth = rng.random(20000) < 0.5
    votes = np.array([np.where(truth, rng.random(20000) < 0.9, rng.random(20000) < 0.4) for _ in range(4)])
    posterior = channels.dawid_skene(votes.astype(float), by_class=True, bounds=(0.05, 0.95), rounds=300)
    assert np.mean((posterior.soft > 0.5) == truth) > 0.85


def graded(rate, n, seed):
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < 0.5
    margin = (2 * truth - 1) * rate + rng.normal(size=(3, n))
    return truth, margin


def test_margins_tell_more_than_their_signs():
    truth, margin = graded(0.7, 4000, 0)
    by_sign = channels.dawid_skene(margin > 0).soft
    by_margin = channels.noisy_channel(margin).soft
    best = sigmoid(2 * 0.7 * margin.sum(axis=0))
    accuracy = [np.mean((soft > 0.5) == truth) for soft in (by_sign, by_margin, best)]
    assert accuracy[0] + 0.02 < accuracy[1] <= accuracy[2] + 0.01
    assert abs(accuracy[1] - accuracy[2]) < 0.02


def test_a_larger_margin_never_speaks_against_its_class():
    _, margin = graded(0.7, 3000, 1)
    found = channels.noisy_channel(margin).soft
    others = np.abs(margin[1:]).max(axis=0) < 0.3
    order = np.argsort(margin[0][others])
    assert np.corrcoef(order.argsort(), found[others].argsort().argsort())[0, 1] > 0.7


def test_one_round_from_the_prior_is_bayes_rule_with_the_channel_that_the_prior_implies():
    rng = np.random.default_rng(0)
    prior = np.where(rng.random(4000) < 0.6, 0.8, 0.2)  # most votes are 1, so the median cuts below them
    truth = rng.random(4000) < prior
    vote = np.where(rng.random(4000) < 0.7, truth, ~truth)
    margin = np.where(vote, 1.0, -1.0)
    found = channels.noisy_channel([margin], prior=prior, start=prior, bins=2, rounds=1, smoothing=0.0).soft
    # P(vote | class) as the prior sees it: its own doubt makes the channel look worse than it is.
    for_1 = [np.average(vote == seen, weights=prior) for seen in (False, True)]
    for_0 = [np.average(vote == seen, weights=1 - prior) for seen in (False, True)]
    ratio = np.log(np.array(for_1) / np.array(for_0))[vote.astype(int)]
    np.testing.assert_allclose(found, sigmoid(np.log(prior / (1 - prior)) + ratio), atol=1e-9)
    assert np.mean((found > 0.5) == truth) > 0.78


def test_a_start_of_another_length_is_refused():
    with pytest.raises(BadTargets, match="start of shape"):
        channels.noisy_channel(np.ones((1, 3)), start=np.ones(2))


def test_votes_that_are_not_binary_are_refused():
    with pytest.raises(BadTargets, match="0 or 1"):
        channels.dawid_skene(np.array([[0.2, 1.0]]))
