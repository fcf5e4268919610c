"""Methods of losses, targets and chains: what each hands to finetune, against its formula or a known limit."""

import numpy as np
import pytest
from fake_bench import FakeBench, FakeStudent

from w2s import methods
from w2s.blocks import losses, targets
from w2s.records import Recipe, WeakLabels


def only_call(name, **of):
    bench = FakeBench(**of)
    methods.load(name)(bench)
    (call,) = bench.trained_on()
    return bench, call


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("product_loss", losses.Product, {"own": 1.0, "weak": 1.0}),
        ("confidence_window", losses.ConfidenceWindow, {"radius": 0.15}),
        ("reverse_kl", losses.ReverseKL, {"temperature": 1.0}),
        ("logconf", losses.LogConfidence, {"weight": 0.5, "warmup": 0.2}),
    ],
)
def test_a_method_of_a_loss_trains_on_everything_under_it_at_the_defaults_of_its_source(name, kind, settings):
    bench, call = only_call(name)
    assert type(call["loss"]) is kind
    assert {key: getattr(call["loss"], key) for key in settings} == settings
    np.testing.assert_array_equal(call["ids"], bench.unlabelled.ids)
    np.testing.assert_array_equal(call["targets"], bench.weak.hard if name == "logconf" else bench.weak.soft)


@pytest.mark.parametrize("name", ["product_loss", "reverse_kl"])
def test_a_supervisor_without_a_preference_moves_nothing(name):
    bench = FakeBench()
    bench.weak = WeakLabels(np.full(len(bench.unlabelled), 0.5))
    np.testing.assert_allclose(methods.load(name)(bench).probabilities, 0.5, atol=1e-6)


def test_a_student_that_is_sure_from_the_start_is_left_alone_by_the_window():
    bench = FakeBench()
    sure = [2.0, 0.0]
    made = bench.strong
    bench.strong = lambda: with_weights(made(), sure)
    predictions = methods.load("confidence_window")(bench)
    np.testing.assert_array_equal(bench.made[0].weights, sure)
    assert bench.accuracy(predictions) == 1.0


def with_weights(student, weights):
    student.weights = np.array(weights)
    return student


def test_early_stopping_holds_out_whole_questions_and_never_trains_on_them():
    bench = FakeBench(pairs=False)
    methods.load("early_stopping")(bench)
    calls = bench.trained_on()
    assert [call["epochs"] for call in calls] == [1] * bench.recipe.epochs
    taught = np.isin(bench.unlabelled.ids, calls[0]["ids"])
    assert all(np.array_equal(call["ids"], calls[0]["ids"]) for call in calls)
    assert not set(bench.unlabelled.group[taught]) & set(bench.unlabelled.group[~taught])
    assert (~taught).mean() == pytest.approx(1 / 5)


class Forgetful(FakeStudent):
    """Knows the truth after its second epoch, and the opposite after any other."""

    def finetune(self, items, targets, **options):
        super().finetune(items, targets, **options)
        self.weights = np.array([3.0, 0.0]) * (1 if len(self.calls) == 2 else -1)


def test_early_stopping_answers_with_the_state_that_agreed_best_with_the_held_out_weak_labels():
    bench = FakeBench(weak_right=0.8)
    bench.recipe = Recipe(epochs=4)
    bench.strong = lambda: (bench.made.append(Forgetful(bench)), bench.made[-1])[1]
    assert bench.accuracy(methods.load("early_stopping")(bench)) == 1.0
    assert bench.logged["epoch"] == 2
    assert bench.logged["agreement"] == pytest.approx(0.8, abs=0.1)


def test_early_stopping_in_a_recipe_of_one_epoch_is_vanilla_on_what_is_not_held_out():
    bench, plain = FakeBench(), FakeBench()
    bench.recipe = Recipe(epochs=1)
    stopped = methods.load("early_stopping")(bench)
    (call,) = bench.trained_on()
    kept = np.isin(plain.unlabelled.ids, call["ids"])
    student = plain.strong()
    student.finetune(plain.unlabelled[kept], plain.weak.hard[kept])
    np.testing.assert_array_equal(stopped.probabilities, student.predict(plain.test).probabilities)


def test_confident_learning_drops_as_many_labels_of_each_class_as_it_estimates_to_be_wrong():
    bench = FakeBench(weak_right=0.7, cue_right=0.5)
    methods.load("confident_learning")(bench)
    *folds, last = bench.trained_on()
    assert [call["epochs"] for call in folds] == [1] * 5
    assert len(last["ids"]) / 600 == pytest.approx(1 - bench.logged["noise"], abs=0.005)
    assert bench.logged["noise"] == pytest.approx(0.3, abs=0.08)
    truth = np.array([bench.truth[int(i)] for i in last["ids"]])
    assert np.mean(last["targets"] == truth) > 0.85
    assert (last["weights"] >= 1).all()


def test_confident_learning_of_perfect_labels_is_supervised():
    bench, plain = FakeBench(cue_right=0.5), FakeBench(cue_right=0.5)
    bench.weak_is_the_truth()
    plain.weak_is_the_truth()
    learnt = methods.load("confident_learning")(bench)
    assert bench.logged["noise"] < 0.02
    np.testing.assert_array_equal(
        learnt.probabilities > 0.5, methods.load("vanilla")(plain).probabilities > 0.5
    )


