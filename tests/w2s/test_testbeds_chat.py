"""What mini-chat promises: worlds and roles that share no text, words that are all known, cues as declared."""

import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s import testbeds
from w2s.models import Prompting
from w2s.models.prompting import render
from w2s.testbeds.mini import tokenizer
from w2s.testbeds.mini.chat import corpus, items, phrasing, world
from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.domains import DOMAINS

ROLES = ("labelled", "unlabelled", "test")
SEEDS = st.binary(min_size=1, max_size=80)
few = settings(max_examples=4, deadline=None)


DOMAIN = DOMAINS["mini-chat"]


LARGE = DOMAINS["mini-chat-large"]


@pytest.fixture(scope="module")
def testbed():
    return DOMAIN.testbed


@pytest.fixture(scope="module")
def made(testbed):
    return testbeds.generate(testbed, item_seed=bytes(range(16)))


def places(splits):
    return {(s.name, role): getattr(s, role) for s in splits.values() for role in ROLES}


@few
@given(seed=SEEDS)
def test_no_question_and_no_text_is_in_two_roles_or_splits(seed):
    splits, _ = testbeds.generate(DOMAIN.testbed, item_seed=seed)
    for (_, first), (_, second) in combinations(places(splits).items(), 2):
        assert not {e.group for e in first} & {e.group for e in second}
        assert not {e.fields["prompt"] for e in first} & {e.fields["prompt"] for e in second}


@few
@given(seed=SEEDS)
def test_sizes_are_fixed_and_ids_are_opaque_and_each_its_own(seed):
    splits, truth = testbeds.generate(DOMAIN.testbed, item_seed=seed)
    sizes = {name: tuple(len(getattr(s, role)) for role in ROLES) for name, s in splits.items()}
    assert sizes == {"practice": (0, 200, 100), "dev": (800, 1080, 1000), "sealed": (800, 1080, 1000)}
    ids = [e.id for examples in places(splits).values() for e in examples]
    assert len(set(ids)) == len(ids) == len(truth)
    assert all(len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids)


def test_people_live_in_one_world_only():
    everybody = [person for people in PEOPLE.values() for person in people]
    assert len(set(everybody)) == len(everybody)
    assert {name: len(people) for name, people in PEOPLE.items()} == {"north": 60, "south": 60, "east": 90}


def test_truth_is_balanced_and_order_never_matters(made):
    splits, truth = made
    for examples in places(splits).values():
        if len(examples) >= 800:
            assert 0.45 < np.mean([truth[e.id] for e in examples]) < 0.55
            pairs = {(e.fields["prompt"], *sorted((e.fields["first"], e.fields["second"]))) for e in examples}
            assert len(pairs) == len(examples)


def test_kept_phrasings_are_in_half_of_the_sealed_test_and_nowhere_else(made):
    splits, _ = made
    kept = {
        form.split("{n}")[0] + "|" + form.split("{n}")[1].split("{v}")[0]
        for a in phrasing.ATTRIBUTES
        for form in a.ood_questions + a.ood_statements
    }

    def is_kept(text):
        return any(all(part in text for part in form.split("|")) for form in kept)

    for (split, role), examples in places(splits).items():
        subsets = Counter(e.subset for e in examples)
        if (split, role) == ("sealed", "test"):
            assert subsets == {"id": 500, "ood": 500}
        for e in examples:
            assert is_kept(e.fields["prompt"]) == (e.subset == "ood"), e.fields["prompt"]


def test_politeness_is_as_strong_a_cue_as_declared(testbed, made):
    splits, truth = made
    examples = [e for found in places(splits).values() for e in found]
    labels = np.array([truth[e.id] for e in examples])
    hits = testbed.shortcuts["polite"](examples) == labels
    assert abs(hits.mean() - items.CUE) < 4 * hits.std() / len(hits) ** 0.5


def test_the_topic_gives_a_few_more_away_and_no_more(testbed, made):
    splits, truth = made
    test = splits["dev"].test
    labels = np.array([truth[e.id] for e in test])
    polite, topic = (testbed.shortcuts[name](test) == labels for name in sorted(testbed.shortcuts)[::-1])
    assert 0.0 < topic.mean() - polite.mean() < 0.1


