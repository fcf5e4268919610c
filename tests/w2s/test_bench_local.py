"""The in-process bench: the contract of a method, with texts."""

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, VERIFICATION, answers, pairs

import w2s
from w2s import testbeds
from w2s.bench import LocalBench
from w2s.errors import BadTargets, TooMuch, WrongIds


@pytest.fixture
def make(tiny_model):
    def bench(items=pairs, supervisors=None, seed=5):
        unlabelled, truth = items(48)
        test, _ = items(20, seed=1)
        return LocalBench(
            strong=tiny_model,
            weak=tiny_model,
            prompting=PROMPTING if items is pairs else VERIFICATION,
            kind=unlabelled[0].kind,
            recipe=RECIPE,
            weak_recipe=RECIPE,
            unlabelled=unlabelled,
            test=test,
            supervisors=[0.2 + 0.6 * truth] if supervisors is None else supervisors,
            seed=seed,
        )

    return bench


@pytest.mark.parametrize("name", ["vanilla", "logconf", "em_posterior"])
def test_a_library_method_runs_to_its_predictions(make, name):
    bench = make()
    predictions = w2s.methods.load(name)(bench)
    assert set(predictions.items.ids.tolist()) == set(bench.test.ids.tolist())
    assert np.isfinite(predictions.probabilities).all()


def test_the_same_seed_gives_the_same_predictions(make):
    vanilla = w2s.methods.load("vanilla")
    first, again, other = (vanilla(make(seed=seed)).probabilities for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_texts_can_be_read_and_handles_name_groups_and_answers(make):
    bench = make(answers)
    examples, _ = answers(48)
    assert (
        bench.unlabelled.text(3)
        == f"question: {examples[3].fields['question']}\nchoice: {examples[3].answer}"
    )
    same_group = np.array([e.group == examples[0].group for e in examples])
    np.testing.assert_array_equal(bench.unlabelled.group == bench.unlabelled.group[0], same_group)
    same_answer = np.array([e.answer == examples[0].answer for e in examples])
    chosen = bench.unlabelled[same_group]
    assert chosen.answer is not None
    np.testing.assert_array_equal(chosen.answer == chosen.answer[0], same_answer[same_group])
    assert (bench.unlabelled.length > 0).all()


def test_pairs_have_no_answer_codes(make):
    assert make().unlabelled.answer is None


def test_several_supervisors_are_all_there(make):
    _, truth = pairs(48)
    bench = make(supervisors=[truth, 1 - truth])
    np.testing.assert_array_equal(bench.weak.soft, truth)
    np.testing.assert_array_equal(bench.supervisors[1].soft, 1 - truth)


@pytest.mark.parametrize("soft", [np.full(48, 1.2), np.full(48, np.nan), np.zeros(47)])
def test_soft_labels_that_are_no_probabilities_of_the_items_are_refused(make, soft):
    with pytest.raises(BadTargets):
        make(supervisors=[soft])


def test_test_items_are_not_trained_on(make):
    bench = make()
    with pytest.raises(WrongIds, match="cannot be trained on"):
        bench.strong().finetune(bench.test, np.ones(20))


def test_items_of_another_run_and_no_items_are_refused(make):
    bench, other = make(), make(answers)
    student = bench.strong()
    unknown = other.unlabelled
    unknown.ids[:] += 1
    with pytest.raises(WrongIds, match="not of this run"):
        student.predict(unknown)
    with pytest.raises(WrongIds, match="no items"):
        student.predict(bench.test[[]])
    with pytest.raises(WrongIds, match="list"):
        student.predict([1, 2])


def test_logged_numbers_keep_three_digits_and_32_names(make):
    bench = make()
    bench.log(loss=0.123456, big=98765)
    assert bench.logged == {"loss": 0.123, "big": 98800.0}
    with pytest.raises(TooMuch, match="33 logged names"):
        bench.log(**{f"n{i}": 1.0 for i in range(31)})


def test_students_and_templates_are_counted(make):
    bench = make()
    student = bench.strong()
    for i in range(16):
        student.zero_shot(bench.test[:1], template=f"{{prompt}} {i} is A right")
    student.zero_shot(bench.test[:1], template="{prompt} 3 is A right")
    with pytest.raises(TooMuch, match="16 different templates"):
        student.zero_shot(bench.test[:1], template="{prompt} is it right")
    for _ in range(31):
        student.copy()
    with pytest.raises(TooMuch, match="32 students"):
        bench.weak_model()


def test_a_bench_is_made_from_a_split_of_a_shipped_testbed():
    testbed = testbeds.load("mini-chat")
    splits, _ = testbeds.generate(testbed, item_seed=bytes(16))
    (split,) = splits["practice"]
    bench = LocalBench.from_split(testbed, split, np.full(len(split.unlabelled), 0.4), seed=0)
    assert len(bench.unlabelled) == 200
    assert bench.kind == "pair"
    assert bench.strong().zero_shot(bench.test[:4]).shape == (4,)
