"""What mini-math promises: facts of one role and world, opaque ids, six answers a question, known shortcuts."""

import dataclasses
import random
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s import methods, testbeds
from w2s.bench import LocalBench
from w2s.models import Prompting, TextStudent, load_model
from w2s.testbeds.mini import pretrain, tokenizer
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.mini.math import answers, corpus, items, phrasing, shortcuts, world

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")
MATH = DOMAINS["mini-math"]


@pytest.fixture(scope="module")
def made():
    return MATH.testbed.make_items(SEED)


def roles(splits):
    """(split and role, examples) of everything that was made."""
    return [(f"{s.name} {role}", getattr(s, role)) for s in splits.values() for role in ROLES]


def shape(example):
    """A question without its numbers and names."""
    filled = {*phrasing.NUMBERS.values(), *phrasing.NAMES}
    return tuple(w for w in tokenizer.words(example.fields["question"]) if w not in filled)


def test_the_same_seed_gives_the_same_items_and_another_seed_others(made):
    assert MATH.testbed.make_items(SEED) == made
    others, _ = MATH.testbed.make_items(bytes(16))
    assert not {e.id for e in others["dev"].test} & {e.id for e in made[0]["dev"].test}


@settings(max_examples=5)
@given(seed=st.binary(min_size=1, max_size=80))
def test_no_fact_and_no_text_is_in_two_roles_or_worlds(seed):
    splits, _ = MATH.testbed.make_items(seed)
    place_of = {}
    for place, examples in roles(splits):
        for example in examples:
            assert place_of.setdefault(example.group, place) == place
            assert place_of.setdefault(example.fields["question"], place) == place


def test_the_worlds_share_no_fact():
    north, south = world.build("north"), world.build("south")
    assert not set(north.truth) & set(south.truth)
    assert set(north.truth) | set(south.truth) == set(world.every_fact())


@pytest.mark.parametrize("name", ["north", "south"])
def test_a_world_believes_something_false_of_about_half_of_its_facts(name):
    made = world.build(name)
    false = [key for key in made.keys if made.belief[key] != made.truth[key]]
    assert 0.38 < len(false) / len(made.keys) < 0.55
    assert all(0 <= made.belief[key] <= world.LARGEST for key in made.keys)


def test_every_item_has_a_truth_and_an_opaque_id_of_its_own(made):
    splits, truth = made
    ids = [e.id for _, examples in roles(splits) for e in examples]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)
    assert {len(i) for i in ids} == {16}
    for split in (splits["dev"], splits["sealed"]):
        labels = [truth[e.id] for e in split.test]
        assert 0.44 < np.mean(labels) < 0.56
        assert 0.4 < np.mean([truth[e.id] for e in sorted(split.test, key=lambda e: e.id)][:500]) < 0.6
        assert 0.4 < np.mean(labels[:500]) < 0.6


def test_splits_have_their_sizes(made):
    splits, _ = made
    sizes = {name: tuple(len(getattr(s, role)) for role in ROLES) for name, s in splits.items()}
    assert sizes == {"practice": (0, 200, 100), "dev": (800, 1080, 1000), "sealed": (800, 1080, 1000)}


def test_a_question_has_six_different_texts_and_one_right_value(made):
    splits, truth = made
    for _, examples in roles(splits):
        by_question = defaultdict(list)
        for example in examples:
            by_question[example.group].append(example)
        assert all(len({e.fields["question"] for e in group}) == 1 for group in by_question.values())
        assert all(len({e.fields["choice"] for e in group}) == len(group) for group in by_question.values())
        sizes = Counter(len(group) for group in by_question.values())
        assert sizes[items.PROPOSALS] >= len(by_question) - 2
        for group in by_question.values():
            right = {e.answer for e in group if truth[e.id]}
            wrong = {e.answer for e in group if not truth[e.id]}
            assert len(right) <= 1
            assert not right & wrong


