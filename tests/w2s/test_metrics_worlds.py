"""Figures over worlds: their level and coverage by simulation, and one world as before."""

from __future__ import annotations

import numpy as np
import pytest

from w2s.metrics import (
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
