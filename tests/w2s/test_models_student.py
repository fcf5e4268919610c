"""A student: taught on targets, asked about items, refused what cannot be trained on."""

from dataclasses import replace

import numpy as np
import pytest
from colours import PROMPTING, RECIPE, answers, pairs, upright

from w2s.blocks.losses import LogConfidence, cross_entropy
from w2s.errors import BadTargets, BadTemplate, TooMuch, Unavailable
from w2s.models import TextStudent, load_model
from w2s.models.losses import LossGradient, torch_gradient


@pytest.fixture
def student(tiny_model):
    return TextStudent(tiny_model, PROMPTING, RECIPE, seed=1)


def test_a_student_learns_what_it_is_taught_and_the_base_stays_as_it_was(tiny_model, student):
    examples, truth = pairs(160)
    test, test_truth = pairs(80, seed=1)
    before = tiny_model.fingerprint
    record = student.finetune(examples, upright(examples), truth)
    accuracy = np.mean((student.predict(test, upright(test)) > 0.5) == test_truth)
    assert accuracy > 0.9
    assert record.steps == 3 * 20
    np.testing.assert_array_equal(record.implied_targets, truth)
    del tiny_model.__dict__["fingerprint"]
    assert tiny_model.fingerprint == before


def test_adapters_learn_it_too_and_share_the_base_weights(tiny_model):
    recipe = replace(RECIPE, lora_rank=4, learning_rate=2e-2)
    student = TextStudent(tiny_model, PROMPTING, recipe, seed=1)
    examples, truth = pairs(160)
    student.finetune(examples, upright(examples), truth)
    assert np.mean((student.predict(examples, upright(examples)) > 0.5) == truth) > 0.9
    own, base = student._module.get_input_embeddings().weight, tiny_model.module.get_input_embeddings().weight
    assert own.data_ptr() == base.data_ptr()


def test_the_same_seed_gives_the_same_student_and_another_seed_another(tiny_model):
    examples, truth = pairs(40)

    def taught(seed):
        student = TextStudent(tiny_model, PROMPTING, RECIPE, seed)
        student.finetune(examples, upright(examples), truth)
        return student.predict(examples, upright(examples))

    np.testing.assert_array_equal(taught(1), taught(1))
    assert not np.array_equal(taught(1), taught(2))


def test_a_flipped_pair_is_the_pair_written_the_other_way_round(student):
    examples, _ = pairs(12)
    swapped = [
        replace(e, fields={**e.fields, "first": e.fields["second"], "second": e.fields["first"]})
        for e in examples
    ]
    flipped = np.ones(12, dtype=bool)
    for ask in (student.predict, student.zero_shot, student.likelihood):
        np.testing.assert_allclose(ask(examples, flipped), ask(swapped, upright(swapped)), rtol=1e-5)
    np.testing.assert_allclose(
        student.hidden_states(examples, flipped, 2),
        student.hidden_states(swapped, upright(swapped), 2),
        rtol=1e-4,
        atol=1e-5,
    )


def test_likelihood_is_the_mean_log_probability_of_the_answers_words(tiny_model, student):
    import torch

    examples, _ = answers(6)
    prompt = f"Question: {examples[0].fields['question']} Answer:"
    tokens = tiny_model.encode(f"{prompt} {examples[0].fields['choice']}")
    with torch.no_grad():
        scores = tiny_model.module(torch.tensor([tokens])).logits.log_softmax(-1)
    expected = scores[0, len(tokens) - 2, tokens[-1]].item()
    assert student.likelihood(examples, upright(examples))[0] == pytest.approx(expected, rel=1e-4)


def test_hidden_states_are_the_residual_stream_after_the_block(tiny_model, student):
    import torch

    examples, _ = pairs(5)
    for i, example in enumerate(examples):
        tokens = tiny_model.encode(PROMPTING.template.format(**example.fields))
        with torch.no_grad():
            stream = tiny_model.module(torch.tensor([tokens]), output_hidden_states=True).hidden_states
        for layer in (1, 2):
            found = student.hidden_states(examples, upright(examples), layer)
            np.testing.assert_allclose(found[i], stream[layer][0, -1].numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [0, 4])
def test_a_layer_that_is_not_there_is_refused(student, layer):
    examples, _ = pairs(2)
    with pytest.raises(BadTemplate, match="1 to 3"):
        student.hidden_states(examples, upright(examples), layer)


