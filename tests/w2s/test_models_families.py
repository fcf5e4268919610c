"""Any causal language model of transformers: its own figures to the rounding, adapters where the recipe means them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from families import FAMILIES, TOKENIZERS, save, tokenizer
from torch import nn
from transformers.pytorch_utils import Conv1D

from w2s.errors import BadTemplate
from w2s.models import BaseModel, Prompting, TextStudent, load_model
from w2s.models.labels import label_tokens
from w2s.models.prompting import render
from w2s.records import Example, Recipe

TEMPLATE = "Question: {question}\nAnswer: {choice}\nLabel:"
PROMPTING = Prompting(TEMPLATE, ("False", "True"), TEMPLATE, ("no", "yes"))
RECIPE = Recipe(epochs=4, learning_rate=1e-2, batch_size=8, max_length=100)
ITEMS = [
    Example(
        id=f"i{i}",
        kind="verification",
        fields={"question": f"what colour is the {thing}?", "choice": choice},
        group=f"g{i}",
    )
    for i, (thing, choice) in enumerate(
        [("sky", "blue"), ("grass", "green, of course"), ("sky", "bad"), ("answer", "no"), ("rose", "red")]
        * 4
    )
]
UPRIGHT = np.zeros(len(ITEMS), dtype=bool)
TRUTH = np.array(
    [choice.startswith(("blue", "green", "red")) for choice in (e.fields["choice"] for e in ITEMS)]
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder, loaded = tmp_path_factory.mktemp("families"), {}

    def load(family: str, kind: str = "byte-level") -> BaseModel:
        if (family, kind) not in loaded:
            place = save(folder / f"{family} {kind}", family, words=tokenizer(kind))
            loaded[family, kind] = load_model(place)
        return loaded[family, kind]

    return load


def asked_alone(base: BaseModel, text: str, labels: tuple[str, str]) -> float:
    """Log-odds of the labels by the model's own forward pass, one text at a time."""
    tokens = base.label_tokens(labels)
    ids = torch.tensor([base.encode(text) + list(tokens.shared)])
    with torch.no_grad():
        scores = base.module(input_ids=ids).logits[0, -1].float()
    return float(scores[tokens.one] - scores[tokens.zero])


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_student_says_is_what_the_model_itself_says(made, family):
    base = made(family)
    student = TextStudent(base, PROMPTING, RECIPE, seed=0)
    texts = [render(TEMPLATE, e.fields) for e in ITEMS]
    alone = np.array([asked_alone(base, text, ("no", "yes")) for text in texts])
    np.testing.assert_allclose(student.zero_shot(ITEMS, UPRIGHT), alone, atol=2e-4)
    assert np.ptp(alone) > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_the_likelihood_of_an_answer_is_that_of_the_model_itself(made, family):
    base = made(family)
    found = TextStudent(base, PROMPTING, RECIPE, seed=0).likelihood(ITEMS[:3], UPRIGHT[:3])
    for example, mean in zip(ITEMS[:3], found, strict=True):
        start = base.encode(f"Question: {example.fields['question']}\nAnswer:")
        end = base.encode_more(" " + example.fields["choice"])
        with torch.no_grad():
            scores = base.module(input_ids=torch.tensor([start + end])).logits[0].float().log_softmax(-1)
        each = [float(scores[len(start) + i - 1, token]) for i, token in enumerate(end)]
        assert mean == pytest.approx(np.mean(each), abs=2e-4)


@pytest.mark.parametrize("rank", [None, 4])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_what_it_is_taught(made, family, rank):
    base = made(family)
    before = base.fingerprint
    student = TextStudent(
        base,
        PROMPTING,
        replace(RECIPE, lora_rank=rank, epochs=12, learning_rate=3e-2 if rank else 1e-2),
        seed=1,
    )
    student.finetune(ITEMS, UPRIGHT, TRUTH.astype(float))
    assert np.mean((student.predict(ITEMS, UPRIGHT) > 0.5) == TRUTH) > 0.9
    del base.__dict__["fingerprint"]
    assert base.fingerprint == before


@pytest.mark.parametrize("family", FAMILIES)
def test_adapters_are_on_every_linear_layer_of_every_block(made, family):
    base = made(family)
    student = TextStudent(base, PROMPTING, replace(RECIPE, lora_rank=2, epochs=1), seed=1)
    student.finetune(ITEMS, UPRIGHT, TRUTH.astype(float))
    adapted = {
        name.partition(".lora_")[0] for name, _ in student._module.named_parameters() if ".lora_A" in name
    }
    linear = {
        name
        for name, part in base.module.named_modules()
        if isinstance(part, nn.Linear | Conv1D) and part is not base.module.get_output_embeddings()
    }
    routers = {name for name in linear if name.endswith((".gate", ".router"))}
    assert linear - routers <= adapted