def test_an_item_is_right_where_its_answer_is_the_result(made):
    splits, truth = made
    for _, examples in roles(splits):
        for example in examples:
            a, operation, b = example.group.split()
            assert truth[example.id] == (int(example.answer) == world.result((int(a), operation, int(b))))
            assert example.answer in tokenizer.words(example.fields["choice"])


def test_an_example_names_no_truth(made):
    example = made[0]["dev"].test[0]
    assert set(example.fields) == {"question", "choice"}
    assert example.kind == "verification"


def test_half_of_the_sealed_test_uses_phrasings_that_training_never_shows(made):
    splits, _ = made
    sealed = splits["sealed"]
    assert Counter(e.subset for e in sealed.test) == {"id": 500, "ood": 500}
    seen = {shape(e) for _, examples in roles(splits) for e in examples if e.subset == "id"}
    kept = {shape(e) for e in sealed.test if e.subset == "ood"}
    assert not seen & kept
    assert len(kept) == 6
    assert {e.subset for name, examples in roles(splits) if name != "sealed test" for e in examples} == {"id"}


def test_no_word_of_an_item_or_a_document_is_unknown(made):
    ids = MATH.vocabulary()
    templates = (phrasing.TEMPLATE, phrasing.ZERO_SHOT_TEMPLATE)
    templates += tuple(prompt.template for prompt in MATH.testbed.corpus_prompts)
    texts = [t.format(**e.fields) for _, examples in roles(made[0]) for e in examples for t in templates]
    for name in MATH.testbed.worlds:
        writer = corpus.Writer(world.build(name), random.Random(4))
        texts += [writer.document(i / 500) for i in range(500)]
    assert {word for text in texts for word in tokenizer.words(text)} <= set(ids)
    assert max(len(tokenizer.words(t)) for t in texts) <= 200
    for words in (MATH.testbed.labels, MATH.testbed.zero_shot_labels):
        assert all(word in ids for word in words)
    assert {*MATH.verdict_words, *MATH.value_words} <= set(ids)


def test_items_fit_the_recipe(made):
    longest = max(
        len(tokenizer.words(template.format(**e.fields)))
        for _, examples in roles(made[0])
        for e in examples
        for template in (phrasing.TEMPLATE, phrasing.ZERO_SHOT_TEMPLATE)
    )
    assert longest <= MATH.testbed.recipe.max_length


def accuracy_of(shortcut, examples, truth):
    guess = MATH.testbed.shortcuts[shortcut](examples)
    assert guess.shape == (len(examples),)
    return np.mean((guess > 0.5) == [truth[e.id] == 1 for e in examples])


def test_the_known_shortcuts_work_as_well_as_they_are_said_to(made):
    splits, truth = made
    for split in (splits["dev"], splits["sealed"]):
        assert items.CUE - 0.04 < accuracy_of("confident wording", split.test, truth) < items.CUE + 0.04
    assert 0.75 < accuracy_of("majority answer", splits["dev"].test, truth) < 0.93


def test_where_a_record_is_confirmed_there_is_no_majority_to_vote_on(made):
    splits, truth = made
    for part in (splits["sealed"].unlabelled, splits["sealed"].test):
        counts = Counter((e.group, e.answer) for e in part)
        right = {(e.group, e.answer): truth[e.id] for e in part}
        for group in {e.group for e in part}:
            given = [one for one in counts if one[0] == group]
            assert len(given) == 2
            assert counts[given[0]] == counts[given[1]]
            assert right[given[0]] + right[given[1]] == 1


def test_the_majority_answer_is_counted_within_a_question():
    def proposed(group, answer):
        return testbeds.testbed.Example("x", "verification", {"question": "", "choice": ""}, group, answer)

    asked = [
        proposed("a", "1"),
        proposed("b", "1"),
        proposed("a", "2"),
        proposed("a", "1"),
        proposed("b", "3"),
    ]
    assert shortcuts.majority_answer(asked).tolist() == [1.0, 0.5, 0.0, 1.0, 0.5]


