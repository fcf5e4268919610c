"""The bootstrap over seeds and questions covers what it says from ten seeds on, and is not offered below."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from test_metrics import World, study

from w2s.errors import NoGap
from w2s.metrics import Part, pgr, pgr_bootstrap, pgr_interval, two_way
from w2s.metrics.bootstrap import resampled, shrunken


def coverage(world: World, *, studies: int, seeds: int, draws: int, first: int = 0) -> float:
    """Share of the printed intervals that hold the true PGR."""
    truth = pgr(world.student, floor=world.floor, ceiling=world.ceiling)
    held = printed = 0
    for i in range(studies):
        rng = np.random.default_rng([first, i])
        (student, floor, ceiling), clusters = study(world, rng, seeds=seeds)
        with contextlib.suppress(NoGap):
            estimate = pgr_bootstrap(
                student, floor, ceiling, clusters, rng=rng, draws=draws, same_supervisors=True
            )
            printed += 1
            held += estimate.low <= truth <= estimate.high
    assert printed > 0.9 * studies
    return held / printed


def test_intervals_drawn_from_ten_seeds_cover_the_truth_as_often_as_they_say() -> None:
    # three binomial standard errors of 150 draws at .95 are .053
    assert 0.897 <= coverage(World(), studies=150, seeds=10, draws=199) <= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [10, 20])
@pytest.mark.parametrize(
    "world", [World(), World(seed_sd=0.08), World(seed_sd=0.0), World(questions=40, question_sd=0.2)]
)
def test_drawn_intervals_cover_the_truth_in_many_worlds(world: World, seeds: int) -> None:
    assert 0.93 <= coverage(world, studies=2000, seeds=seeds, draws=399, first=1) <= 0.97


def test_a_draw_from_counts_is_two_way_on_the_drawn_table() -> None:
    rng = np.random.default_rng(0)
    clusters = np.sort(rng.integers(0, 15, 70))
    names, codes = np.unique(clusters, return_inverse=True)
    tables = [rng.random((10, 70)), rng.random((12, 70))]
    columns = rng.integers(0, len(names), len(names))
    rows = [rng.integers(0, len(table), len(table)) for table in tables]

    items = [np.flatnonzero(codes == column) for column in columns]
    drawn = [
        Part(table[own][:, np.concatenate(items)], (sign,), name)
        for table, own, sign, name in zip(tables, rows, (1.0, -0.4), ("student", "floor"), strict=True)
    ]
    spread = two_way(drawn, np.repeat(np.arange(len(names)), [len(own) for own in items]))

    def counts(picked: np.ndarray, of: int) -> np.ndarray:
        return np.bincount(picked, minlength=of)[None, :].astype(float)

    one_each = np.eye(len(names))[codes]
    found = resampled(
        [tables[0] @ one_each, -0.4 * tables[1] @ one_each],
        one_each.sum(axis=0),
        taken=counts(columns, len(names)),
        seeds=[counts(rows[0], 10), counts(rows[1], 12)],
    )
    assert found.mean[0] == pytest.approx(spread.figures[0])
    assert found.variance[0] == pytest.approx(spread.covariance[0, 0])


def test_drawn_means_vary_by_what_is_estimated_of_seeds_and_items() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(0, 0.1, (10, 1)) + rng.normal(0, 0.3, 80) + rng.normal(0, 0.4, (10, 80))
    spread = two_way([Part(table, (1.0,), "student")], np.arange(80))
    sizes, draws = np.ones(80), 20_000
    found = resampled(
        shrunken([table], sizes),
        sizes,
        taken=rng.multinomial(80, np.full(80, 1 / 80), draws).astype(float),
        seeds=[rng.multinomial(10, np.full(10, 0.1), draws).astype(float)],
    )
    estimated = float(spread.items[0, 0] + spread.seeds[0][0][0, 0])
    assert found.mean.var() == pytest.approx(estimated, rel=0.04)
    assert found.variance.mean() == pytest.approx(estimated, rel=0.04)


def test_the_drawn_interval_agrees_with_fiellers_where_seeds_are_many() -> None:
    (student, floor, ceiling), clusters = study(World(), np.random.default_rng(2), seeds=40)
    by_t = pgr_interval(student, floor, ceiling, clusters, same_supervisors=True)
    drawn = pgr_bootstrap(
        student, floor, ceiling, clusters, rng=np.random.default_rng(3), same_supervisors=True
    )
    assert drawn.mean == pytest.approx(by_t.mean)
    assert drawn.high - drawn.low == pytest.approx(by_t.high - by_t.low, rel=0.1)


def test_the_same_generator_gives_the_same_interval() -> None:
    (student, floor, ceiling), clusters = study(World(), np.random.default_rng(4), seeds=10)
    first, second = (
        pgr_bootstrap(student, floor, ceiling, clusters, rng=np.random.default_rng(5)) for _ in range(2)
    )
    assert first == second


def test_nine_seeds_few_questions_or_no_gap_are_refused() -> None:
    rng = np.random.default_rng(6)
    (student, floor, ceiling), clusters = study(World(), rng, seeds=12)
    with pytest.raises(ValueError, match=r"floor: 9 seeds.*use pgr_interval"):
        pgr_bootstrap(student, floor[:9], ceiling, clusters, rng=rng)
    with pytest.raises(ValueError, match="keep the rows that both have"):
        pgr_bootstrap(student[:10], floor, ceiling, clusters, rng=rng, same_supervisors=True)
    with pytest.raises(ValueError, match="at least 5 draws must lie outside"):
        pgr_bootstrap(student, floor, ceiling, clusters, rng=rng, draws=50)
    with pytest.raises(ValueError, match="4 item clusters"):
        pgr_bootstrap(0.01 * student + 0.5, 0.01 * floor, 0.01 * ceiling + 0.9, np.arange(600) % 4, rng=rng)
    with pytest.raises(NoGap):
        pgr_bootstrap(student, ceiling, floor, clusters, rng=rng)
