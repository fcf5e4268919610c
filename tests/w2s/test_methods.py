"""Methods: what each trains on, and the limits in which it must equal vanilla or the truth."""

import ast
import re

import numpy as np
import pytest
from fake_bench import FakeBench

from w2s import methods
from w2s.errors import NotFound
from w2s.records import Predictions, WeakLabels

NAMES = methods.names()
TRAINED = sorted(set(NAMES) - {"zero_shot", "probe", "mass_mean", "ccs"})


@pytest.mark.parametrize("pairs", [True, False], ids=["pairs", "answers"])
@pytest.mark.parametrize("name", NAMES)
def test_a_method_predicts_every_test_item_better_than_chance(name, pairs):
    bench = FakeBench(pairs=pairs)
    predictions = methods.load(name)(bench)
    assert isinstance(predictions, Predictions)
    np.testing.assert_array_equal(predictions.items.ids, bench.test.ids)
    assert bench.accuracy(predictions) > 0.65


# elicit_then_train, icm and kfold_elicitation ignore the weak labels; bootstrap trains where its first student is
# sure: the cue agrees; critic lets a verdict overrule a weak label, however sure that is; neighbour_relabelling
# keeps what the middle layer confirms, which here holds the cue and not the truth.
@pytest.mark.parametrize(
    "name",
    sorted(
        set(TRAINED)
        - {"elicit_then_train", "icm", "kfold_elicitation", "bootstrap", "critic", "neighbour_relabelling"}
    ),
)
def test_with_perfect_weak_labels_the_student_is_trained_on_the_truth_alone(name):
    bench = FakeBench(zero_shot_right=0.7, likelihood_right=0.7)
    bench.weak_is_the_truth()
    predictions = methods.load(name)(bench)
    assert bench.accuracy(predictions) > 0.97


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_predictions(name):
    first, second = (methods.load(name)(FakeBench(seed=3)).probabilities for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_a_method_is_one_readable_file_that_says_what_it_costs_and_where_it_is_from(name):
    source = methods.source(name)
    text = ast.get_docstring(ast.parse(source)) or ""
    assert len(source.splitlines()) <= 120
    for part in ("Defaults:", "Cost:", "Relies on:", "Source:"):
        assert part in " ".join(text.split()), f"{name} does not say {part}"
    assert text.count("\n\n    ") >= 1, f"{name} shows no formula"
    assert not re.search(r"w2s\.(models|testbeds)|from w2s|import aar", source)
    assert methods.summary(name).endswith(".")
    assert "\n" not in methods.summary(name)


def test_a_confidence_filter_that_keeps_everything_is_vanilla():
    sure = FakeBench()
    sure.weak = WeakLabels(np.where(sure.weak.soft > 0.5, 0.9, 0.1))
    plain = methods.load("vanilla")(sure)
    kept = methods.load("confident_labels")(sure)
    np.testing.assert_array_equal(kept.probabilities, plain.probabilities)


def test_confident_labels_trains_on_the_confident_items_only():
    bench = FakeBench()
    methods.load("confident_labels")(bench)
    (call,) = bench.trained_on()
    np.testing.assert_array_equal(call["ids"], bench.unlabelled.ids[bench.weak.confidence >= 0.75])


def test_zero_shot_trains_nothing_and_ignores_the_weak_labels():
    bench = FakeBench()
    before = methods.load("zero_shot")(bench).probabilities
    bench.weak = WeakLabels(1 - bench.weak.soft)
    np.testing.assert_array_equal(methods.load("zero_shot")(bench).probabilities, before)
    assert bench.trained_on() == []


def test_agreement_trains_only_where_both_judges_say_the_same():
    bench = FakeBench()
    methods.load("agreement")(bench)
    (call,) = bench.trained_on()
    truth = np.array([bench.truth[int(i)] for i in call["ids"]])
    # Right together: .7 * .75; wrong together: .3 * .25.
    assert np.mean(call["targets"] == truth) == pytest.approx(0.525 / 0.6, abs=0.04)


def test_agreement_with_a_zero_shot_that_repeats_the_weak_labels_is_vanilla():
    bench = FakeBench()
    said = np.array([bench.views["zero_shot"][i] for i in range(600)])
    hard = said > np.median(said)
    bench.weak = WeakLabels(np.where(hard, 0.8, 0.2))
    np.testing.assert_array_equal(
        methods.load("agreement")(bench).probabilities, methods.load("vanilla")(bench).probabilities
    )


def test_elicitation_trains_on_balanced_confident_zero_shot_labels():
    bench = FakeBench()
    methods.load("elicit_then_train")(bench)
    (call,) = bench.trained_on()
    assert call["targets"].mean() == 0.5
    assert len(call["ids"]) == pytest.approx(0.7 * 600, abs=2)


def test_the_posterior_of_three_views_is_nearer_the_truth_than_the_weak_labels():
    bench = FakeBench()
    methods.load("em_posterior")(bench)
    call, *_ = bench.trained_on()
    truth = bench.truth_of(bench.unlabelled)
    assert np.mean((call["targets"] > 0.5) == truth) > np.mean(bench.weak.hard == truth) + 0.05
    assert bench.logged["zero_shot_accuracy"] == pytest.approx(0.75, abs=0.06)


def test_the_probe_reads_the_layer_that_knows():
    bench = FakeBench(cue_right=0.5)
    predictions = methods.load("probe")(bench)
    assert bench.logged == {"layer": 2}
    assert bench.accuracy(predictions) > 0.9


def test_bootstrapping_never_asks_a_student_about_the_items_that_taught_it():
    bench = FakeBench()
    methods.load("bootstrap")(bench)
    first, second, last = bench.trained_on()
    assert not set(first["ids"]) & set(second["ids"])
    assert set(last["ids"]) <= set(first["ids"]) | set(second["ids"])


def test_the_curriculum_goes_from_the_confident_half_to_everything_at_half_the_rate():
    bench = FakeBench()
    methods.load("curriculum")(bench)
    easy, full = bench.trained_on()
    assert len(easy["ids"]) == pytest.approx(300, abs=2)
    assert len(full["ids"]) == 600
    assert full["rate"] == bench.recipe.learning_rate / 2
    assert (easy["epochs"], full["epochs"]) == (2, 3)


def test_an_unknown_method_names_the_nearest():
    with pytest.raises(NotFound, match="unknown method 'vanila'; did you mean vanilla"):
        methods.load("vanila")
    assert "method.py" not in methods.names()
