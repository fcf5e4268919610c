"""Probes: closed forms, and what each limit must give."""

import functools

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge

from w2s.blocks import probes
from w2s.errors import BadTargets


def states(n=400, h=6, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.5).astype(float)
    mix = rng.normal(size=(h, h))
    return (rng.normal(size=(n, h)) + 1.2 * (2 * y - 1)[:, None] * np.eye(h)[0]) @ mix + 5.0, y


def test_the_mean_difference_is_the_difference_of_means():
    x, y = states()
    found = probes.mean_difference(x, y)
    np.testing.assert_allclose(found.direction, x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0))
    np.testing.assert_allclose(found(x[y == 1]).mean(), -found(x[y == 0]).mean())


def test_without_shrinkage_the_whitened_probe_is_linear_discriminant_analysis():
    x, y = states()
    ours = probes.whitened(x, y, shrinkage=0.0)(x)
    theirs = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(x, y).decision_function(x)
    assert np.corrcoef(ours, theirs)[0, 1] > 1 - 1e-9
    np.testing.assert_array_equal(ours > 0, theirs > 0)


def test_with_full_shrinkage_the_whitened_probe_is_the_mean_difference():
    x, y = states()
    ours, plain = probes.whitened(x, y, shrinkage=1.0), probes.mean_difference(x, y)
    assert np.corrcoef(ours(x), plain(x))[0, 1] > 1 - 1e-9


def test_the_logistic_probe_is_scikit_learns_on_states_of_unit_mean_variance():
    x, y = states()
    z = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0).mean())
    theirs = LogisticRegression(C=0.5, max_iter=5000, tol=1e-10).fit(z, y).decision_function(z)
    np.testing.assert_allclose(probes.logistic(x, y, penalty=2.0)(x), theirs, atol=2e-3)


def test_the_ridge_probe_is_scikit_learns_on_states_of_unit_mean_variance():
    x, y = states()
    z = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0).mean())
    theirs = Ridge(alpha=3.0).fit(z, 2 * y - 1).predict(z)
    np.testing.assert_allclose(probes.ridge(x, y, penalty=3.0)(x), theirs, atol=1e-9)


def test_a_soft_target_of_one_half_is_an_item_of_each_class_at_half_the_weight():
    x, y = states(60)
    soft = np.full(60, 0.5)
    soft[:40] = y[:40]
    twice = np.vstack([x[:40], x[40:], x[40:]])
    labels = np.concatenate([y[:40], np.ones(20), np.zeros(20)])
    weights = np.concatenate([np.ones(40), np.full(40, 0.5)])
    for fit in (probes.logistic, probes.mean_difference):
        np.testing.assert_allclose(
            fit(x, soft).direction, fit(twice, labels, weights=weights).direction, atol=1e-4
        )


@pytest.mark.parametrize("fit", [probes.mean_difference, probes.whitened, probes.ridge, probes.logistic])
def test_an_odd_probe_changes_its_sign_with_the_order_of_a_pair(fit):
    x, y = states()
    found = fit(x - 5.0, y, odd=True)
    np.testing.assert_allclose(found(-x), -found(x))


def test_cross_fitted_margins_do_not_repeat_labels_that_mean_nothing():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 60)), (rng.random(80) < 0.5).astype(float)
    fit = functools.partial(probes.ridge, penalty=0.01)
    own = np.mean((fit(x, y)(x) > 0) == (y > 0.5))
    held = np.mean((probes.cross_fitted(fit, x, y, rng=np.random.default_rng(1)) > 0) == (y > 0.5))
    assert own > 0.9
    assert held < 0.7


def test_cross_fitting_keeps_the_answers_to_one_question_together():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 4)
    seen: list[set[int]] = []

    def fit(x, y):
        seen.append(set(x[:, 0].astype(int)))
        return probes.Probe(direction=np.zeros(1), origin=np.zeros(1))

    probes.cross_fitted(fit, groups[:, None].astype(float), np.tile([0.0, 1.0], 60), rng=rng, groups=groups)
    assert len(seen) == 5
    assert all(sum(group in part for part in seen) == 4 for group in range(30))


def test_the_best_layer_is_the_one_with_the_signal():
    x, y = states(300)
    noise = np.random.default_rng(1).normal(size=x.shape)
    assert probes.best_layer(probes.whitened, [noise, x, noise], y, rng=np.random.default_rng(0)) == 1


def test_targets_of_one_class_are_refused():
    with pytest.raises(BadTargets, match="one class"):
        probes.ridge(np.ones((3, 2)), np.ones(3))
