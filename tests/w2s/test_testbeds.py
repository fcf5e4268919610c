"""Testbeds by name, parts of a split, and mini-chat's checkpoints (splits: test_testbeds_splits.py)."""

from collections import Counter

import pytest

from w2s import testbeds
from w2s.errors import NotFound
from w2s.records import part_of
from w2s.testbeds.mini.splits import WORLDS

SEED = bytes(range(16))


@pytest.fixture(scope="module")
def chat():
    return testbeds.load("mini-chat")


@pytest.fixture(scope="module")
def made(chat):
    return testbeds.generate(chat, item_seed=SEED)


def test_an_unknown_testbed_names_the_nearest():
    with pytest.raises(NotFound, match="did you mean mini-chat"):
        testbeds.load("mini-cat")


def test_half_of_the_sealed_test_uses_phrasings_that_training_never_shows(made):
    splits, _ = made

    def shape(example):
        return example.fields["prompt"].replace(example.group.split("/")[0], "someone")

    for sealed in splits["sealed"]:
        assert Counter(e.subset for e in sealed.test) == {"id": 500, "ood": 500}
        trained = {shape(e) for e in (*sealed.labelled, *sealed.unlabelled)}
        assert not {shape(e) for e in sealed.test if e.subset == "ood"} & trained


def test_pairs_of_seeds_take_the_worlds_of_a_split_in_turn(made):
    dev = made[0]["dev"]
    assert [part_of(dev, k).world for k in range(7)] == [*("north", "west", "coast") * 2, "north"]
    assert [part_of(made[0]["practice"], k).world for k in range(3)] == ["north"] * 3


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("role", ["weak", "strong"])
def test_a_shipped_checkpoint_loads_with_transformers_and_knows_every_word(chat, made, world, role):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = getattr(chat.worlds[world], role)
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert model.config.vocab_size == len(tokenizer)
    parts = [part for of_split in made[0].values() for part in of_split if part.world == world]
    assert parts
    for part in parts:
        for example in part.test[:50]:
            for template in (chat.template, chat.zero_shot_template):
                ids = tokenizer(template.format(**example.fields))["input_ids"]
                assert tokenizer.unk_token_id not in ids
                assert len(ids) <= chat.recipe.max_length
    for label in (*chat.labels, *chat.zero_shot_labels):
        assert len(tokenizer(" " + label)["input_ids"]) == 1
