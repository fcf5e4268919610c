"""The elicitation, probe and discovered methods: what each hands to the student, against its formula."""

import numpy as np
import pytest
from fake_bench import FakeBench

import w2s
from w2s import methods
from w2s.records import WeakLabels


def run(name, **settings):
    bench = FakeBench(**settings)
    return bench, methods.load(name)(bench)


def hard_truth(bench):
    return bench.truth_of(bench.unlabelled).astype(float)


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("name", ["icm", "kfold_elicitation"])
def test_elicitation_ignores_the_weak_labels(name, pairs):
    plain = FakeBench(pairs=pairs)
    told = FakeBench(pairs=pairs)
    told.weak = WeakLabels(1.0 - told.weak.soft)
    np.testing.assert_array_equal(
        methods.load(name)(plain).probabilities, methods.load(name)(told).probabilities
    )


def test_icm_labels_fit_the_states_better_than_zero_shot_answers_do():
    bench, _ = run("icm", cue_right=0.5)
    (call,) = bench.trained_on()
    zero_shot = w2s.elicitation.zero_shot(bench.strong(), bench.unlabelled) > 0
    truth = hard_truth(bench)
    assert np.mean(call["targets"] == truth) > np.mean(zero_shot == truth) + 0.1


def test_icm_without_anything_in_the_states_is_training_on_zero_shot_answers(monkeypatch):
    monkeypatch.setattr(w2s.elicitation, "states", lambda student, items, layer: np.zeros((len(items), 2)))
    bench, _ = run("icm")
    (call,) = bench.trained_on()
    zero_shot = w2s.elicitation.zero_shot(bench.strong(), bench.unlabelled) > 0
    assert np.mean(call["targets"] == zero_shot) > 0.99


def test_icm_never_calls_two_answers_to_one_question_right():
    bench, _ = run("icm", pairs=False)
    (call,) = bench.trained_on()
    claim, group = w2s.elicitation.claims(bench.unlabelled)
    of_claim = np.bincount(claim, weights=call["targets"]) / np.bincount(claim)
    assert set(of_claim) <= {0.0, 1.0}
    assert np.bincount(group, weights=of_claim).max() == 1.0


def test_kfold_students_are_never_asked_about_what_taught_them():
    bench, _ = run("kfold_elicitation")
    *rounds, last = bench.trained_on()
    assert len(rounds) == 6
    for start in (0, 3):
        taught = [set(call["ids"].tolist()) for call in rounds[start : start + 3]]
        # Each kept item teaches the students of two of the three folds.
        assert all(sum(i in each for each in taught) == 2 for i in set.union(*taught))
    assert last["targets"].mean() == 0.5
    assert len(last["ids"]) == pytest.approx(0.7 * 600, abs=2)


def test_kfold_from_perfect_answers_trains_on_the_truth():
    bench, _ = run("kfold_elicitation", zero_shot_right=1.0)
    last = bench.trained_on()[-1]
    np.testing.assert_array_equal(last["targets"], [bench.truth[int(i)] for i in last["ids"]])


@pytest.mark.parametrize("pairs", [True, False])
def test_the_critic_trains_on_weak_label_plus_verdict(pairs):
    bench, _ = run("critic", pairs=pairs)
    (call,) = bench.trained_on()
    weak = w2s.targets.center(w2s.targets.logit(bench.weak.soft))
    views = np.array([bench.views["zero_shot"][int(i)] for i in bench.unlabelled.ids])
    verdict = views - np.median(views)
    total = weak / np.median(np.abs(weak)) + verdict / np.median(np.abs(verdict))
    np.testing.assert_array_equal(call["targets"], total > np.median(total))


def test_the_critic_reads_a_critique_only_where_that_brings_it_nearer_the_weak_labels(monkeypatch):
    asked = []
    plain = w2s.elicitation.zero_shot

    def zero_shot(student, items, *, templates, labels):
        (template,) = templates
        asked.append((len(items), "{critique}" in template))
        assert ("critique" in student.wrote) == ("{critique}" in template) or len(asked) > 2
        margin = plain(student, items)
        return -margin if ("{critique}" in template) != helps else margin

    for helps in (False, True):
        asked.clear()
        monkeypatch.setattr(w2s.elicitation, "zero_shot", zero_shot)
        run("critic", zero_shot_right=0.9)
        assert asked == [(128, False), (128, True), (600, helps)]


@pytest.mark.parametrize("pairs", [True, False])
def test_ccs_finds_the_truth_of_which_no_label_says_much(pairs):
    bench, predictions = run("ccs", pairs=pairs, weak_right=0.56, cue_right=0.5)
    assert bench.trained_on() == []
    assert bench.logged["layer"] == 2
    assert bench.accuracy(predictions) > 0.9


def test_mass_mean_is_the_whitened_difference_of_the_weak_means_at_three_fifths_of_the_depth():
    bench, predictions = run("mass_mean", pairs=False)
    student = bench.strong()
    x = student.hidden_states(bench.unlabelled, 2)
    margin = w2s.targets.logit(bench.weak.soft)
    label = margin > np.median(margin)
    means = x[label].mean(axis=0), x[~label].mean(axis=0)
    rest = x - np.where(label[:, None], *means)
    covariance = rest.T @ rest / len(x)
    shrunk = 0.9 * covariance + 0.1 * np.trace(covariance) / 2 * np.eye(2)
    said = student.hidden_states(bench.test, 2) @ np.linalg.solve(shrunk, means[0] - means[1])
    assert np.corrcoef(w2s.targets.logit(predictions.probabilities), said)[0, 1] > 1 - 1e-6


