"""The intervals cover what they say, and a gap that is not there is refused."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s.errors import BadPredictions, NoGap
from w2s.metrics import alpha_at, clustered_stderr, correctness, fieller, paired_gain, pgr, pgr_interval
from w2s.records import FloatArray


@dataclass(frozen=True)
class World:
    """A population of seeds and questions, whose true means are known."""

    floor: float = 0.62
    student: float = 0.72
    ceiling: float = 0.93
    seed_sd: float = 0.03
    question_sd: float = 0.12
    questions: int = 120
    per_question: int = 5


def study(world: World, rng: np.random.Generator, *, seeds: int) -> tuple[list[FloatArray], FloatArray]:
    """Correctness of student, floor and ceiling drawn from `world`, sharing questions and supervisors."""
    n = world.questions * world.per_question
    clusters = np.repeat(np.arange(world.questions), world.per_question)
    hard = rng.uniform(-1, 1, world.questions)[clusters] * world.question_sd * math.sqrt(3)
    luck = rng.normal(0, world.seed_sd, (seeds, 1))
    tables = []
    for mean, shared, own in ((world.student, 0.7, 0.7), (world.floor, 1.0, 0.0), (world.ceiling, 0.0, 0.3)):
        own_luck = rng.normal(0, world.seed_sd, (seeds, 1)) * own
        scale = min(1.0, (1 - mean) / 0.4)  # the ceiling has little room to vary
        p = mean + scale * (hard[None, :] + shared * luck + own_luck)
        tables.append((rng.random((seeds, n)) < p).astype(np.float64))
    return tables, clusters.astype(np.float64)


def coverage(world: World, *, studies: int, seeds: int, first: int = 0) -> tuple[float, float]:
    """Shares of studies whose PGR interval and whose paired interval hold the truth."""
    true_pgr = pgr(world.student, floor=world.floor, ceiling=world.ceiling)
    true_gain = world.student - world.floor
    ratio = gain = printed = 0
    for i in range(studies):
        (student, floor, ceiling), clusters = study(world, np.random.default_rng([first, i]), seeds=seeds)
        with contextlib.suppress(NoGap):  # refused, so not printed: up to a tenth in the noisiest worlds
            estimate = pgr_interval(student, floor, ceiling, clusters, same_supervisors=True)
            printed += 1
            ratio += estimate.low <= true_pgr <= estimate.high
        difference = paired_gain(student, floor, clusters)
        gain += difference.low <= true_gain <= difference.high
    assert printed > 0.5 * studies
    return ratio / printed, gain / studies


def test_intervals_of_five_seeds_cover_the_truth_as_often_as_they_say() -> None:
    ratio, gain = coverage(World(), studies=300, seeds=5)
    # three binomial standard errors of 300 draws at .95 are .038; wider than promised is no fault below .995
    assert 0.912 <= ratio <= 0.995
    assert 0.912 <= gain <= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10, 20])
@pytest.mark.parametrize(
    "world", [World(), World(seed_sd=0.08), World(seed_sd=0.0), World(questions=40, question_sd=0.2)]
)
def test_intervals_cover_the_truth_in_many_worlds(world: World, seeds: int) -> None:
    ratio, gain = coverage(world, studies=2000, seeds=seeds, first=1)
    assert 0.935 <= ratio <= 0.99
    assert 0.935 <= gain <= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_intervals_of_the_usual_world_cover_93_to_97_percent(seeds: int) -> None:
    # wider than that without any spread between seeds (.98) or with 40 questions and 5 seeds (.98): see above
    ratio, gain = coverage(World(), studies=2000, seeds=seeds, first=2)
    assert 0.93 <= ratio <= 0.97
    assert 0.93 <= gain <= 0.97


def test_a_question_with_many_items_counts_once() -> None:
    rng = np.random.default_rng(0)
    by_question = np.tile(rng.random(50) < 0.6, (4, 1))
    repeated = np.repeat(by_question, 10, axis=1).astype(float)
    zero = np.zeros_like(repeated)
    naive = paired_gain(repeated, zero, np.arange(500))
    robust = paired_gain(repeated, zero, np.repeat(np.arange(50), 10))
    assert robust.high - robust.low > 2 * (naive.high - naive.low)


def test_the_cluster_robust_error_of_single_items_is_the_textbook_one() -> None:
    d = np.random.default_rng(1).normal(size=400)
    assert clustered_stderr(d, np.arange(400)) == pytest.approx(d.std(ddof=1) / 20)


def test_seeds_that_differ_widen_the_interval_although_the_items_do_not() -> None:
    rng = np.random.default_rng(2)
    items = (rng.random(400) < 0.7).astype(float)
    calm = np.tile(items, (6, 1))
    wild = np.clip(calm + rng.normal(0, 0.1, (6, 1)), 0, 1)
    zero = np.zeros_like(calm)
    narrow, wide = paired_gain(calm, zero, np.arange(400)), paired_gain(wild, zero, np.arange(400))
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_a_shared_supervisor_narrows_the_interval() -> None:
    world = World(seed_sd=0.06)
    (student, floor, ceiling), clusters = study(world, np.random.default_rng(5), seeds=20)
    apart = pgr_interval(student, floor, ceiling, clusters)
    together = pgr_interval(student, floor, ceiling, clusters, same_supervisors=True)
    assert together.mean == pytest.approx(apart.mean)
    assert together.high - together.low < apart.high - apart.low


def test_fewer_student_seeds_than_supervisors_are_fine() -> None:
    (student, floor, ceiling), clusters = study(World(), np.random.default_rng(6), seeds=5)
    estimate = pgr_interval(student[:3], floor, ceiling, clusters, same_supervisors=True)
    assert estimate.seeds == 3
    assert estimate.low < estimate.mean < estimate.high


def test_a_gap_that_is_not_established_is_refused() -> None:
    with pytest.raises(NoGap, match="not above floor"):
        pgr(0.6, floor=0.7, ceiling=0.7)
    flat = World(floor=0.70, student=0.71, ceiling=0.74, questions=30)
    (student, floor, ceiling), clusters = study(flat, np.random.default_rng(3), seeds=3)
    with pytest.raises(NoGap):
        pgr_interval(student, floor, ceiling, clusters)


def test_a_ceiling_below_the_floor_is_told_by_the_difference_of_their_accuracies() -> None:
    (student, floor, ceiling), clusters = study(World(), np.random.default_rng(3), seeds=3)
    with pytest.raises(NoGap, match=r"not above the floor \(-0\.\d{3} of accuracy\)"):
        pgr_interval(student, ceiling, floor, clusters)


@given(a=st.floats(-0.2, 0.5), b=st.floats(0.2, 0.5), sd=st.floats(1e-4, 0.015), rho=st.floats(-0.9, 0.9))
def test_fiellers_bounds_solve_his_equation(a: float, b: float, sd: float, rho: float) -> None:
    r = fieller(a, b, var_numerator=sd**2, var_denominator=sd**2, covariance=rho * sd**2, t=2.0)
    assert r.low <= r.mean <= r.high
    for bound in (r.low, r.high):
        variance = sd**2 * (1 + bound**2 - 2 * bound * rho)
        assert (a - bound * b) ** 2 == pytest.approx(4 * variance, rel=1e-4, abs=1e-9)


def test_alpha_over_all_attempts_is_five_percent() -> None:
    assert sum(alpha_at(j) for j in range(1, 20_000)) == pytest.approx(0.05, abs=1e-5)


def test_the_level_of_a_paired_interval_can_be_any() -> None:
    (student, floor, _), clusters = study(World(), np.random.default_rng(4), seeds=8)
    wide = paired_gain(student, floor, clusters, level=1 - 2 * alpha_at(5))
    narrow = paired_gain(student, floor, clusters)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_one_seed_gives_no_interval() -> None:
    with pytest.raises(ValueError, match="at least 2 seeds"):
        paired_gain(np.ones((1, 4)), np.zeros((1, 4)), ["a", "a", "b", "b"])


def test_an_abstaining_method_scores_one_half_and_nan_is_refused() -> None:
    assert correctness(np.full(10, 0.5), np.ones(10)).mean() == 0.5
    with pytest.raises(BadPredictions):
        correctness([0.2, float("nan")], [0, 1])