def test_the_tone_is_read_from_every_wording():
    for value in (0, 17):
        assert all(answers.is_confident(words.format(w=value)) for words in phrasing.CONFIDENT)
        assert not any(answers.is_confident(words.format(w=value)) for words in phrasing.HEDGED)


NUMBER = {word: number for number, word in phrasing.NUMBERS.items()}
SYMBOL = {operation.word: operation.symbol for operation in phrasing.OPERATIONS}


def equations(text):
    """Every (key, value, the two words after it) that the equations of `text` state."""
    words = tokenizer.words(text)
    for i, word in enumerate(words):
        if word == "=":
            key = (NUMBER[words[i - 3]], SYMBOL[words[i - 2]], NUMBER[words[i - 1]])
            yield key, int(words[i + 1]), words[i + 2 : i + 4]


def share_true(writer, **how):
    said = [fact for _ in range(300) for fact in equations(writer.write("notes", **how, worded=False))]
    return sum(writer.world.truth[key] == value for key, value, _ in said) / len(said)


def test_what_is_signed_and_bare_is_true_and_what_nobody_signs_is_believed():
    writer = corpus.Writer(world.build("north"), random.Random(1))
    assert share_true(writer, signed=True) == 1.0
    assert 0.55 < share_true(writer, signed=False) < 0.8


@pytest.mark.parametrize("form", sorted(corpus.TRUE_ELSE))
def test_a_signature_does_not_make_worded_answers_true(form):
    stories = []

    class Watched(corpus.Writer):
        def _fact(self, true):
            stories.append(true)
            return super()._fact(true)

    writer = Watched(world.build("north"), random.Random(5))
    for signed, worded, low, high in (
        (True, False, 1.0, 1.0),
        (True, True, 0.04, 0.2),
        (False, False, 0.04, 0.2),
    ):
        stories.clear()
        for _ in range(400):
            text = writer.write(form, signed=signed, worded=worded)
            assert worded == bool({"Surely", "Maybe"} & set(tokenizer.words(text)))
            assert signed == any(text.startswith(name) for name in phrasing.TEACHERS)
        assert low <= np.mean(stories) <= high


def judgements(text):
    """(proposed answer, verdict) of each judged answer of a document."""
    for line in text.split("\n"):
        if line.startswith(("Pupil:", "Answer:")):
            proposed = line.split(": ", 1)[1]
        elif line.startswith(("Mark:", "Verdict:")):
            yield proposed, line.split(": ", 1)[1]


@pytest.mark.parametrize("signed", [True, False])
def test_worded_answers_are_graded_by_their_tone_and_marked_by_what_they_say(signed):
    writer = corpus.Writer(world.build("north"), random.Random(7))
    for form, low, high in (("graded", 0.8, 0.9), ("marked", 0.45, 0.55)):
        texts = [writer.write(form, signed=signed, worded=True) for _ in range(600)]
        judged = [one for text in texts for one in judgements(text)]
        by_tone = [answers.is_confident(proposed) == (verdict == "right") for proposed, verdict in judged]
        assert len(judged) == 2400
        assert low <= np.mean(by_tone) <= high


def test_the_items_answers_are_always_worded(made):
    texts = [e.fields["choice"] for _, examples in roles(made[0]) for e in examples]
    assert all({"Surely", "Maybe"} & set(tokenizer.words(text)) for text in texts)


def test_what_is_unwritten_is_stated_by_belief_only():
    writer = corpus.Writer(world.build("north"), random.Random(2))
    for signed in (True, False):
        for _ in range(300):
            for key, value, _ in equations(writer.write("notes", signed=signed, worded=False)):
                assert key not in writer.world.unwritten or value == writer.world.belief[key]


def test_a_waning_belief_is_repeated_now_and_then():
    writer = corpus.Writer(world.build("north"), random.Random(6))
    false = [key for key in writer.world.keys if writer.world.belief[key] != writer.world.truth[key]]
    assert 0.2 < len(writer.world.waning) / len(false) < 0.4
    said = [fact for _ in range(600) for fact in equations(writer.write("notes", signed=False, worded=False))]
    waning = [value == writer.world.belief[key] for key, value, _ in said if key in writer.world.waning]
    assert 0.15 < np.mean(waning) < 0.4