def test_in_co_teaching_each_student_learns_what_the_other_finds_likeliest():
    bench = FakeBench()
    methods.load("co_teaching")(bench)
    first, second = bench.made
    noise = np.minimum(bench.weak.soft, 1 - bench.weak.soft).mean()
    shares = [len(call["ids"]) / 600 for call in first.calls]
    np.testing.assert_allclose(shares, [1, 1 - noise / 3, 1 - 2 * noise / 3, 1 - noise], atol=0.002)
    assert bench.logged["noise"] == pytest.approx(noise, rel=5e-3)
    # Replay: the second epoch of each is chosen by the other's state after the first.
    replay = FakeBench()
    twin = replay.strong()
    twin.finetune(replay.unlabelled, replay.weak.hard)
    said = twin.predict(replay.unlabelled).probabilities
    loss = -np.log(np.where(replay.weak.hard == 1, said, 1 - said))
    for student in (first, second):
        chosen = np.isin(bench.unlabelled.ids, student.calls[1]["ids"])
        assert loss[chosen].max() <= loss[~chosen].min() + 1e-12


def test_in_co_teaching_the_items_are_swapped():
    """Two students that prefer different items: what one trains on is the other's preference."""
    bench = FakeBench(cue_right=0.5)
    tastes = iter([[1.0, 0.0], [0.0, 1.0]])
    made = bench.strong

    def strong():
        student, taste = made(), next(tastes)
        student.finetune = lambda items, targets, **options: student.calls.append(
            {"ids": items.ids, "targets": targets}
        )
        return with_weights(student, taste)

    bench.strong = strong
    methods.load("co_teaching")(bench)
    first, second = bench.made
    for student, other in ((first, second), (second, first)):
        likely = {
            int(i)
            for i, right in zip(
                bench.unlabelled.ids,
                (other.predict(bench.unlabelled).probabilities > 0.5) == bench.weak.hard,
                strict=True,
            )
            if right
        }
        chosen = {int(i) for i in student.calls[-1]["ids"]}
        assert likely <= chosen or chosen <= likely


def test_co_teaching_by_a_sure_supervisor_drops_nothing():
    bench = FakeBench()
    bench.weak = WeakLabels(bench.weak.hard)
    methods.load("co_teaching")(bench)
    assert {len(call["ids"]) for call in bench.trained_on()} == {600}


def test_each_born_again_student_starts_anew_and_learns_the_soft_answers_of_the_one_before():
    bench = FakeBench()
    predictions = methods.load("born_again")(bench)
    assert [len(student.calls) for student in bench.made] == [1, 1, 1]
    np.testing.assert_array_equal(bench.made[0].calls[0]["targets"], bench.weak.hard)
    for before, after in zip(bench.made[:-1], bench.made[1:], strict=True):
        np.testing.assert_array_equal(
            after.calls[0]["targets"], before.predict(bench.unlabelled).probabilities
        )
    np.testing.assert_array_equal(predictions.probabilities, bench.made[-1].predict(bench.test).probabilities)


def test_neighbour_relabelling_drops_what_the_neighbourhood_contradicts_and_changes_no_label():
    bench = FakeBench(pairs=False, cue_right=0.9)
    bench.layers = 4  # the middle one is the layer that holds the truth
    methods.load("neighbour_relabelling")(bench)
    (call,) = bench.trained_on()
    kept = np.isin(bench.unlabelled.ids, call["ids"])
    np.testing.assert_array_equal(call["targets"], bench.weak.hard[kept])
    truth = bench.truth_of(bench.unlabelled)
    right = bench.weak.hard == truth
    assert right[kept].mean() > 0.9
    assert right[~kept].mean() < 0.3
    assert bench.logged["kept"] == pytest.approx(kept.mean(), rel=5e-3)


def test_neighbour_relabelling_leaves_perfect_labels_of_separate_classes_alone():
    bench = FakeBench(pairs=False, cue_right=1.0)
    bench.layers = 4
    bench.weak_is_the_truth()
    methods.load("neighbour_relabelling")(bench)
    (call,) = bench.trained_on()
    np.testing.assert_array_equal(call["ids"], bench.unlabelled.ids)


def test_a_weak_ensemble_of_one_is_vanilla_on_its_soft_label():
    bench, call = only_call("weak_ensemble")
    np.testing.assert_array_equal(call["targets"], bench.weak.soft)


def test_supervisors_that_agree_are_passed_on_by_the_ensemble():
    bench = FakeBench()
    bench.supervisors = [bench.weak] * 3
    methods.load("weak_ensemble")(bench)
    (call,) = bench.trained_on()
    np.testing.assert_allclose(call["targets"], bench.weak.soft)


def test_where_supervisors_cancel_out_the_ensemble_trains_on_the_strong_models_own_belief():
    yes = np.arange(600) % 2 == 0
    sure = WeakLabels(np.full(600, 0.999))
    bench = FakeBench()
    bench.supervisors = [WeakLabels(np.where(yes, 1.0, 0.001)), sure]
    methods.load("weak_ensemble")(bench)
    (call,) = bench.trained_on()
    own = np.array([bench.views["zero_shot"][i] for i in range(600)])
    torn = call["targets"][~yes]
    np.testing.assert_array_equal(torn > 0.5, own[~yes] > np.median(own))
    assert bench.logged["supervisors"] == 2


def test_independent_supervisors_and_a_zero_shot_prior_make_better_targets_than_any_of_them():
    bench = FakeBench(zero_shot_right=0.7)
    rng, truth = np.random.default_rng(5), bench.truth_of(bench.unlabelled)
    margins = rng.exponential(1.0, (3, 600)) * np.where(rng.random((3, 600)) < 0.7, 1, -1) * (2 * truth - 1)
    bench.supervisors = [WeakLabels(targets.sigmoid(margin)) for margin in margins]
    methods.load("weak_ensemble")(bench)
    (call,) = bench.trained_on()
    each = [np.mean(labels.hard == truth) for labels in bench.supervisors]
    assert np.mean((call["targets"] > 0.5) == truth) > max(each) + 0.01
