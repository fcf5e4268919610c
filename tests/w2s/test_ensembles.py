"""Ensembles: averages in logit space."""

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s.blocks import ensembles
from w2s.errors import BadPredictions


def test_one_student_is_its_own_average():
    soft = np.array([0.1, 0.7])
    np.testing.assert_allclose(ensembles.average([soft]), soft)
    np.testing.assert_allclose(ensembles.average([soft, soft, soft], trim=0.34), soft)


def test_a_sure_student_counts_for_more_than_two_doubtful_ones():
    assert ensembles.average([np.array([0.99]), np.array([0.4]), np.array([0.4])])[0] > 0.5


def test_trimming_drops_the_extremes_of_each_item():
    soft = [np.array([p]) for p in (0.001, 0.6, 0.6, 0.6, 0.6)]
    assert ensembles.average(soft)[0] < 0.5
    assert ensembles.average(soft, trim=0.2)[0] == pytest.approx(0.6)


def test_nothing_to_average_is_refused():
    with pytest.raises(BadPredictions, match="no students"):
        ensembles.average([])


def test_each_of_several_students_has_its_own_draws():
    bench = FakeBench()
    draws = []

    def teach(student, rng):
        draws.append(rng.random())
        student.finetune(bench.unlabelled, bench.weak.hard)

    predictions = ensembles.several(bench, teach, students=3)
    assert len(set(draws)) == 3
    assert bench.accuracy(predictions) > 0.7


def test_judges_that_agree_are_believed_and_judges_that_contradict_each_other_give_the_prior():
    same = ensembles.evidential([np.array([0.8, 0.1])] * 3)
    np.testing.assert_allclose(same.soft, [0.8, 0.1])
    assert np.isinf(same.evidence).all()
    torn = ensembles.evidential([np.array([1.0]), np.array([0.0])], prior=0.3)
    assert torn.evidence[0] == 0
    assert torn.soft[0] == pytest.approx(0.3)


def test_one_judge_is_its_own_evidence():
    soft = np.array([0.2, 0.9])
    np.testing.assert_allclose(ensembles.evidential([soft]).soft, soft)


def test_evidence_is_that_of_the_beta_distribution_that_the_judges_were_drawn_from():
    a, b = 6.0, 2.0
    draws = np.random.default_rng(0).beta(a, b, size=(4000, 5))
    found = ensembles.evidential(draws, prior=0.5, strength=2.0)
    np.testing.assert_allclose(found.evidence, a + b, rtol=0.1)
    # The posterior mean of a Beta(a + 1, b + 1): a flat prior and what was seen.
    np.testing.assert_allclose(found.soft, (a + 1) / (a + b + 2), atol=0.01)


def adaboost_by_hand(votes, truth):
    """AdaBoost over a fixed set of +-1 classifiers: margins from the exponential loss, weights recomputed."""
    left, total, taken = list(range(len(votes))), np.zeros(len(truth)), []
    while left:
        share = np.exp(-truth * total)
        share /= share.sum()
        errors = {j: share[votes[j] != truth].sum() for j in left}
        best = min(left, key=lambda j: errors[j])
        if errors[best] >= 0.5:
            break
        step = 0.5 * np.log((1 - errors[best]) / errors[best])
        total += step * votes[best]
        taken.append((best, step))
        left.remove(best)
    return taken, total


@pytest.mark.parametrize("seed", range(6))
def test_boosting_is_adaboost_by_its_exponential_loss(seed):
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(200) < 0.5, 1.0, -1.0)
    votes = np.stack([np.where(rng.random(200) < rate, truth, -truth) for rate in (0.6, 0.8, 0.7, 0.45)])
    found = ensembles.boosted(0.5 + 0.4 * votes, reference=(truth > 0).astype(float))
    taken, total = adaboost_by_hand(votes, truth)
    assert found.judges.tolist() == [judge for judge, _ in taken]
    np.testing.assert_allclose(found.weights, [2 * step for _, step in taken])
    np.testing.assert_allclose(found.soft, 1 / (1 + np.exp(-2 * total)))


def test_without_a_reference_a_judge_that_errs_alone_loses_to_two_that_agree():
    soft = [np.array([0.9, 0.9, 0.1, 0.1, 0.6])] * 2 + [np.array([0.9, 0.2, 0.8, 0.1, 0.4])]
    found = ensembles.boosted(soft)
    assert found.judges[0] == 0
    assert ((found.soft > 0.5) == (soft[0] > 0.5)).all()


def test_judges_no_better_than_chance_are_refused():
    with pytest.raises(BadPredictions, match="chance"):
        ensembles.boosted([np.array([0.9, 0.1])], reference=np.array([0.0, 1.0]))