@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_states_and_text_come_from_every_family(made, family):
    base = made(family)
    student = TextStudent(base, PROMPTING, RECIPE, seed=0)
    for layer in range(1, base.layers + 1):
        states = student.hidden_states(ITEMS, UPRIGHT, layer)
        assert states.shape == (len(ITEMS), base.hidden)
        assert np.isfinite(states).all()
    student.generate(ITEMS, UPRIGHT, TEMPLATE, into="thought", max_new_tokens=3)
    said = student.zero_shot(ITEMS, UPRIGHT, template=TEMPLATE + " {thought}\nLabel:", labels=("no", "yes"))
    assert np.isfinite(said).all()


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize(
    "labels", [("False", "True"), ("no", "yes"), ("A", "B"), ("unsafe", "unsure"), ("bad", "good")]
)
def test_labels_are_told_apart_by_every_kind_of_tokenizer(made, kind, labels):
    base = made("llama", kind)
    tokens = base.label_tokens(labels)
    for label, token in zip(labels, (tokens.zero, tokens.one), strict=True):
        written = base.encode_more(f"Label: {label}")
        asked = [*base.encode_more("Label:"), *tokens.shared, token]
        assert written[: len(asked)] == asked
    text = render(TEMPLATE, ITEMS[0].fields)
    student = TextStudent(base, Prompting(TEMPLATE, labels, TEMPLATE, labels), RECIPE, seed=0)
    said = student.zero_shot(ITEMS[:1], UPRIGHT[:1])
    assert said[0] == pytest.approx(asked_alone(base, text, labels), abs=2e-4)


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("labels", [("yes", "yes"), ("True", "True "), ("yes", "yes yes")])
def test_labels_that_are_one_another_s_start_are_refused(made, kind, labels):
    with pytest.raises(BadTemplate, match=r"cannot be told apart|is not a word"):
        made("llama", kind).label_tokens(labels)


def test_the_model_it_was_made_for_bounds_a_text_too(tmp_path: Path):
    base = load_model(save(tmp_path, "gpt2", n_positions=40))
    student = TextStudent(base, PROMPTING, replace(RECIPE, max_length=4096), seed=0)
    long = [replace(ITEMS[0], fields={**ITEMS[0].fields, "choice": "blue " * 200 + "indeed"})]
    assert np.isfinite(student.zero_shot(long, UPRIGHT[:1])).all()


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "words",
    [{"start": True}, {"pad": False}, {"added": ("yes", "Label:", " blue")}, {"start": True, "pad": False}],
    ids=["start", "no padding", "added words", "start, no padding"],
)
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_special_and_added_tokens_and_their_absence_change_nothing(tmp_path: Path, kind, words, tied):
    made_words = tokenizer(kind, **words)
    pad = {} if made_words.pad_token_id is not None else {"pad_token_id": None}
    base = load_model(save(tmp_path, "llama", words=made_words, tie_word_embeddings=tied, **pad))
    student = TextStudent(base, PROMPTING, RECIPE, seed=0)
    alone = [asked_alone(base, render(TEMPLATE, e.fields), ("no", "yes")) for e in ITEMS[:5]]
    np.testing.assert_allclose(student.zero_shot(ITEMS[:5], UPRIGHT[:5]), alone, atol=2e-4)
    student.finetune(ITEMS, UPRIGHT, TRUTH.astype(float))
    assert np.isfinite(student.predict(ITEMS, UPRIGHT)).all()
    student.generate(ITEMS[:3], UPRIGHT[:3], TEMPLATE, into="thought", max_new_tokens=2)


def test_half_precision_says_nearly_the_same(tmp_path: Path):
    folder = save(tmp_path, "llama", dtype="bfloat16")
    whole, half = (
        TextStudent(load_model(folder, dtype=dtype), PROMPTING, replace(RECIPE, lora_rank=4), seed=0)
        for dtype in ("float32", "bfloat16")
    )
    said = whole.zero_shot(ITEMS, UPRIGHT)
    np.testing.assert_allclose(half.zero_shot(ITEMS, UPRIGHT), said, atol=0.1 * np.ptp(said) + 0.05)
    half.finetune(ITEMS, UPRIGHT, TRUTH.astype(float))
    assert np.isfinite(half.predict(ITEMS, UPRIGHT)).all()


def test_a_chat_template_is_not_put_around_a_prompt(tmp_path: Path):
    words = tokenizer("byte-level")
    words.chat_template = "{% for m in messages %}<eos>{{ m['content'] }}{% endfor %}"
    base = load_model(save(tmp_path, "qwen2", words=words))
    assert base.encode("Label: yes") == base.tokenizer("Label: yes", add_special_tokens=False)["input_ids"]


def test_a_token_that_closes_every_text_does_not_stand_before_the_label(tmp_path: Path):
    from tokenizers import processors

    words = tokenizer("byte-level")
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<eos> $A <eos>", pair="<eos> $A $B <eos>", special_tokens=[("<eos>", 1)]
    )
    base = load_model(save(tmp_path, "llama", words=words))
    assert base.encode("Label:") == [1, *base.encode_more("Label:")]


def test_a_word_of_which_only_the_start_is_known_is_no_label(made):
    def encode(text: str) -> list[int]:
        return [{":": 1, "a": 2, "b": 3}.get(word, 0) for word in text.split()]

    assert label_tokens(("a b", "a a"), encode, unknown=0).shared == (2,)
    with pytest.raises(BadTemplate, match="is not a word"):
        label_tokens(("a c", "a b"), encode, unknown=0)


def test_likelihoods_of_long_questions_and_answers_keep_both(made):
    base = made("llama")
    student = TextStudent(base, PROMPTING, replace(RECIPE, max_length=40), seed=0)
    asked = [
        replace(ITEMS[0], fields={"question": f"what colour is {thing}?" + " and" * 200, "choice": answer})
        for thing, answer in (("grass", "blue"), ("sky", "blue"), ("sky", "good" + " bad" * 200), ("sky", ""))
    ]
    likely = student.likelihood(asked, UPRIGHT[:4])
    assert np.isfinite(likely).all()
    assert likely[0] != likely[1] != likely[2]


def test_no_room_for_what_is_to_be_written_is_said(made):
    student = TextStudent(made("llama"), PROMPTING, RECIPE, seed=0)
    with pytest.raises(BadTemplate, match="leave no room"):
        student.generate(ITEMS[:1], UPRIGHT[:1], TEMPLATE, into="thought", max_new_tokens=500)
