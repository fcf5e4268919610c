"""Figures over worlds: their level and coverage by simulation, and one world as before."""

from __future__ import annotations

import numpy as np
import pytest

from w2s.metrics import (
    Supervisors,
    paired_gain,
    pgr_interval,
    world_accuracy,
    world_equivalence,
    world_gain,
    world_pgr,
    world_pgr_gain,
)
from w2s.records import FloatArray

WORLDS, QUESTIONS, EACH = 8, 60, 5
CLUSTERS = [np.repeat(np.arange(QUESTIONS), EACH)] * WORLDS


def study(
    rng: np.random.Generator, *, gain: float, between: float = 0.03
) -> tuple[list[FloatArray], list[FloatArray], list[FloatArray], list[FloatArray]]:
    """Two methods, floor and ceiling in eight worlds, a pair of seeds in each; `gain` is the true one of the first."""
    tables: tuple[list[FloatArray], ...] = ([], [], [], [])
    for _ in range(WORLDS):
        hard = np.repeat(rng.normal(0, 0.15, QUESTIONS), EACH)
        own = rng.normal(0, between)
        for table, mean in zip(tables, (0.7 + gain + own, 0.7, 0.6, 0.9), strict=True):
            luck = np.repeat(rng.normal(0, 0.1, QUESTIONS), EACH) + rng.normal(0, 0.02)
            table.append(
                (rng.random(QUESTIONS * EACH) < np.clip(mean + hard + luck, 0, 1)).astype(float)[None]
            )
    return tables  # type: ignore[return-value]


def test_level_and_coverage_hold_where_worlds_differ() -> None:
    """Nominal 3 % one-sided and 95 % two-sided; 1500 studies, so that 2 to 4.2 % and 93.5 to 96.4 % are chance."""
    rng = np.random.default_rng(1)
    false, covered, recovered = 0, 0, 0
    count = 1500
    for _ in range(count):
        a, b, floor, ceiling = study(rng, gain=0.0)
        false += world_gain(a, b, CLUSTERS, level=0.94).low > 0
        interval = world_gain(a, b, CLUSTERS)
        covered += interval.low <= 0 <= interval.high
        share = world_pgr_gain(a, b, floor, ceiling, CLUSTERS)
        recovered += share.low <= 0 <= share.high
    assert 0.02 <= false / count <= 0.042
    assert 0.935 <= covered / count <= 0.964
    assert 0.935 <= recovered / count <= 0.964


def test_one_world_is_judged_by_seeds_and_questions() -> None:
    rng = np.random.default_rng(2)
    a, b, floor, ceiling = (np.vstack(tables) for tables in study(rng, gain=0.05))
    one = CLUSTERS[:1]
    assert world_gain([a], [b], one) == paired_gain(a, b, CLUSTERS[0])
    assert world_pgr([a], [floor], [ceiling], one) == pgr_interval(a, floor, ceiling, CLUSTERS[0])


def test_a_world_with_more_seeds_counts_no_more() -> None:
    few, many = np.full((1, 4), 1.0), np.full((9, 4), 0.0)
    assert world_accuracy([few, many], [range(4), range(4)]).mean == 0.5
    assert world_accuracy([few, many], [range(4), range(4)]).seeds == 10


def test_methods_that_agree_in_every_world_are_equal() -> None:
    rng = np.random.default_rng(3)
    a, *_ = study(rng, gain=0.0)
    assert world_equivalence(a, a, CLUSTERS, margin=0.01).equivalent


def test_other_worlds_cannot_be_paired() -> None:
    rng = np.random.default_rng(4)
    a, b, *_ = study(rng, gain=0.0)
    with pytest.raises(ValueError, match="cannot be paired"):
        world_gain(a, b[:-1], CLUSTERS)


def gains_by_supervisor(
    rng: np.random.Generator, *, slope: float, gain: float = 0.0
) -> tuple[list[FloatArray], list[FloatArray], Supervisors]:
    """Two methods in eight worlds, whose difference is `gain` at a typical supervisor (.6)."""
    accuracy = rng.normal(0.6, 0.05, WORLDS)
    truth = gain + slope * (accuracy - 0.6) + rng.normal(0, 0.02, WORLDS)
    a = [np.full((1, 4), 0.7 + difference) for difference in truth]
    return a, [np.full((1, 4), 0.7)] * WORLDS, Supervisors(accuracy, typical=np.full(WORLDS, 0.6))


