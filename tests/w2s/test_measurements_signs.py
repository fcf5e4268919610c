"""Reported signs against measured gains: what agrees, what is open, and what is refused."""

import numpy as np
import pytest

from w2s import methods
from w2s.errors import NotMeasured
from w2s.measurements.collect import ArmResult
from w2s.measurements.signs import METHODS, REPORTS, Agreement, Reported, signs

WORLDS = tuple("abcdefgh")


def results(gains, *, worlds=WORLDS, seeds=5, noise=0.0, split="sealed"):
    rng = np.random.default_rng(0)
    pgr = {"floor": 0.0, "ceiling": 1.0, "vanilla": 0.3} | {
        name: 0.3 + gains.get(name, 0.0) for name in METHODS
    }
    return [
        ArmResult(
            f"{world} {arm} {seed}",
            "mini-chat",
            split,
            world,
            seed,
            arm,
            0.6 + 0.3 * value + rng.normal(0, noise),
            1000,
            1.0,
        )
        for world in worlds
        for arm, value in pgr.items()
        for seed in range(seeds)
    ]


def agreement(gain, noise=0.0):
    (found,) = signs(results(dict.fromkeys(METHODS, gain), noise=noise), draws=500)
    return {check.report.method: check.agreement for check in found.checks}


def test_every_method_that_was_reported_is_in_the_library_once():
    assert set(METHODS) <= set(methods.names())
    assert len(set(METHODS)) == len(METHODS) == len(REPORTS)


@pytest.mark.parametrize(
    ("gain", "helps", "no_gain"),
    [
        (0.1, Agreement.SAME, Agreement.OPPOSITE),
        (-0.1, Agreement.OPPOSITE, Agreement.SAME),
        (0.0, Agreement.OPEN, Agreement.SAME),
    ],
)
def test_a_gain_clear_of_zero_is_what_helps_means(gain, helps, no_gain):
    meant = {Reported.HELPS: helps, Reported.NO_GAIN: no_gain}
    assert agreement(gain) == {report.method: meant[report.reported] for report in REPORTS}


def test_a_gain_within_its_noise_is_open_and_no_consistent_gain():
    assert set(agreement(0.01, noise=0.05).values()) == {Agreement.OPEN, Agreement.SAME}
    assert set(agreement(0.05, noise=0.3).values()) == {Agreement.OPEN}


def test_gains_are_paired_by_seed_so_that_a_luck_which_all_share_is_not_in_their_intervals():
    lines = results({"logconf": 0.1})
    shifted = [ArmResult(**{**vars(line), "accuracy": line.accuracy + 0.02 * line.seed}) for line in lines]
    (plain,), (lucky,) = signs(lines, draws=500), signs(shifted, draws=500)
    assert [check.gain for check in lucky.checks] == pytest.approx([check.gain for check in plain.checks])
    assert lucky.checks[0].high - lucky.checks[0].low == pytest.approx(0.0, abs=1e-9)


def test_dev_and_sealed_are_told_apart_and_worlds_are_drawn_anew_only_where_there_are_eight():
    found = signs(results({}) + results({}, worlds=WORLDS[:3], split="dev"), draws=100)
    assert [(part.split, part.worlds, part.seeds, part.over_worlds) for part in found] == [
        ("sealed", 8, 5, True),
        ("dev", 3, 5, False),
    ]


def test_a_method_that_is_missing_is_named():
    lines = [line for line in results({}) if line.arm != "bootstrap" or line.seed == 0]
    with pytest.raises(NotMeasured, match=r"mini-chat, sealed, a: 1 seeds .* bootstrap"):
        signs(lines)
