"""Elicitation: consistency over orders and answers, and no taste for a label word."""

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s.blocks import elicitation
from w2s.errors import BadTargets
from w2s.records import Items


def answers(group, answer):
    n = len(group)
    return Items(np.arange(n, dtype=np.uint64), np.array(group), np.full(n, 9), np.array(answer))


def test_asking_in_both_orders_takes_out_the_taste_for_one_position():
    bench = FakeBench()
    student = bench.strong()
    margin = elicitation.both_orders(student.zero_shot, bench.unlabelled)
    np.testing.assert_allclose(margin, [bench.views["zero_shot"][i] for i in range(600)])
    np.testing.assert_allclose(
        elicitation.both_orders(student.zero_shot, bench.unlabelled.swapped()), -margin
    )


def test_both_orders_of_hidden_states_are_odd():
    bench = FakeBench()
    states = elicitation.both_orders(lambda items: bench.strong().hidden_states(items, 2), bench.test)
    np.testing.assert_allclose(states[:, 0], 2 * bench.truth_of(bench.test) - 1)


def test_proposed_answers_have_one_order():
    bench = FakeBench(pairs=False)
    asked = elicitation.both_orders(bench.strong().likelihood, bench.test)
    np.testing.assert_allclose(asked, bench.strong().likelihood(bench.test))
    assert elicitation.consistent(bench.strong().likelihood, bench.test).all()


def test_a_pair_is_consistent_where_the_winner_stays():
    bench = FakeBench()
    student = bench.strong()
    views = np.array([bench.views["zero_shot"][i] for i in range(600)])
    np.testing.assert_array_equal(
        elicitation.consistent(student.zero_shot, bench.unlabelled), (3 + views > 0) != (3 - views > 0)
    )


def test_the_median_of_every_template_is_taken_out_before_they_are_averaged():
    bench = FakeBench(pairs=False)
    views = np.array([bench.views["zero_shot"][i] for i in range(600)])
    margin = elicitation.zero_shot(bench.strong(), bench.unlabelled, templates=(None, "Is {choice} right?"))
    np.testing.assert_allclose(margin, views - np.median(views))


def test_an_answer_is_believed_as_far_as_it_beats_its_best_rival():
    items = answers([0, 0, 0, 1, 1], [0, 1, 2, 0, 1])
    margin = elicitation.rival_margin(np.array([3.0, 1.0, -2.0, 0.5, 0.7]), items)
    np.testing.assert_allclose(margin, [2.0, -2.0, -5.0, -0.2, 0.2])


def test_a_distinct_answer_counts_once_however_often_it_was_proposed():
    once = elicitation.rival_margin(np.array([0.4, 1.0]), answers([0, 0], [0, 1]))
    often = elicitation.rival_margin(np.array([0.4] * 5 + [1.0]), answers([0] * 6, [0] * 5 + [1]))
    np.testing.assert_allclose(often, [once[0]] * 5 + [once[1]])


def test_an_answer_without_a_rival_keeps_its_margin_and_so_does_a_pair():
    assert elicitation.rival_margin(np.array([0.4, 0.6]), answers([0, 0], [3, 3])).tolist() == [0.5, 0.5]
    bench = FakeBench()
    values = np.arange(600.0)
    np.testing.assert_array_equal(elicitation.rival_margin(values, bench.unlabelled), values)


def test_templates_and_labels_of_different_number_are_refused():
    bench = FakeBench()
    with pytest.raises(BadTargets, match="2 templates with 1"):
        elicitation.zero_shot(bench.strong(), bench.test, templates=(None, "a"), labels=[("No", "Yes")])
