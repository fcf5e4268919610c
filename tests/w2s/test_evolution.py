"""Evolution climbs by seeded directions alone, and consistency is a probability that can be counted."""

import itertools

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s.blocks import elicitation, evolution
from w2s.errors import BadTargets


class Point:
    """A student that is nothing but its parameters; counts what is asked of it."""

    def __init__(self, at):
        self.at, self.moves = np.array(at, dtype=float), []

    def perturb(self, seed, scale):
        self.at = self.at + scale * direction(seed, len(self.at))

    def step(self, weights):
        self.moves.append(weights)
        for seed, weight in weights.items():
            self.perturb(seed, weight)


def direction(seed, n):
    return np.random.default_rng(seed).normal(size=n)


def test_on_a_slope_the_step_is_the_sum_of_directions_by_their_standardised_gain():
    slope = np.array([1.0, -2.0, 0.5])
    student = Point([0, 0, 0])
    evolution.ascend(
        student, lambda s: float(slope @ s.at), rng=np.random.default_rng(0), rounds=1, directions=5, rate=0.1
    )
    (weights,) = student.moves
    ups = np.array([slope @ direction(seed, 3) for seed in weights]) * 0.01
    z = ups / np.concatenate([ups, -ups]).std()
    np.testing.assert_allclose(list(weights.values()), 0.1 / 5 * z, rtol=1e-6)
    moved = sum(w * direction(seed, 3) for seed, w in weights.items())
    np.testing.assert_allclose(student.at, moved, atol=1e-12)
    assert slope @ student.at > 0


def test_it_climbs_a_hill():
    student = Point([2.0, -1.0])
    means = evolution.ascend(
        student,
        lambda s: -float(s.at @ s.at),
        rng=np.random.default_rng(0),
        rounds=60,
        directions=6,
        scale=0.05,
        rate=0.1,
    )
    assert np.linalg.norm(student.at) < 0.4
    assert means[-1] > means[0]


def test_where_nothing_matters_the_student_stays():
    student = Point([1.0, 2.0])
    evolution.ascend(student, lambda _: 0.5, rng=np.random.default_rng(0))
    assert student.moves == []
    np.testing.assert_allclose(student.at, [1.0, 2.0])


def test_swap_agreement_is_the_chance_that_two_draws_name_the_same_answer():
    rng = np.random.default_rng(0)
    shown, swapped = rng.random(4), rng.random(4)
    draws = rng.random((200000, 2, 4)) < np.stack([shown, swapped])
    assert evolution.swap_agreement(shown, swapped) == pytest.approx(
        float((draws[:, 0] != draws[:, 1]).mean()), abs=0.01
    )
    assert evolution.swap_agreement(np.array([0.9, 0.2]), np.array([0.1, 0.8])) == pytest.approx(
        (0.9 * 0.9 + 0.1 * 0.1 + 0.8 * 0.8 + 0.2 * 0.2) / 2
    )


def test_one_right_counts_every_way_in_which_exactly_one_answer_is_right():
    said = np.array([0.7, 0.5, 0.3, 0.6, 0.2])
    claim, group = np.array([0, 0, 1, 2, 3]), np.array([4, 4, 4, 9])
    pooled = [0.6, 0.3, 0.6]
    chance = 0.0
    for each in itertools.product((0, 1), repeat=3):
        if sum(each) == 1:
            chance += np.prod([p if right else 1 - p for p, right in zip(pooled, each, strict=True)])
    # Question 9 has a single answer and says nothing.
    assert evolution.one_right(said, claim, group) == pytest.approx(chance)


def test_answers_that_have_no_rival_are_refused():
    with pytest.raises(BadTargets, match="two distinct answers"):
        evolution.one_right(np.array([0.5, 0.5]), np.array([0, 0]), np.array([3]))


@pytest.mark.parametrize("pairs", [True, False])
def test_a_student_that_knows_the_truth_is_consistent_and_one_that_knows_nothing_is_not(pairs):
    bench = FakeBench(pairs=pairs)
    student = bench.strong()
    undecided = 0.5 if pairs else 3 * 0.5**3
    assert evolution.consistency(student, bench.unlabelled) == pytest.approx(undecided)
    student.weights = np.array([9.0, 0.0])
    assert evolution.consistency(student, bench.unlabelled) > 0.99


def test_items_to_judge_on_are_whole_questions():
    items = FakeBench(pairs=False).unlabelled
    judged = evolution.some(items, n=50, rng=np.random.default_rng(0))
    assert len(judged) == 52
    assert set(np.bincount(judged.group)) <= {0, 4}
    assert len(evolution.some(items, n=10**6, rng=np.random.default_rng(0))) == len(items)
    assert len(np.unique(elicitation.claims(judged)[1])) == 13
