"""What mini-math promises: facts of one role of a world, opaque ids, six answers a question, known shortcuts."""

import dataclasses
import random
from collections import Counter, defaultdict
from itertools import combinations

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
from w2s.testbeds.mini.splits import WORLDS

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")
MATH = DOMAINS["mini-math"]


@pytest.fixture(scope="module")
def made():
    return MATH.testbed.make_items(SEED)


def roles(splits):
    """(world, split and role, examples) of everything that was made."""
    return [
        (part.world, f"{part.name} {role}", getattr(part, role))
        for parts in splits.values()
        for part in parts
        for role in ROLES
    ]


def shape(example):
    """A question without its numbers and names."""
    filled = {*phrasing.NUMBERS.values(), *phrasing.NAMES}
    return tuple(w for w in tokenizer.words(example.fields["question"]) if w not in filled)


def test_the_same_seed_gives_the_same_items_and_another_seed_others(made):
    assert MATH.testbed.make_items(SEED) == made
    others, _ = MATH.testbed.make_items(bytes(16))
    assert not {e.id for e in others["dev"][0].test} & {e.id for e in made[0]["dev"][0].test}


@settings(max_examples=5)
@given(seed=st.binary(min_size=1, max_size=80))
def test_no_fact_and_no_text_is_in_two_roles_of_one_world(seed):
    splits, _ = MATH.testbed.make_items(seed)
    place_of = {}
    for name, place, examples in roles(splits):
        for example in examples:
            assert place_of.setdefault((name, example.group), place) == place
            assert place_of.setdefault((name, example.fields["question"]), place) == place


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_has_half_of_all_facts(name):
    facts = world.every_fact()
    assert set(world.build(name).truth) < set(facts)
    assert len(world.build(name).truth) == len(facts) // 2


@pytest.mark.parametrize(("one", "other"), list(combinations(WORLDS, 2)))
def test_two_worlds_agree_on_the_truth_and_each_has_facts_and_beliefs_of_its_own(one, other):
    first, second = world.build(one), world.build(other)
    shared = first.truth.keys() & second.truth.keys()
    assert 0.4 < len(shared) / len(first.truth) < 0.6
    assert all(first.truth[key] == second.truth[key] for key in shared)
    false = [key for key in shared if first.belief[key] != first.truth[key]]
    same = [key for key in false if first.belief[key] == second.belief[key]]
    assert len(same) < 0.2 * len(false)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_believes_something_false_of_about_half_of_its_facts(name):
    made = world.build(name)
    false = [key for key in made.keys if made.belief[key] != made.truth[key]]
    assert 0.38 < len(false) / len(made.keys) < 0.55
    assert all(0 <= made.belief[key] <= world.LARGEST for key in made.keys)


def test_every_item_has_a_truth_and_an_opaque_id_of_its_own(made):
    splits, truth = made
    ids = [e.id for _, _, examples in roles(splits) for e in examples]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)
    assert {len(i) for i in ids} == {16}
    for part in (*splits["dev"], *splits["sealed"]):
        labels = [truth[e.id] for e in part.test]
        assert 0.44 < np.mean(labels) < 0.56
        assert 0.4 < np.mean([truth[e.id] for e in sorted(part.test, key=lambda e: e.id)][:500]) < 0.6
        assert 0.4 < np.mean(labels[:500]) < 0.6


def test_splits_have_their_sizes(made):
    splits, _ = made
    for name, parts in splits.items():
        wanted = (0, 200, 100) if name == "practice" else (800, 1080, 1000)
        assert {tuple(len(getattr(part, role)) for role in ROLES) for part in parts} == {wanted}


def test_a_question_has_six_different_texts_and_one_right_value(made):
    splits, truth = made
    for _, _, examples in roles(splits):
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
    for _, _, examples in roles(splits):
        for example in examples:
            a, operation, b = example.group.split()
            assert truth[example.id] == (int(example.answer) == world.result((int(a), operation, int(b))))
            assert example.answer in tokenizer.words(example.fields["choice"])


def test_an_example_names_no_truth(made):
    example = made[0]["dev"][0].test[0]
    assert set(example.fields) == {"question", "choice"}
    assert example.kind == "verification"


def test_half_of_the_sealed_test_uses_phrasings_that_training_never_shows(made):
    splits, _ = made
    seen = {shape(e) for _, _, examples in roles(splits) for e in examples if e.subset == "id"}
    for sealed in splits["sealed"]:
        assert Counter(e.subset for e in sealed.test) == {"id": 500, "ood": 500}
        kept = {shape(e) for e in sealed.test if e.subset == "ood"}
        assert not seen & kept
        assert len(kept) == 6
    others = [examples for _, place, examples in roles(splits) if place != "sealed test"]
    assert {e.subset for examples in others for e in examples} == {"id"}


@pytest.mark.parametrize("name", WORLDS)
def test_no_word_of_a_worlds_items_and_documents_is_unknown(made, name):
    ids = MATH.vocabulary(name)
    templates = (phrasing.TEMPLATE, phrasing.ZERO_SHOT_TEMPLATE)
    templates += tuple(prompt.template for prompt in MATH.testbed.corpus_prompts)
    asked = [e for home, _, examples in roles(made[0]) if home == name for e in examples]
    texts = [templates[0].format(**e.fields) for e in asked]
    texts += [t.format(**asked[0].fields) for t in templates]
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
        for _, _, examples in roles(made[0])
        for e in examples
        for template in (phrasing.TEMPLATE, phrasing.ZERO_SHOT_TEMPLATE)
    )
    assert longest <= MATH.testbed.recipe.max_length


def accuracy_of(shortcut, part, truth):
    guess = MATH.testbed.shortcuts[shortcut](part.world, part.test)
    assert guess.shape == (len(part.test),)
    return np.mean((guess > 0.5) == [truth[e.id] == 1 for e in part.test])


def test_the_known_shortcuts_work_as_well_as_they_are_said_to(made):
    splits, truth = made
    for part in (*splits["dev"], *splits["sealed"]):
        assert items.CUE - 0.05 < accuracy_of("confident wording", part, truth) < items.CUE + 0.05
    for part in splits["dev"]:
        assert 0.75 < accuracy_of("majority answer", part, truth) < 0.93


def test_where_a_record_is_confirmed_there_is_no_majority_to_vote_on(made):
    splits, truth = made
    for examples in (pool for part in splits["sealed"] for pool in (part.unlabelled, part.test)):
        counts = Counter((e.group, e.answer) for e in examples)
        right = {(e.group, e.answer): truth[e.id] for e in examples}
        for group in {e.group for e in examples}:
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
    assert shortcuts.majority_answer("north", asked).tolist() == [1.0, 0.5, 0.0, 1.0, 0.5]


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
    texts = [e.fields["choice"] for _, _, examples in roles(made[0]) for e in examples]
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


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("role", ["weak", "strong"])
def test_a_shipped_checkpoint_has_the_vocabulary_of_its_world(name, role):
    from transformers import AutoConfig, AutoTokenizer

    folder = getattr(testbeds.load("mini-math").worlds[name], role)
    shipped, ids = AutoTokenizer.from_pretrained(folder), MATH.vocabulary(name)
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
    (whole,) = splits["practice"]
    split = dataclasses.replace(whole, unlabelled=whole.unlabelled[:64])
    taught = splits["dev"][0].labelled[:128]
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
