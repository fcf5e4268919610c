"""Published against measured: the order of methods, how sure it is, and what is refused."""

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from w2s.errors import NotFound, NotMeasured
from w2s.measurements import predict
from w2s.measurements.collect import ArmResult
from w2s.measurements.prediction import HELD_OUT, Group, Order, published_pgr, spearman
from w2s.measurements.redrawn import pgr_redrawn

CHAT = published_pgr("mini-chat")


def results(pgr, *, seeds=10, noise=0.0, testbed="mini-chat", floor=0.6, ceiling=0.9, world="north"):
    rng = np.random.default_rng(0)
    accuracy = {"floor": floor, "ceiling": ceiling}
    accuracy |= {method: floor + value * (ceiling - floor) for method, value in pgr.items()}
    return [
        ArmResult(f"{arm} {seed}", testbed, "dev", world, seed, arm, value + rng.normal(0, noise), 1000, 1.0)
        for arm, value in accuracy.items()
        for seed in range(seeds)
    ]


def test_the_study_published_nine_methods_on_chat_and_four_on_math_and_code():
    assert list(CHAT) == [
        "ccs_evolution",
        "em_posterior",
        "overlap_density",
        "curriculum",
        "epiplexity",
        "confident_labels",
        "vanilla",
        "zero_shot",
        "critic",
    ]
    assert [CHAT[name] for name in ("ccs_evolution", "zero_shot", "critic")] == [0.93, 0.027, -0.038]
    assert list(published_pgr("mini-code")) == ["confident_labels", "zero_shot", "vanilla", "critic"]
    assert set(HELD_OUT["mini-chat"]) < set(CHAT)


def test_a_world_that_repeats_the_published_figures_correlates_fully_and_reverses_no_pair():
    (prediction,) = predict("mini-chat", results(CHAT))
    assert [(c.group, c.methods, c.rho) for c in prediction.correlations] == [
        (Group.DESIGN, 5, 1.0),
        (Group.HELD_OUT, 4, 1.0),
        (Group.ALL, 9, 1.0),
    ]
    assert {pair.order for pair in prediction.pairs} == {Order.SAME}
    assert len(prediction.pairs) == 36
    assert [point.measured for point in prediction.points] == pytest.approx(list(CHAT.values()))


def test_a_world_that_turns_the_order_round_reverses_every_pair():
    (prediction,) = predict("mini-chat", results({method: -value for method, value in CHAT.items()}))
    assert [correlation.rho for correlation in prediction.correlations] == [-1.0, -1.0, -1.0]
    assert {pair.order for pair in prediction.pairs} == {Order.REVERSED}


def test_intervals_are_wide_where_seeds_disagree_and_equal_methods_stay_open():
    flat = dict.fromkeys(CHAT, 0.4)
    (prediction,) = predict("mini-chat", results(flat, noise=0.02))
    of_all = prediction.correlations[-1]
    assert of_all.high - of_all.low > 0.5
    assert sum(pair.order is Order.OPEN for pair in prediction.pairs) > 25
    assert predict("mini-chat", results(flat, noise=0.02)) == (prediction,)


def test_pgr_is_the_mean_over_worlds_and_seeds_are_drawn_within_each():
    higher, lower = ({method: value + shift for method, value in CHAT.items()} for shift in (0.1, -0.1))
    worlds = [*results(higher), *results(lower, world="west", ceiling=0.8)]
    (prediction,) = predict("mini-chat", worlds)
    assert prediction.worlds == ("north", "west")
    assert (prediction.seeds, prediction.n) == (10, 1000)
    assert [point.measured for point in prediction.points] == pytest.approx(list(CHAT.values()))
    assert all(point.high - point.low < 1e-9 for point in prediction.points), "worlds are not drawn"
    alone = predict("mini-chat", results(CHAT, noise=0.02))[0].points[0]
    both = predict("mini-chat", [*results(CHAT, noise=0.02), *results(CHAT, noise=0.02, world="west")])
    assert both[0].points[0].high - both[0].points[0].low < 0.85 * (alone.high - alone.low)


def test_where_a_split_has_eight_worlds_they_are_drawn_too():
    shifts = np.linspace(-0.1, 0.1, 8)
    worlds = [
        result
        for number, shift in enumerate(shifts)
        for result in results({method: value + shift for method, value in CHAT.items()}, world=f"w{number}")
    ]
    (seven,) = predict("mini-chat", [result for result in worlds if result.world != "w7"])
    assert not seven.over_worlds
    assert all(point.high - point.low < 1e-9 for point in seven.points)
    (eight,) = predict("mini-chat", worlds)
    assert eight.over_worlds
    spread = 2 * 1.96 * shifts.std() / np.sqrt(8)
    assert all(point.high - point.low == pytest.approx(spread, rel=0.1) for point in eight.points)
    assert all(pair.high - pair.low < 1e-9 for pair in eight.pairs), "methods of one draw share its worlds"


def test_two_methods_are_too_few_for_a_correlation():
    published = published_pgr("mini-math")
    (prediction,) = predict("mini-math", results(published, testbed="mini-math"))
    assert [(c.group, c.methods) for c in prediction.correlations] == [(Group.ALL, 4)]


def test_rho_is_that_of_scipy_with_ties_and_nan_for_a_constant_row():
    rng = np.random.default_rng(1)
    for _ in range(20):
        first, second = rng.integers(0, 4, size=(2, 9)).astype(float)
        assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)
    assert math.isnan(spearman(np.ones(5), np.arange(5.0)))


def test_what_cannot_be_predicted_says_why():
    with pytest.raises(NotFound, match="mini-chat-large"):
        predict("mini-chat-large", [])
    with pytest.raises(NotMeasured, match="aar testbed predict mini-chat"):
        predict("mini-chat", [])
    missing = [result for result in results(CHAT) if result.arm != "critic"]
    with pytest.raises(NotMeasured, match=r"0 seeds with floor, ceiling and .*critic"):
        predict("mini-chat", missing)
    with pytest.raises(NotMeasured, match="1 seeds"):
        predict("mini-chat", results(CHAT, seeds=1))
    with pytest.raises(NotMeasured, match="dev, west: 1 seeds"):
        predict("mini-chat", [*results(CHAT), *results(CHAT, seeds=1, world="west")])


def test_a_world_that_is_drawn_twice_has_two_draws_of_seeds():
    # of eight worlds without spread between them, only seeds are left: the mean of eight has the error of all seeds
    rng = np.random.default_rng(5)
    lines = []
    for world in "abcdefgh":
        for seed in range(40):
            for arm, value in {"floor": 0.0, "ceiling": 1.0, "vanilla": 0.5 + rng.normal(0, 0.2)}.items():
                lines.append(
                    ArmResult(
                        f"{world}{seed}{arm}", "mini-chat", "sealed", world, seed, arm, value, 1000, 1.0
                    )
                )
    found = pgr_redrawn(lines, ["vanilla"])
    assert found.over_worlds
    assert found.redrawn.std() == pytest.approx(0.2 / np.sqrt(8 * 40) * np.sqrt(2), rel=0.35)
