"""Contrast-consistent search: its loss is as published, and it finds what negation turns round."""

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s.blocks import contrast
from w2s.blocks.targets import sigmoid
from w2s.errors import BadTargets


def contrast_pairs(n=500, h=5, seed=0, offset=3.0):
    """Direction 0 knows the truth and says the opposite of the negation; the others are what both sides share."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=n)
    shared = rng.normal(size=(n, h))
    signal = np.zeros((n, h))
    signal[:, 0] = 2.0 * truth - 1
    noise = 0.3 * rng.normal(size=(2, n, h))
    plus = signal + noise[0] + offset
    minus = -signal + noise[1] - offset
    shared[:, 0] = 0
    return plus + shared, minus + shared, truth


def test_the_direction_of_truth_is_found_up_to_its_sign():
    plus, minus, truth = contrast_pairs()
    probe = contrast.ccs(plus, minus, rng=np.random.default_rng(0))
    right = np.mean((probe(plus, minus) > 0) == truth)
    assert max(right, 1 - right) > 0.97
    assert probe.loss < 0.1


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_labels_little_better_than_chance_settle_the_sign(sign):
    plus, minus, truth = contrast_pairs()
    rng = np.random.default_rng(1)
    weak = np.where(rng.random(500) < 0.6, 1, -1) * (2.0 * truth - 1) * sign
    probe = contrast.ccs(plus, minus, rng=rng).towards(weak, plus, minus)
    assert np.mean((sign * probe(plus, minus) > 0) == truth) > 0.97


def test_the_loss_and_its_gradient_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    x, y, theta = rng.normal(size=(40, 3)), rng.normal(size=(40, 3)), rng.normal(size=4)

    def value(at):
        p, q = sigmoid(x @ at[:3] + at[3]), sigmoid(y @ at[:3] + at[3])
        return np.mean((p - (1 - q)) ** 2 + np.minimum(p, q) ** 2)

    found, slope = contrast._loss(theta, x, y)
    assert found == pytest.approx(value(theta))
    step = 1e-6 * np.eye(4)
    np.testing.assert_allclose(slope, [(value(theta + d) - value(theta - d)) / 2e-6 for d in step], atol=1e-8)


def test_what_tells_the_sides_apart_as_such_is_normalised_away():
    near, far = (contrast_pairs(offset=offset) for offset in (0.0, 50.0))
    margins = [contrast.ccs(p, m, rng=np.random.default_rng(0))(p, m) for p, m, _ in (near, far)]
    np.testing.assert_allclose(*margins, atol=1e-6)


def test_swapping_the_sides_turns_the_margin_round():
    plus, minus, _ = contrast_pairs()
    plus, minus = plus - plus.mean(axis=0), minus - minus.mean(axis=0)
    minus *= np.sqrt(plus.var(axis=0).mean() / minus.var(axis=0).mean())
    probe = contrast.ccs(plus, minus, rng=np.random.default_rng(0))
    np.testing.assert_allclose(probe(minus, plus), -probe(plus, minus), atol=1e-9)


def test_more_restarts_never_end_higher():
    plus, minus, _ = contrast_pairs(n=60, h=20)
    losses = [
        contrast.ccs(plus, minus, rng=np.random.default_rng(0), restarts=restarts).loss
        for restarts in (1, 4, 10)
    ]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("pairs", [True, False])
def test_the_layer_of_the_lowest_loss_is_read_and_its_sign_goes_with_the_weak_labels(pairs):
    bench = FakeBench(pairs=pairs, cue_right=0.5)
    student = bench.strong()
    found = contrast.read(bench, student, layers=[1, 2, 3])
    assert found.layer == 2
    assert np.mean((found.margin > 0) == bench.truth_of(bench.unlabelled)) > 0.9
    margin = found(bench, student, bench.test)
    assert np.mean((margin > 0) == bench.truth_of(bench.test)) > 0.9


def test_sides_that_do_not_match_are_refused():
    with pytest.raises(BadTargets, match=r"plus \(3, 2\), minus \(4, 2\)"):
        contrast.ccs(np.zeros((3, 2)), np.zeros((4, 2)), rng=np.random.default_rng(0))
