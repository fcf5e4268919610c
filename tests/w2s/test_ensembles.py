"""Ensembles: averages in logit space."""

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s import ensembles
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
