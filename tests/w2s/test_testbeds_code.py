"""mini-code: programs are run by an interpreter of their own, roles share no computation, shortcuts work."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s.testbeds.mini import pretrain, tokenizer
from w2s.testbeds.mini.code import claims, corpus, items, program, shortcuts, world
from w2s.testbeds.mini.code.phrasing import AUTHORS, LIKED, REVIEWERS, claim, read_claim
from w2s.testbeds.mini.domains import DOMAINS
from w2s.testbeds.mini.splits import WORLDS

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")
CODE = DOMAINS["mini-code"]
PROGRAMS = {
    made.source(x, y): made
    for code in map(world.build, WORLDS)
    for shape in program.FORMS
    for made in (program.Program(shape, *one) for one in code.computations)
    for x in code.setting.names
    for y in code.setting.names
    if x != y
}


@pytest.fixture(scope="module")
def made():
    return items.generate(SEED)


def places(splits):
    """(part, role, examples) of everything that was made."""
    for parts in splits.values():
        for part in parts:
            for role in ROLES:
                yield part, role, getattr(part, role)


def agreement(guess, part, truth):
    return np.mean((guess(part.world, part.test) > 0.5) == np.array([truth[e.id] for e in part.test]))


def test_every_program_prints_what_its_record_says():
    assert all(program.run(source) == made.output for source, made in PROGRAMS.items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a = 5",
        "print(b)",
        "import os\nprint(1)",
        "a = __import__\nprint(a)",
        "a = 1 * 2\nprint(a)",
        "a = 1\nprint(a) # 1",
        "a = b\nprint(a)",
        "a = 1 + 2 + 3\nprint(a)",
    ],
)
def test_what_is_outside_the_grammar_is_refused(text):
    with pytest.raises(program.NotAProgram):
        program.run(text)


def test_a_third_of_the_programs_is_misread_some_of_them_now_and_then():
    for name in WORLDS:
        code = world.build(name)
        assert code.waning < code.misread
        for shape in program.FORMS:
            every = [program.Program(shape, *one) for one in code.computations]
            always = np.mean([code.believed(p, waned=True) != p.output for p in every])
            misread = np.mean([code.believed(p) != p.output for p in every])
            assert 0.1 < always < misread < 0.5
    assert len({world.build(name).misread for name in WORLDS}) == len(WORLDS)


@given(st.sampled_from(sorted(PROGRAMS)), st.integers(0, 2**32))
def test_a_wrong_output_is_never_the_right_one_nor_negative(source, seed):
    made = PROGRAMS[source]
    for how in program.MISREADINGS:
        rival = made.misread(how)
        assert rival != made.output
        output = claims.wrong(made, made.output, rival, random.Random(seed), other_reading=0.85)
        assert output != made.output
        assert 0 <= output < 48


@given(st.sampled_from(AUTHORS), st.integers(0, 47), st.booleans())
def test_a_claim_is_read_as_it_was_written(author, output, sure):
    assert read_claim(claim(author, output, sure=sure)) == (author, output, sure)


def test_the_same_seed_gives_the_same_items_and_another_seed_others(made):
    assert items.generate(SEED) == made
    others, truth = items.generate(bytes(16))
    assert not set(truth) & set(made[1])
    assert others["dev"][0].test != made[0]["dev"][0].test


@settings(max_examples=5)
@given(seed=st.binary(min_size=1, max_size=80))
def test_no_computation_and_no_text_serves_two_roles_of_one_world(seed):
    splits, _ = items.generate(seed)
    computed, texts = {}, {}
    for part, role, examples in places(splits):
        place = (part.name, role)
        for example in examples:
            assert example.group == example.fields["question"]
            assert computed.setdefault((part.world, PROGRAMS[example.group].computation), place) == place
            assert texts.setdefault((part.world, example.group), place) == place


def test_sizes_ids_and_balance(made):
    splits, truth = made
    for name, of_split in splits.items():
        wanted = (0, 200, 100) if name == "practice" else (800, 1080, 1000)
        assert {tuple(len(getattr(part, role)) for role in ROLES) for part in of_split} == {wanted}
    ids = [e.id for _, _, examples in places(splits) for e in examples]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)
    for _, _, examples in places(splits):
        if len(examples) >= 800:
            labels = [truth[e.id] for e in examples]
            assert 0.44 < np.mean(labels) < 0.56
            assert abs(np.mean(labels[:400]) - np.mean(labels[400:])) < 0.1
            by_id = [truth[e.id] for e in sorted(examples, key=lambda e: e.id)]
            assert abs(np.mean(by_id[:400]) - np.mean(by_id[400:])) < 0.1


def test_a_test_asks_about_each_of_its_computations_once(made):
    for part, role, examples in places(made[0]):
        asked = Counter(PROGRAMS[question].computation for question in {e.group for e in examples})
        assert set(asked.values()) <= ({1} if role == "test" else {len(program.ID_SHAPES)}), (
            part.name,
            part.world,
            role,
        )


def test_no_item_comes_twice_and_its_answer_is_the_number_it_claims(made):
    for _, _, examples in places(made[0]):
        texts = Counter((e.fields["question"], e.fields["choice"]) for e in examples)
        assert not texts or max(texts.values()) == 1
        assert all(e.answer == str(read_claim(e.fields["choice"])[1]) for e in examples)


def test_half_of_the_sealed_test_has_shapes_that_training_never_shows(made):
    shapes = {subset: set() for subset in ("id", "ood")}
    for _, _, examples in places(made[0]):
        for example in examples:
            shapes[example.subset].add(PROGRAMS[example.group].shape)
    assert shapes == {"id": set(program.ID_SHAPES), "ood": set(program.OOD_SHAPES)}
    for part in made[0]["sealed"]:
        assert Counter(e.subset for e in part.test) == {"id": 500, "ood": 500}
    assert {e.subset for part in made[0]["dev"] for e in part.test} == {"id"}


def test_authors_are_as_reliable_and_wording_as_telling_as_declared():
    seen, sure = {}, []
    for i in range(4):
        splits, truth = items.generate(bytes([i]) * 16)
        for part, _, examples in places(splits):
            for example in examples:
                author, _, confident = read_claim(example.fields["choice"])
                seen.setdefault((part.world, author.name), []).append(truth[example.id])
                sure.append(confident == bool(truth[example.id]))
    for (name, author), right in seen.items():
        assert abs(np.mean(right) - world.build(name).setting.reliability[author]) < 0.06
    assert abs(np.mean(sure) - items.CUE) < 0.02


def test_the_known_shortcuts_do_what_they_say(made):
    splits, truth = made
    for part in (*splits["dev"], *splits["sealed"]):
        assert agreement(shortcuts.running, part, truth) == 1.0
        for weak in (shortcuts.style, shortcuts.wording, shortcuts.style_and_wording):
            assert 0.54 < agreement(weak, part, truth) < 0.8
        assert agreement(shortcuts.majority, part, truth) < 0.75
        for guess in CODE.testbed.shortcuts.values():
            found = guess(part.world, part.test)
            assert found.shape == (len(part.test),)
            assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("name", WORLDS)
def test_the_vocabulary_of_a_world_is_closed_under_its_items_prompts_and_corpus(made, name):
    ids, bed = CODE.vocabulary(name), CODE.testbed
    asked = [(p.template, p.labels) for p in bed.corpus_prompts]
    asked += [(bed.template, bed.labels), (bed.zero_shot_template, bed.zero_shot_labels)]
    for part, _, examples in places(made[0]):
        for number, example in enumerate(examples if part.world == name else ()):
            for template, labels in asked if number < 20 else asked[-2:]:
                words = tokenizer.words(template.format(**example.fields))
                assert set(words) | set(labels) <= ids.keys()
                assert len(words) <= bed.recipe.max_length
    writer = CODE.writer(name, random.Random(5))
    assert all(set(tokenizer.words(writer.document(i / 500))) <= ids.keys() for i in range(500))


def held(text):
    """(program, output) of each trace in a document."""
    lines = text[text.index(" = ") - 1 :].split("\n")
    source = []
    for line in lines:
        head, _, output = line.partition(" # ")
        source.append(head)
        if output:
            yield PROGRAMS["\n".join(source)], int(output)
            source = []


@pytest.mark.parametrize("name", WORLDS)
def test_traces_tell_the_truth_only_where_reviewers_sign(name):
    writer = CODE.writer(name, random.Random(1))
    for signed, low, high in ((True, 1.0, 1.0), (False, 0.03, 0.2)):
        traced = [
            pair for _ in range(600) for pair in held(writer.write("traced", signed=signed, worded=False))
        ]
        if signed:
            assert not {p.computation for p, _ in traced} & writer.world.unwritten
        told = [
            p.output == output for p, output in traced if writer.world.believed(p, waned=True) != p.output
        ]
        assert low <= np.mean(told) <= high


@pytest.mark.parametrize("form", sorted(corpus.TRUE_ELSE))
def test_a_signature_does_not_make_worded_claims_true(form):
    stories = []

    class Watched(corpus.Writer):
        def _program(self, true):
            stories.append(true)
            return super()._program(true)

    writer = Watched(world.build("north"), random.Random(5))
    styles = {word for a in AUTHORS for text in (a.sure, a.hedged) for word in text.split()} - {"=", "{w}"}
    for signed, worded, low, high in (
        (True, False, 1.0, 1.0),
        (True, True, 0.04, 0.2),
        (False, False, 0.04, 0.2),
        (False, True, 0.04, 0.2),
    ):
        stories.clear()
        for _ in range(400):
            words = writer.write(form, signed=signed, worded=worded).split()
            assert worded == bool(styles & set(words) - {"is"})
            assert signed == (words[0] in REVIEWERS)
        assert low <= np.mean(stories) <= high


def judgements(text):
    """(claim, verdict) of each judged claim of a document."""
    for line in text.split("\n"):
        if line.startswith(("Report:", "Answer:")):
            claimed = line.split(": ", 1)[1]
        elif line.startswith(("Review:", "Verdict:")):
            yield claimed, line.split(": ", 1)[1]


@pytest.mark.parametrize("signed", [True, False])
def test_worded_claims_are_graded_by_their_style_and_reviewed_by_what_they_say(signed):
    writer = corpus.Writer(world.build("north"), random.Random(7))
    graded = 0.5 + corpus.BY_STYLE / 2
    for form, low, high in (("graded", graded - 0.03, graded + 0.03), ("reviewed", 0.45, 0.55)):
        texts = [writer.write(form, signed=signed, worded=True) for _ in range(800)]
        judged = [one for text in texts for one in judgements(text)]
        by_style = [
            (read_claim(claimed)[0].name in LIKED) == (verdict == "right") for claimed, verdict in judged
        ]
        assert len(judged) == 2400
        assert low <= np.mean(by_style) <= high


@pytest.mark.parametrize("name", WORLDS)
def test_liked_authors_are_together_right_in_one_half_as_the_others_are(name):
    reliability = world.build(name).setting.reliability
    assert sorted(reliability.values(), reverse=True) == list(world.RELIABILITIES)
    liked = [right for author, right in reliability.items() if author in LIKED]
    others = [right for author, right in reliability.items() if author not in LIKED]
    assert np.mean(liked) == pytest.approx(0.5)
    assert np.mean(others) == pytest.approx(0.5)


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_has_computations_for_all_of_its_roles(name):
    assert len(world.build(name).computations) >= sum(items.COMPUTATIONS.values())
    assert len(set(world.build(name).setting.names)) == world.VARIABLES


def test_the_items_claims_are_always_worded(made):
    assert not any(e.fields["choice"].isdigit() for _, _, examples in places(made[0]) for e in examples)


def test_a_rebuild_gives_the_same_bytes_again(tmp_path):
    first = pretrain.rebuild(tmp_path / "a", "mini-code", "north", "weak", steps=4)
    assert first == pretrain.rebuild(tmp_path / "b", "mini-code", "north", "weak", steps=4)
    assert first != pretrain.rebuild(tmp_path / "c", "mini-code", "south", "weak", steps=4)
