"""Annealing finds the best labelling of a small case, and coherence is what leaving one out by hand gives."""

import itertools

import numpy as np
import pytest

from w2s.blocks import annealing, coherence
from w2s.errors import BadTargets


def couplings(n, seed):
    """A score with many local optima: how well labels fit random likings between items, and of items."""
    rng = np.random.default_rng(seed)
    between, own = rng.normal(size=(n, n)), rng.normal(size=n)

    def score(labels):
        sign = np.where(labels == 1, 1.0, -1.0)
        return float(sign @ between @ sign + own @ sign)

    return score


@pytest.mark.parametrize("seed", range(6))
def test_slow_annealing_finds_what_trying_every_labelling_finds(seed):
    score = couplings(9, seed)
    best = max(score(np.array(each)) for each in itertools.product((0, 1), repeat=9))
    rng = np.random.default_rng(seed)
    found = annealing.anneal(
        rng.integers(2, size=9),
        score=score,
        rng=rng,
        visits=annealing.passes(9, times=300, rng=rng),
        schedule=lambda step: 20.0 * 0.998**step,
    )
    assert found.score == pytest.approx(best)
    assert found.score == pytest.approx(score(found.labels))
    assert found.steps == 2700


def test_at_no_temperature_a_labelling_only_ever_gets_better():
    score, seen = couplings(8, 1), []
    rng = np.random.default_rng(0)
    labels = np.zeros(8, dtype=np.int64)
    for i in annealing.passes(8, times=3, rng=rng):
        found = annealing.anneal(labels, score=score, rng=rng, visits=[int(i)], schedule=lambda _: 1e-12)
        labels = found.labels
        seen.append(found.score)
    assert (np.diff(seen) >= 0).all()
    assert all(score(each) <= seen[-1] for i in range(8) for each in annealing.flipped(labels, i))


def test_a_loss_is_accepted_as_often_as_the_temperature_says():
    start, rng = np.array([1]), np.random.default_rng(0)

    def one_step():
        return annealing.anneal(
            start, score=lambda labels: float(labels[0]), rng=rng, visits=[0], schedule=lambda _: 2.0
        ).changed

    assert np.mean([one_step() for _ in range(4000)]) == pytest.approx(np.exp(-0.5), abs=0.03)


def test_the_temperature_falls_with_the_logarithm_of_the_step_to_its_floor():
    assert annealing.temperature(1) == 10.0
    assert annealing.temperature(100, cooling=0.99) == pytest.approx(10 / (1 + 0.99 * np.log(100)))
    assert annealing.temperature(10**9, coldest=2.0) == 2.0


def claims(n=60, h=4, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    return rng.normal(size=(n, h)) + 1.5 * (2 * truth - 1)[:, None] * np.eye(h)[0], truth


def test_the_log_odds_of_a_label_are_those_of_a_ridge_fitted_to_all_others():
    states, truth = claims(30)
    labels = np.where(np.arange(30) < 20, truth, -1)
    prior = np.linspace(-1, 1, 30)
    found = coherence.Coherence(states, prior, odd=True).log_odds(labels)
    x = states / np.sqrt((states**2).mean(axis=0))
    margin = np.zeros(30)
    for i in range(30):
        others = (labels >= 0) & (np.arange(30) != i)
        gram = x[others].T @ x[others] + np.eye(4)
        margin[i] = x[i] @ np.linalg.solve(gram, x[others].T @ (2.0 * labels[others] - 1))
    error = np.mean((2.0 * labels[:20] - 1 - margin[:20]) ** 2)
    np.testing.assert_allclose(found, prior + 2 * margin / error, rtol=1e-8)


def test_the_score_is_the_mean_likelihood_less_the_contradictions():
    states, truth = claims()
    groups = np.arange(60) // 3
    score = coherence.Coherence(states, np.zeros(60), groups=groups, weight=50.0)
    sign = 2.0 * truth - 1
    mean = np.mean(np.log(1 / (1 + np.exp(-sign * score.log_odds(truth)))))
    pairs = sum(
        truth[a] and truth[b] and groups[a] == groups[b] for a, b in itertools.combinations(range(60), 2)
    )
    assert score(truth) == pytest.approx(50 * mean - pairs)
    assert pairs > 0


def test_labels_that_hang_together_score_above_shuffled_ones():
    states, truth = claims()
    score = coherence.Coherence(states, np.zeros(60))
    rng = np.random.default_rng(0)
    assert score(truth) > max(score(rng.permutation(truth)) for _ in range(50)) + 5


def test_a_likelier_answer_makes_its_rivals_false_or_is_false_itself():
    prior = np.array([3.0, 1.0, -2.0])
    score = coherence.Coherence(np.zeros((3, 1)), prior, groups=np.zeros(3, dtype=np.int64))
    labels = np.array([-1, 1, 0])
    options = [list(map(int, each)) for each in score.propose(labels, 0)]
    assert options == [[1, 0, 0], [0, 1, 0]]
    assert [list(map(int, each)) for each in score.propose(labels, 2)] == [[-1, 1, 0]]


def test_without_anything_in_the_states_coherence_is_the_prior():
    prior = np.array([0.5, -0.5, 2.0, -3.0])
    score = coherence.Coherence(np.zeros((4, 2)), prior, weight=0.01, odd=True)
    np.testing.assert_allclose(score.log_odds(np.array([1, 0, -1, 1])), prior)
    rng = np.random.default_rng(0)
    found = annealing.anneal(
        np.full(4, -1),
        score=score,
        propose=score.propose,
        rng=rng,
        visits=annealing.passes(4, times=9, rng=rng),
    )
    np.testing.assert_array_equal(found.labels, [1, 0, 1, 0])


def test_principal_directions_keep_the_largest_part():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 10)) * np.array([9.0, 7.0, *([0.1] * 8)])
    kept = coherence.principal(x, dimensions=2)
    assert kept.shape == (200, 2)
    assert (kept**2).sum() > 0.99 * (x**2).sum()


def test_states_and_prior_of_different_length_are_refused():
    with pytest.raises(BadTargets, match=r"\(3, 2\)"):
        coherence.Coherence(np.zeros((3, 2)), np.zeros(4))