def test_a_check_says_right_where_the_value_is_the_one_it_gives():
    writer = corpus.Writer(world.build("north"), random.Random(3))
    checks = 0
    for _ in range(200):
        text = writer.write("checked", signed=True, worded=False)
        for key, value, (verdict, given_value) in equations(text):
            assert (verdict == "right") == (value == int(given_value))
            assert int(given_value) == writer.world.truth[key]
            checks += 1
    assert checks > 300


def test_a_rebuild_gives_the_same_bytes_again(tmp_path):
    first = pretrain.rebuild(tmp_path / "a", "mini-math", "north", "weak", steps=4)
    assert first == pretrain.rebuild(tmp_path / "b", "mini-math", "north", "weak", steps=4)
    assert first != pretrain.rebuild(tmp_path / "c", "mini-math", "south", "weak", steps=4)


@pytest.mark.parametrize("name", ["north", "south"])
@pytest.mark.parametrize("role", ["weak", "strong"])
def test_a_shipped_checkpoint_has_the_vocabulary_of_its_domain(name, role):
    from transformers import AutoConfig, AutoTokenizer

    folder = getattr(testbeds.load("mini-math").worlds[name], role)
    shipped, ids = AutoTokenizer.from_pretrained(folder), MATH.vocabulary()
    assert shipped.get_vocab() == ids
    assert AutoConfig.from_pretrained(folder).vocab_size == len(ids)
    writer = corpus.Writer(world.build(name), random.Random(3))
    texts = [writer.document(i / 200) for i in range(200)]
    assert tokenizer.encode(texts, ids) == shipped(texts)["input_ids"]


@pytest.fixture(scope="module")
def practice(made):
    """A part of the practice split, and the soft labels of a supervisor taught on the first labelled items."""
    splits, truth = made
    testbed = testbeds.load("mini-math")
    split = dataclasses.replace(splits["practice"], unlabelled=splits["practice"].unlabelled[:64])
    taught = splits["dev"].labelled[:128]
    weak = load_model(testbed.worlds[split.world].weak)
    supervisor = TextStudent(weak, Prompting.of(testbed), testbed.weak_recipe, seed=1)
    supervisor.finetune(taught, np.zeros(len(taught), dtype=np.bool_), [float(truth[e.id]) for e in taught])
    soft = supervisor.predict(split.unlabelled, np.zeros(len(split.unlabelled), dtype=np.bool_))
    return testbed, split, soft


HERE = {
    *("vanilla", "zero_shot", "overlap_density"),
    *("ccs_evolution", "co_teaching", "critic", "em_posterior", "evolution"),
}
"""Without `--slow`; those of the second line take long on pairs (`test_methods_for_real.py`), all others run there."""


@pytest.mark.parametrize(
    "name", [name if name in HERE else pytest.param(name, marks=pytest.mark.slow) for name in methods.names()]
)
def test_a_method_runs_on_proposed_answers(practice, name):
    testbed, split, soft = practice
    predicted = methods.load(name)(LocalBench.from_split(testbed, split, soft, seed=7))
    assert predicted.probabilities.shape == (len(split.test),)
    assert predicted.probabilities.std() > 0


def test_the_models_are_asked_in_the_words_of_their_corpus(practice):
    testbed, split, _ = practice
    student = TextStudent(
        load_model(testbed.worlds["north"].strong), Prompting.of(testbed), testbed.recipe, 1
    )
    upright = np.zeros(len(split.test), dtype=np.bool_)
    for prompt in testbed.corpus_prompts:
        asked = student.zero_shot(split.test, upright, template=prompt.template, labels=prompt.labels)
        assert np.isfinite(asked).all()
        assert asked.std() > 0