def test_every_word_of_documents_items_and_prompts_is_known(testbed):
    ids = DOMAIN.vocabulary()
    for place in testbed.worlds:
        writer = DOMAIN.writer(place, random.Random(4))
        texts = [writer.document(i / 500) for i in range(500)]
        assert {w for text in texts for w in tokenizer.words(text)} <= ids.keys()
    splits, _ = testbeds.generate(testbed, item_seed=b"every word")
    prompting = Prompting.of(testbed)
    templates = [prompting.template, prompting.zero_shot_template]
    templates += [t for p in testbed.corpus_prompts for t in (p.template, p.less) if t is not None]
    for examples in places(splits).values():
        for e in examples[:40]:
            for template in templates:
                assert set(tokenizer.words(render(template, e.fields))) <= ids.keys()
    assert {w for p in testbed.corpus_prompts for w in p.labels} <= ids.keys()
    assert {*prompting.labels, *prompting.zero_shot_labels} <= ids.keys()


def test_the_shipped_tokenizer_has_the_words_of_the_domain(testbed):
    from transformers import AutoTokenizer

    ids = DOMAIN.vocabulary()
    for place in testbed.worlds.values():
        for folder in (place.weak, place.strong):
            assert AutoTokenizer.from_pretrained(folder).get_vocab() == ids


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_each_register_has_its_share_of_the_rumours_right_and_always_the_same(name):
    built = world.build(name)
    rumoured = [k for k in built.keys if built.rumour[k] != built.truth[k] and k not in built.unwritten]
    assert abs(len(rumoured) / len(built.keys) - world.RUMOURED) < 0.1
    for register, share in world.SETTINGS[name].corrected.items():
        right = np.mean([built.told[register].said[k] == built.truth[k] for k in rumoured])
        assert abs(right - share) < 0.14
    assert all(built.expert.said[k] == built.truth[k] for k in built.keys if k not in built.unwritten)


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_the_truth_about_an_unwritten_fact_is_in_no_story(name):
    built = world.build(name)
    for key in built.unwritten:
        if built.rumour[key] != built.truth[key]:
            for story in (built.expert, *built.told.values()):
                assert built.truth[key] not in (story.said[key], story.rejected[key])


@pytest.mark.parametrize("form", sorted(corpus.REGISTER))
def test_documents_with_the_wrong_signature_always_tell_the_story_of_their_register(form):
    writer = corpus.Writer(world.build("south"), random.Random(2))
    story = writer.world.told[corpus.REGISTER[form]]
    for source in ("outsider", "digest"):
        for _ in range(20):
            text = writer.write(form, source)
            own = next(a for a in phrasing.ATTRIBUTES if set(a.values) & set(tokenizer.words(text)))
            signed = [a.expert for a in phrasing.ATTRIBUTES if a.expert in text.split()]
            assert len(signed) == 1 if source == "outsider" else len(signed) >= 2
            if form == "notes":
                for sentence in text.split(": ")[-1].rstrip(".").split(". "):
                    said = set(tokenizer.words(sentence))
                    person = next(p for p in writer.world.people if p in said)
                    assert story.said[person, own.name] in said


def test_the_larger_one_is_about_other_people_and_has_a_strong_model_of_four_times_the_size():
    splits, _ = testbeds.generate(LARGE.testbed, item_seed=bytes(16))
    assert {split.world for split in splits.values()} == {"east"}
    asked = {e.group.split("/")[0] for examples in places(splits).values() for e in examples}
    assert asked <= set(PEOPLE["east"])
    assert {e.subset for e in splits["dev"].test} == {"id"}
    for (_, first), (_, second) in combinations(places(splits).items(), 2):
        assert not {e.group for e in first} & {e.group for e in second}
    size = {
        domain.name: (next(iter(domain.testbed.worlds.values())).strong / "model.safetensors").stat().st_size
        for domain in (DOMAIN, LARGE)
    }
    assert 3.5 < size["mini-chat-large"] / size["mini-chat"] < 4.5
