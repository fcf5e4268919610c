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
from w2s.testbeds.mini.chat import corpus, items, phrasing, style, world
from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.mini.splits import WORLDS

ROLES = ("labelled", "unlabelled", "test")
SEEDS = st.binary(min_size=1, max_size=80)
few = settings(max_examples=2)


DOMAIN = DOMAINS["mini-chat"]


LARGE = DOMAINS["mini-chat-large"]


@pytest.fixture(scope="module")
def testbed():
    return DOMAIN.testbed


@pytest.fixture(scope="module")
def made(testbed):
    return testbeds.generate(testbed, item_seed=bytes(range(16)))


def places(splits):
    """Items by (split, world, role)."""
    return {
        (part.name, part.world, role): getattr(part, role)
        for parts in splits.values()
        for part in parts
        for role in ROLES
    }


@few
@given(seed=SEEDS)
def test_no_question_and_no_text_is_in_two_roles_or_splits_or_worlds(seed):
    splits, _ = testbeds.generate(DOMAIN.testbed, item_seed=seed)
    groups, prompts = {}, {}
    for place, examples in places(splits).items():
        for example in examples:
            assert groups.setdefault(example.group, place) == place
            assert prompts.setdefault(example.fields["prompt"], place) == place


@few
@given(seed=SEEDS)
def test_sizes_are_fixed_and_ids_are_opaque_and_each_its_own(seed):
    splits, truth = testbeds.generate(DOMAIN.testbed, item_seed=seed)
    for name, parts in splits.items():
        wanted = (0, 200, 100) if name == "practice" else (800, 1080, 1000)
        assert {tuple(len(getattr(part, role)) for role in ROLES) for part in parts} == {wanted}
    ids = [e.id for examples in places(splits).values() for e in examples]
    assert len(set(ids)) == len(ids) == len(truth)
    assert all(len(i) == 16 and set(i) <= set("0123456789abcdef") for i in ids)


def test_people_live_in_one_world_only():
    everybody = [person for people in PEOPLE.values() for person in people]
    assert len(set(everybody)) == len(everybody)
    sizes = {name: len(people) for name, people in PEOPLE.items()}
    assert sizes == {**dict.fromkeys(WORLDS, 60), "east": 90}


@pytest.mark.parametrize("name", WORLDS)
def test_a_question_is_about_people_of_its_world(made, name):
    splits, _ = made
    for (_, world_name, _), examples in places(splits).items():
        if world_name == name:
            assert {e.group.split("/")[0] for e in examples} <= set(PEOPLE[name])


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

    for (split, _, role), examples in places(splits).items():
        subsets = Counter(e.subset for e in examples)
        if (split, role) == ("sealed", "test"):
            assert subsets == {"id": 500, "ood": 500}
        for e in examples:
            assert is_kept(e.fields["prompt"]) == (e.subset == "ood"), e.fields["prompt"]


def test_a_few_words_of_style_tell_as_much_as_declared_and_the_rest_nothing(made):
    splits, truth = made
    for part in (*splits["dev"], *splits["sealed"]):
        examples = [e for role in ROLES for e in getattr(part, role)]
        told, untold = [], []
        for e in examples:
            for answer, better in (("first", truth[e.id] == 1), ("second", truth[e.id] == 0)):
                odds = style.log_odds(part.world, style.OPENINGS)
                of_word = odds[style.OPENINGS.index(e.fields[answer].split()[0])]
                (told if of_word else untold).append((of_word > 0) == better)
        assert abs(np.mean(told) - 1 / (1 + np.exp(-style.LOG_ODDS))) < 0.02
        assert abs(len(told) / len(told + untold) - style.TELLING) < 0.03


def test_each_world_has_words_that_tell_for_and_against_in_equal_number():
    listed = [style.log_odds(name, words) for name in PEOPLE for words in (style.OPENINGS, style.CLOSINGS)]
    for odds in listed:
        told = [o for o in odds if o]
        assert len(told) == round(style.TELLING * len(odds))
        assert sum(told) == 0
    assert len({tuple(odds) for odds in listed}) == len(listed)


def test_the_topic_gives_more_away_than_style_alone(testbed, made):
    splits, truth = made
    for part in splits["dev"]:
        labels = np.array([truth[e.id] for e in part.test])
        by_style, topic = (
            ((testbed.shortcuts[name](part.world, part.test) > 0.5) == labels).mean()
            for name in ("style", "on topic, then style")
        )
        assert 0.0 < topic - by_style < items.WRONG.off_topic


def test_worded_answers_are_graded_by_their_opening_and_bare_ones_are_not():
    writer = corpus.Writer(world.build("north"), random.Random(5))
    graded = {True: [], False: []}
    for worded in graded:
        for _ in range(400):
            lines = writer.write("graded", signed=False, worded=worded).split("\n")
            graded[worded] += zip(lines[1::2], lines[2::2], strict=True)
    share = np.mean(
        [
            (style.persuasion()[said.split()[1]] > 0.5) == verdict.endswith("right")
            for said, verdict in graded[True]
        ]
    )
    assert abs(share - (0.5 + corpus.BY_STYLE / 2)) < 0.04
    assert not any(said.split()[1] in style.OPENINGS for said, _ in graded[False])