def test_a_custom_cross_entropy_trains_the_same_student_as_the_built_in_one(tiny_model):
    examples, truth = pairs(64)
    soft = 0.1 + 0.8 * truth
    weights = np.linspace(0.5, 2, 64)
    found = []
    for loss in (None, cross_entropy):
        student = TextStudent(tiny_model, PROMPTING, RECIPE, seed=1)
        student.finetune(examples, upright(examples), soft, weights=weights, loss=loss)
        found.append(student.predict(examples, upright(examples)))
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)


def test_the_implied_target_of_a_custom_cross_entropy_is_the_target(tiny_model, student):
    examples, truth = pairs(24)
    soft = 0.1 + 0.8 * truth
    record = student.finetune(examples, upright(examples), soft, loss=cross_entropy)
    np.testing.assert_allclose(record.implied_targets, soft, atol=1e-4)


def test_a_loss_sees_progress_positions_and_hidden_states(student):
    seen = []

    class Curious:
        wants_hidden = True

        def __call__(self, batch):
            seen.append((batch.progress, batch.index.tolist(), tuple(batch.hidden.shape)))
            return batch.logits.square().mean() + 0.1 * batch.hidden.square().mean()

    examples, truth = pairs(20)
    student.finetune(examples, upright(examples), truth, loss=Curious(), epochs=2, order=np.arange(20)[::-1])
    assert seen[0] == (0.0, list(range(19, 11, -1)), (8, 32))
    assert [progress for progress, _, _ in seen] == [pytest.approx(i / 6) for i in range(6)]
    assert seen[2][1] == [3, 2, 1, 0]


def test_logconf_trains(student):
    examples, truth = pairs(64)
    student.finetune(examples, upright(examples), truth, loss=LogConfidence())
    assert np.mean((student.predict(examples, upright(examples)) > 0.5) == truth) > 0.8


def test_items_of_weight_zero_are_not_learned(tiny_model):
    examples, truth = pairs(80)
    wrong = np.concatenate([truth[:40], 1 - truth[40:]])
    student = TextStudent(tiny_model, PROMPTING, RECIPE, seed=1)
    student.finetune(examples, upright(examples), wrong, weights=np.repeat([1.0, 0.0], 40), epochs=6)
    assert np.mean((student.predict(examples, upright(examples)) > 0.5) == truth) > 0.9


def nan(n):
    return np.full(n, np.nan)