@pytest.mark.parametrize("slope", [0.0, -0.9])
def test_level_and_coverage_hold_with_supervisors(slope: float) -> None:
    """1500 studies; the truth is the gain at a typical supervisor, whatever supervisors a study happens to have."""
    rng = np.random.default_rng(5)
    false = covered = 0
    count = 1500
    for _ in range(count):
        a, b, supervisors = gains_by_supervisor(rng, slope=slope)
        few = [range(4)] * WORLDS
        false += world_gain(a, b, few, level=0.94, supervisors=supervisors).low > 0
        interval = world_gain(a, b, few, supervisors=supervisors)
        covered += interval.low <= 0 <= interval.high
    assert 0.02 <= false / count <= 0.042
    assert 0.935 <= covered / count <= 0.964


@pytest.mark.parametrize("follows", [0.1, 0.7, 1.0])
def test_level_and_coverage_hold_where_the_opponent_itself_tells_how_good_supervisors_are(
    follows: float,
) -> None:
    """1500 studies against plain students, whose accuracy is regressed out; that of typical ones is known to .02."""
    rng = np.random.default_rng(9)
    false = covered = 0
    count = 1500
    few = [range(4)] * WORLDS
    for _ in range(count):
        plain = rng.normal(0.7, 0.08, WORLDS)
        own = 0.7 + follows * (plain - 0.7) + rng.normal(0, 0.025, WORLDS)
        a, b = ([np.full((1, 4), x) for x in accuracy] for accuracy in (own, plain))
        supervisors = Supervisors(plain, typical=0.7 + rng.normal(0, 0.02, WORLDS))
        false += world_gain(a, b, few, level=0.94, supervisors=supervisors).low > 0
        interval = world_gain(a, b, few, supervisors=supervisors)
        covered += interval.low <= 0 <= interval.high
    assert 0.02 <= false / count <= 0.042
    assert 0.935 <= covered / count <= 0.965


def test_the_supervisors_luck_is_taken_out() -> None:
    """Where gains move with the supervisor, intervals are less than half as wide, and a gain is found more often."""
    rng = np.random.default_rng(6)
    widths, found = [], np.zeros(2)
    for _ in range(300):
        a, b, supervisors = gains_by_supervisor(rng, slope=-0.9, gain=0.03)
        few = [range(4)] * WORLDS
        both = [world_gain(a, b, few, level=0.94, supervisors=known) for known in (None, supervisors)]
        widths.append([one.high - one.low for one in both])
        found += [one.low > 0 for one in both]
    plain, known = np.mean(widths, axis=0)
    assert known < plain / 2
    assert found[0] / 300 < 0.6
    assert found[1] / 300 > 0.85


def test_few_worlds_or_equal_supervisors_change_nothing() -> None:
    rng = np.random.default_rng(7)
    a, b, supervisors = gains_by_supervisor(rng, slope=-0.9)
    few = [range(4)] * WORLDS
    equal = Supervisors(np.full(WORLDS, 0.6), typical=np.full(WORLDS, 0.5))
    assert world_gain(a, b, few, supervisors=equal) == world_gain(a, b, few)
    three = Supervisors(supervisors.accuracy[:3], typical=np.full(3, 0.6))
    assert world_gain(a[:3], b[:3], few[:3], supervisors=three) == world_gain(a[:3], b[:3], few[:3])


def test_pgr_at_a_typical_supervisor_covers_its_truth() -> None:
    """Floor and student move with the supervisor; PGR at a typical one is (.72 - .6) / (.9 - .6)."""
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(1000):
        accuracy = rng.normal(0.6, 0.05, WORLDS)
        student = [np.full((1, 4), 0.72 + 0.5 * (x - 0.6) + rng.normal(0, 0.02)) for x in accuracy]
        floor, ceiling = [np.full((1, 4), x) for x in accuracy], [np.full((1, 4), 0.9)] * WORLDS
        share = world_pgr(
            student,
            floor,
            ceiling,
            [range(4)] * WORLDS,
            supervisors=Supervisors(accuracy, typical=np.full(WORLDS, 0.6)),
        )
        covered += share.low <= 0.4 <= share.high
    assert 0.93 <= covered / 1000 <= 0.97