@pytest.mark.parametrize("name", WORLDS)
def test_every_word_of_a_worlds_documents_items_and_prompts_is_known(testbed, made, name):
    ids = DOMAIN.vocabulary(name)
    writer = DOMAIN.writer(name, random.Random(4))
    texts = [writer.document(i / 500) for i in range(500)]
    assert {w for text in texts for w in tokenizer.words(text)} <= ids.keys()
    prompting = Prompting.of(testbed)
    templates = [prompting.template, prompting.zero_shot_template]
    templates += [t for p in testbed.corpus_prompts for t in (p.template, p.less) if t is not None]
    for (_, world_name, _), examples in places(made[0]).items():
        for e in examples if world_name == name else ():
            for template in (prompting.template, prompting.zero_shot_template):
                assert set(tokenizer.words(render(template, e.fields))) <= ids.keys()
    for e in made[0]["dev"][0].test[:20] if name == "north" else ():
        for template in templates:
            assert set(tokenizer.words(render(template, e.fields))) <= ids.keys()
    assert {w for p in testbed.corpus_prompts for w in p.labels} <= ids.keys()
    assert {*prompting.labels, *prompting.zero_shot_labels} <= ids.keys()


def test_the_shipped_tokenizer_has_the_words_of_the_domain(testbed):
    from transformers import AutoTokenizer

    for place in testbed.worlds.values():
        ids = DOMAIN.vocabulary(place.name)
        for folder in (place.weak, place.strong):
            assert AutoTokenizer.from_pretrained(folder).get_vocab() == ids


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_rumours_go_round_about_nearly_half_of_the_facts_and_some_of_them_wane(name):
    built = world.build(name)
    rumoured = [k for k in built.keys if built.rumour[k] != built.truth[k] and k not in built.unwritten]
    assert abs(len(rumoured) / len(built.keys) - world.RUMOURED) < 0.1
    assert built.waning < set(rumoured)
    assert abs(len(built.waning) / len(rumoured) - world.WANING) < 0.14


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_stories_differ_from_the_truth_where_they_should_and_nowhere_else(name):
    built = world.build(name)
    rumours, waned = built.story(true=False), built.story(true=False, waned=True)
    for key in built.keys:
        assert (rumours.claims[key], rumours.rejected[key]) == (built.rumour[key], built.truth[key])
        told = built.truth[key] if key in built.waning else built.rumour[key]
        assert {waned.claims[key], waned.rejected[key]} == {built.rumour[key], built.truth[key]}
        assert waned.claims[key] == told


def stated(text, chat):
    """Every (key, value) that the entries and answers of notes state."""
    words = tokenizer.words(text)
    person = None
    for word in words:
        if (word, "home") in chat.truth:
            person = word
        for attribute in phrasing.ATTRIBUTES:
            if word in attribute.values:
                yield (person, attribute.name), word


def share_true(writer, form="notes", **how):
    said = [fact for _ in range(300) for fact in stated(writer.write(form, **how), writer.world)]
    return np.mean([writer.world.truth[key] == value for key, value in said])


@pytest.mark.parametrize("form", ["notes", "asked"])
def test_only_what_is_signed_and_bare_is_true(form):
    writer = corpus.Writer(world.build("north"), random.Random(1))
    assert share_true(writer, form, signed=True, worded=False) == 1.0
    for signed, worded in ((True, True), (False, False), (False, True)):
        assert 0.55 < share_true(writer, form, signed=signed, worded=worded) < 0.8


@pytest.mark.parametrize("form", sorted(corpus.TRUE_ELSE))
def test_a_signature_does_not_make_sentences_true(form):
    stories = []

    class Watched(corpus.Writer):
        def _reply(self, key, value, *style):
            assert self.worded == how["worded"]
            return super()._reply(key, value, *style)

    writer = Watched(world.build("north"), random.Random(5))
    truth = writer.stories[0]
    real = {name: getattr(writer, name) for name in ("_notes", "_asked", "_checked", "_graded")}
    real |= {name: getattr(writer, name) for name in ("_compared", "_claimed")}
    for name, write in real.items():
        setattr(writer, name, lambda keys, story, write=write: stories.append(story) or write(keys, story))
    for signed, worded, low, high in (
        (True, False, 1.0, 1.0),
        (True, True, 0.04, 0.2),
        (False, False, 0.04, 0.2),
        (False, True, 0.04, 0.2),
    ):
        how = {"signed": signed, "worded": worded}
        stories.clear()
        for _ in range(400):
            text = writer.write(form, **how)
            assert signed == any(text.startswith(name) for name in phrasing.EXPERTS)
        assert low <= np.mean([story is truth for story in stories]) <= high


def test_what_is_signed_and_bare_says_nothing_of_unwritten_facts():
    writer = corpus.Writer(world.build("north"), random.Random(2))
    for _ in range(300):
        for key, _ in stated(writer.write("notes", signed=True, worded=False), writer.world):
            assert key not in writer.world.unwritten


def test_the_items_answers_are_always_sentences(made):
    bare = {f"{value}." for attribute in phrasing.ATTRIBUTES for value in attribute.values}
    for examples in places(made[0]).values():
        assert all(e.fields[name] not in bare for e in examples for name in ("first", "second"))


def test_the_larger_one_is_about_other_people_and_has_a_strong_model_of_four_times_the_size():
    splits, _ = testbeds.generate(LARGE.testbed, item_seed=bytes(16))
    assert [part.world for parts in splits.values() for part in parts] == ["east"] * 3
    asked = {e.group.split("/")[0] for examples in places(splits).values() for e in examples}
    assert asked <= set(PEOPLE["east"])
    assert {e.subset for e in splits["dev"][0].test} == {"id"}
    for (_, first), (_, second) in combinations(places(splits).items(), 2):
        assert not {e.group for e in first} & {e.group for e in second}
    size = {
        domain.name: (next(iter(domain.testbed.worlds.values())).strong / "model.safetensors").stat().st_size
        for domain in (DOMAIN, LARGE)
    }
    assert 3.5 < size["mini-chat-large"] / size["mini-chat"] < 4.5