@pytest.mark.parametrize(
    ("targets", "options", "error", "says"),
    [
        (np.ones(3), {}, BadTargets, "targets of shape"),
        (nan(8), {}, BadTargets, "8 of 8 targets are NaN"),
        (np.full(8, 1.5), {}, BadTargets, "outside"),
        (["a"] * 8, {}, BadTargets, "not numbers"),
        (np.ones(8), {"weights": np.ones(7)}, BadTargets, "weights of shape"),
        (np.ones(8), {"weights": np.zeros(8)}, BadTargets, "above 0"),
        (np.ones(8), {"epochs": 0}, TooMuch, "1 to 20"),
        (np.ones(8), {"epochs": 21}, TooMuch, "1 to 20"),
        (np.ones(8), {"learning_rate": -1.0}, BadTargets, "learning rate"),
        (np.ones(8), {"order": np.zeros(8)}, BadTargets, "each of the 8 items once"),
        (np.ones(8), {"loss": lambda batch: 1.0}, BadTargets, "one torch number"),
        (np.ones(8), {"loss": lambda batch: batch.logits.sum() * np.inf}, BadTargets, "infinite|inf|nan"),
        (np.ones(8), {"gradient": lambda b: LossGradient(0.0, b.logits[:3])}, BadTargets, "shape"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(student, targets, options, error, says):
    examples, _ = pairs(8)
    with pytest.raises(error, match=says):
        student.finetune(examples, upright(examples), targets, **options)


def test_no_items_are_nothing_to_train_on(student):
    with pytest.raises(BadTargets, match="no items"):
        student.finetune([], np.zeros(0, dtype=bool), np.zeros(0))


@pytest.mark.parametrize(
    ("template", "labels", "says"),
    [
        ("{prompt} {truth}", None, "{truth}"),
        ("{prompt.__class__}", None, "name a field alone"),
        ("{prompt!r}", None, "name a field alone"),
        ("{prompt", None, "brace|expected"),
        ("x" * 301, None, "at most 300"),
        (None, ("True", "True"), "two different"),
        (None, ("True", "zebra"), "not a word"),
        (None, ("True", "True False"), "start of the other"),
        (None, ("True", "F" * 30), "characters"),
    ],
)
def test_a_template_or_label_outside_the_bounds_is_refused(student, template, labels, says):
    examples, _ = pairs(2)
    with pytest.raises(BadTemplate, match=says):
        student.zero_shot(examples, upright(examples), template=template, labels=labels)


def test_swapping_the_labels_swaps_the_sign(student):
    examples, _ = pairs(4)
    one = student.zero_shot(examples, upright(examples), labels=("no", "yes"))
    other = student.zero_shot(examples, upright(examples), labels=("yes", "no"))
    np.testing.assert_allclose(one, -other, rtol=1e-6)


def test_what_was_generated_can_be_named_in_a_template_of_that_student_only(tiny_model, student):
    examples, _ = pairs(4)
    student.generate(
        examples, upright(examples), "Question: {prompt} Answer:", into="draft", max_new_tokens=3
    )
    twin = student.copy()
    for each in (student, twin):
        assert each.zero_shot(examples, upright(examples), template="{draft} {first} right").shape == (4,)
    fresh = TextStudent(tiny_model, PROMPTING, RECIPE, seed=1)
    with pytest.raises(BadTemplate, match="draft"):
        fresh.zero_shot(examples, upright(examples), template="{draft} {first} right")
    with pytest.raises(BadTemplate, match="a field of the items"):
        student.generate(examples, upright(examples), "{prompt}", into="first")


@pytest.mark.parametrize("rank", [None, 4])
def test_a_step_along_seeded_directions_is_undone_by_the_opposite_one(tiny_model, rank):
    student = TextStudent(tiny_model, PROMPTING, replace(RECIPE, lora_rank=rank), seed=1)
    examples, _ = pairs(10)
    before = student.predict(examples, upright(examples))
    student.step({7: 0.05, 8: -0.02})
    moved = student.predict(examples, upright(examples))
    assert not np.allclose(before, moved, atol=1e-4)
    student.perturb(7, -0.05)
    student.perturb(8, 0.02)
    np.testing.assert_allclose(student.predict(examples, upright(examples)), before, atol=1e-4)


@pytest.mark.parametrize("rank", [None, 4])
def test_a_copy_starts_where_its_original_is_and_parts_from_it(tiny_model, rank):
    examples, truth = pairs(32)
    student = TextStudent(tiny_model, PROMPTING, replace(RECIPE, lora_rank=rank), seed=1)
    student.finetune(examples, upright(examples), truth, epochs=1)
    twin = student.copy()
    before = student.predict(examples, upright(examples))
    np.testing.assert_array_equal(twin.predict(examples, upright(examples)), before)
    twin.finetune(examples, upright(examples), 1 - truth)
    np.testing.assert_array_equal(student.predict(examples, upright(examples)), before)
    student.finetune(examples, upright(examples), 1 - truth)
    np.testing.assert_array_equal(
        student.predict(examples, upright(examples)), twin.predict(examples, upright(examples))
    )


def test_a_text_longer_than_the_recipe_allows_keeps_its_ends_and_its_question(tiny_model):
    student = TextStudent(tiny_model, PROMPTING, replace(RECIPE, max_length=14), seed=1)
    examples, _ = pairs(2)
    long = [replace(e, fields={**e.fields, "second": "coal " * 60 + "or coal"}) for e in examples]
    other = [replace(e, fields={**e.fields, "prompt": "is it right"}) for e in long]
    said = student.predict(long, upright(long))
    assert np.isfinite(said).all()
    assert not np.array_equal(said, student.predict(other, upright(other)))


def test_a_template_that_is_too_long_by_itself_is_refused(tiny_model):
    student = TextStudent(tiny_model, PROMPTING, replace(RECIPE, max_length=4), seed=1)
    examples, _ = pairs(2)
    with pytest.raises(BadTemplate, match="max_length"):
        student.predict(examples, upright(examples))


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Unavailable, match="nothing"):
        load_model(tmp_path / "nothing")


def test_a_gradient_of_arrays_is_what_a_torch_loss_becomes(tiny_model):
    examples, truth = pairs(32)
    found = []
    for options in ({"loss": cross_entropy}, {"gradient": torch_gradient(cross_entropy)}):
        student = TextStudent(tiny_model, PROMPTING, RECIPE, seed=1)
        student.finetune(examples, upright(examples), truth, **options)
        found.append(student.predict(examples, upright(examples)))
    np.testing.assert_array_equal(*found)
