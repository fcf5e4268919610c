"""What a testbed promises: disjoint roles, opaque ids, fixed items for a fixed seed, models that load."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s import testbeds
from w2s.errors import NotFound

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")


@pytest.fixture(scope="module")
def chat():
    return testbeds.load("mini-chat")


@pytest.fixture(scope="module")
def made(chat):
    return testbeds.generate(chat, item_seed=SEED)


def test_an_unknown_testbed_names_the_nearest():
    with pytest.raises(NotFound, match="did you mean mini-chat"):
        testbeds.load("mini-cat")


def test_the_same_seed_gives_the_same_items_and_another_seed_others(chat, made):
    assert testbeds.generate(chat, item_seed=SEED) == made
    others, _ = testbeds.generate(chat, item_seed=bytes(16))
    assert others["dev"].test != made[0]["dev"].test
    assert not {e.id for e in others["dev"].test} & {e.id for e in made[0]["dev"].test}


@settings(max_examples=5, deadline=None)
@given(seed=st.binary(min_size=1, max_size=80))
def test_no_fact_serves_two_roles_in_one_world(seed):
    splits, _ = testbeds.generate(testbeds.load("mini-chat"), item_seed=seed)
    seen = {}
    for split in splits.values():
        for role in ROLES:
            for example in getattr(split, role):
                place = f"{split.name} {role}"
                assert seen.setdefault((split.world, example.group), place) == place


def test_dev_and_sealed_come_from_different_worlds(made):
    splits, _ = made
    assert splits["dev"].world == splits["practice"].world != splits["sealed"].world


def test_every_item_has_a_truth_and_an_id_of_its_own(made):
    splits, truth = made
    ids = [e.id for s in splits.values() for role in ROLES for e in getattr(s, role)]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)
    assert set(truth.values()) == {0, 1}


def test_labels_are_balanced_and_neither_ids_nor_order_tell_them(made):
    splits, truth = made
    for split in (splits["dev"], splits["sealed"]):
        labels = [truth[e.id] for e in split.test]
        assert 0.44 < sum(labels) / len(labels) < 0.56
        by_id = [truth[e.id] for e in sorted(split.test, key=lambda e: e.id)]
        assert 0.4 < sum(by_id[:500]) / 500 < 0.6
        assert 0.4 < sum(labels[:500]) / 500 < 0.6


def test_no_item_is_asked_twice_even_in_the_other_order(made):
    splits, _ = made
    for split in splits.values():
        for role in ROLES:
            texts = Counter(
                (e.fields["prompt"], *sorted((e.fields["first"], e.fields["second"])))
                for e in getattr(split, role)
            )
            assert not texts or max(texts.values()) == 1


def test_half_of_the_sealed_test_uses_phrasings_that_training_never_shows(made):
    splits, _ = made
    sealed = splits["sealed"]
    assert Counter(e.subset for e in sealed.test) == {"id": 500, "ood": 500}
    assert {e.subset for s in splits.values() for e in (*s.labelled, *s.unlabelled)} == {"id"}

    def shape(example):
        return example.fields["prompt"].replace(example.group.split("/")[0], "someone")

    trained = {shape(e) for e in (*sealed.labelled, *sealed.unlabelled)}
    assert not {shape(e) for e in sealed.test if e.subset == "ood"} & trained


def test_an_example_names_no_truth(made):
    splits, _ = made
    example = splits["dev"].test[0]
    assert set(example.fields) == {"prompt", "first", "second"}
    assert example.kind == "pair"
    assert example.answer is None


@pytest.mark.parametrize("world", ["north", "south"])
@pytest.mark.parametrize("role", ["weak", "strong"])
def test_a_shipped_checkpoint_loads_with_transformers_and_knows_every_word(chat, made, world, role):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = getattr(chat.worlds[world], role)
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert model.config.vocab_size == len(tokenizer)
    for split in made[0].values():
        for example in split.test[:50]:
            for template in (chat.template, chat.zero_shot_template):
                ids = tokenizer(template.format(**example.fields))["input_ids"]
                assert tokenizer.unk_token_id not in ids
                assert len(ids) <= chat.recipe.max_length
    for label in (*chat.labels, *chat.zero_shot_labels):
        assert len(tokenizer(" " + label)["input_ids"]) == 1