def test_overlap_density_keeps_a_balanced_half_whose_labels_fit():
    bench, _ = run("overlap_density")
    (call,) = bench.trained_on()
    assert call["targets"].mean() == 0.5
    assert len(call["ids"]) == pytest.approx(300, abs=2)
    kept = np.mean([bench.truth[int(i)] == t for i, t in zip(call["ids"], call["targets"], strict=True)])
    assert kept > np.mean(bench.weak.hard == hard_truth(bench)) + 0.04
    lies = w2s.geometry.overlap(
        w2s.elicitation.states(bench.strong(), bench.unlabelled, 2), bench.weak.confidence
    )
    assert bench.logged["hard"] == lies.hard.mean()


def test_low_rank_without_its_price_is_vanilla(monkeypatch):
    monkeypatch.setattr("w2s.methods.low_rank.WEIGHT", 0.0)
    _, predictions = run("low_rank")
    _, plain = run("vanilla")
    np.testing.assert_allclose(predictions.probabilities, plain.probabilities, atol=1e-4)


def test_epiplexity_smooths_the_two_fifths_of_the_held_out_labels_that_were_learned_least():
    bench, _ = run("epiplexity")
    *relabelling, traced, last = bench.trained_on()
    assert len(relabelling) == 2
    assert not set(relabelling[0]["ids"]) & set(relabelling[1]["ids"])
    assert set(np.unique(traced["targets"])) == {0.0, 1.0}
    amount = 1.0 - np.abs(2.0 * last["targets"] - 1.0)
    assert np.mean(amount > 0) == pytest.approx(0.4, abs=0.01)
    np.testing.assert_allclose(np.sort(amount)[-240:], np.sort((1 - np.arange(240) / 240) ** 2), atol=1e-9)
    np.testing.assert_array_equal(last["targets"] > 0.5, (traced["targets"] == 1) & (amount < 1))


def test_evolution_makes_a_taught_student_more_consistent_than_vanilla():
    bench, _ = run("evolution")
    assert len(bench.trained_on()) == 1
    assert bench.logged["after"] > bench.logged["before"]


def test_evolution_that_may_not_move_is_vanilla(monkeypatch):
    monkeypatch.setattr(w2s.evolution, "ascend", lambda *args, **settings: [])
    _, still = run("evolution")
    _, plain = run("vanilla")
    np.testing.assert_array_equal(still.probabilities, plain.probabilities)


def test_ccs_evolution_teaches_each_student_once_on_items_that_probe_and_teacher_agree_about():
    bench, predictions = run("ccs_evolution", cue_right=0.5)
    calls = bench.trained_on()
    assert len(calls) == 7
    assert {call["epochs"] for call in calls} == {1}
    for call in calls:
        assert len(call["ids"]) == 600
        right = np.mean([bench.truth[int(i)] == t for i, t in zip(call["ids"], call["targets"], strict=True)])
        assert right > np.mean(bench.weak.hard == hard_truth(bench)) + 0.05
    last = [student for student in bench.made if student.calls]
    margins = np.sort(
        [w2s.targets.logit(student.predict(bench.test).probabilities) for student in last], axis=0
    )
    np.testing.assert_allclose(predictions.probabilities, w2s.targets.sigmoid(margins[1:-1].mean(axis=0)))


def test_with_a_constant_prior_the_posterior_is_the_channels_estimate(monkeypatch):
    monkeypatch.setattr("w2s.methods.em_posterior.ROUNDS", 1)
    bench, _ = run("em_posterior")
    student = bench.strong()
    views = [
        w2s.targets.center(w2s.targets.logit(bench.weak.soft)),
        w2s.elicitation.zero_shot(student, bench.unlabelled),
        w2s.elicitation.likelihood(student, bench.unlabelled),
    ]
    expected = w2s.channels.noisy_channel(views, bins=10, rounds=20).soft
    (call,) = bench.trained_on()
    np.testing.assert_allclose(call["targets"], expected)


def test_in_the_second_round_held_out_students_are_the_prior_of_the_weak_labels_channel():
    bench, _ = run("em_posterior")
    last, first, second = bench.trained_on()
    assert not set(first["ids"]) & set(second["ids"])
    margin = np.zeros(600)
    for student, other in zip([s for s in bench.made if s.calls][1:], (second, first), strict=True):
        held = other["ids"].astype(int)
        said = w2s.elicitation.both_orders(
            lambda shown, of=student: w2s.targets.logit(of.predict(shown).probabilities),
            bench.unlabelled[held],
        )
        margin[held] = said - np.median(said)
    weak = w2s.targets.center(w2s.targets.logit(bench.weak.soft))
    prior = w2s.targets.sigmoid(margin / 2)
    q = w2s.channels.noisy_channel([weak], prior=prior, start=prior, bins=10, rounds=1).soft
    np.testing.assert_allclose(last["targets"], q, atol=1e-9)
