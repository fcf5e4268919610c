"""What the splits of every shipped testbed promise, for any seed: nothing is shared, nothing tells the truth."""

import dataclasses
import itertools
import random
import re
from collections import Counter
from functools import cache

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from w2s import testbeds
from w2s.metrics import correctness
from w2s.records import Items, Predictions
from w2s.testbeds.duplicates import normalised

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")
SEEDS = settings(max_examples=2, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""No shrinking: one seed is as plain as another, and each takes a generation."""
seeds = st.binary(min_size=1, max_size=80)

pytestmark = pytest.mark.parametrize("name", testbeds.names())


def made(name, seed=SEED):
    return testbeds.generate(testbeds.load(name), item_seed=seed)


@cache
def made_once(name):
    """What most tests look at."""
    return made(name)


def places(splits):
    """Every role of every world's part of a split: (place, world, examples)."""
    return [
        (f"{part.name} {role}", part.world, getattr(part, role))
        for parts in splits.values()
        for part in parts
        for role in ROLES
    ]


def content(example):
    """The item as text, the same in either order of a pair and in any spelling."""
    question, *answers = (
        [example.fields[f] for f in ("prompt", "first", "second")]
        if example.kind == "pair"
        else [example.fields[f] for f in ("question", "choice")]
    )
    return (normalised(question), *sorted(map(normalised, answers)))


@SEEDS
@given(seed=seeds)
def test_no_group_is_in_two_roles_of_one_world(name, seed):
    splits, _ = made(name, seed)
    seen = {}
    for place, world, examples in places(splits):
        for example in examples:
            assert seen.setdefault((world, example.group), place) == place


@SEEDS
@given(seed=seeds)
def test_no_item_is_in_two_roles_of_one_world_or_twice_in_one(name, seed):
    splits, _ = made(name, seed)
    seen = {}
    for place, world, examples in places(splits):
        for example in examples:
            other = seen.setdefault((world, content(example)), (place, example.id))
            assert other == (place, example.id), f"{place} {example.id} repeats {other}: {example.fields}"


@SEEDS
@given(seed=seeds, other=seeds)
def test_a_seed_gives_the_same_items_always_and_no_other_seed_their_ids(name, seed, other):
    splits, truth = made(name, seed)
    others, _ = made(name, other)
    assert made(name, seed) == (splits, truth), "other calls in between change nothing"
    if seed != other:
        assert others["dev"][0].test != splits["dev"][0].test
        ids, other_ids = ({e.id for _, _, es in places(s) for e in es} for s in (splits, others))
        assert not ids & other_ids


def test_every_item_has_a_truth_and_an_id_of_its_own(name):
    splits, truth = made_once(name)
    ids = [e.id for _, _, examples in places(splits) for e in examples]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)
    assert set(truth.values()) == {0, 1}


def test_ids_are_opaque(name):
    splits, _ = made_once(name)
    for place, _, examples in places(splits):
        for example in examples:
            assert re.fullmatch("[0-9a-f]{16}", example.id), f"{place}: {example.id}"
    order = [e.id for e in splits["dev"][0].test]
    ranks = np.argsort(np.argsort(order))
    assert abs(np.corrcoef(ranks, np.arange(len(order)))[0, 1]) < 0.15, "ids do not count the items"


@SEEDS
@given(seed=seeds)
def test_classes_are_balanced_and_neither_ids_nor_order_tell_them(name, seed):
    splits, truth = made(name, seed)
    for place, _, examples in places(splits):
        if len(examples) < 400:
            continue
        labels = np.array([truth[e.id] for e in examples])
        by_id = np.array([truth[e.id] for e in sorted(examples, key=lambda e: e.id)])
        half = len(labels) // 2
        assert 0.4 < labels.mean() < 0.6, place
        for told in (labels[:half], labels[::2], by_id[:half]):
            assert abs(told.mean() - labels.mean()) < 0.12, place


def test_out_of_distribution_items_are_in_the_sealed_test_alone(name):
    splits, _ = made_once(name)
    for place, _, examples in places(splits):
        subsets = Counter(e.subset for e in examples)
        if place == "sealed test":
            assert set(subsets) == {"id", "ood"}
            assert min(subsets.values()) >= 0.4 * len(examples)
        else:
            assert set(subsets) <= {"id"}, place


def test_scored_splits_have_a_thousand_test_items_of_many_questions(name):
    splits, _ = made_once(name)
    for part in (*splits["dev"], *splits["sealed"]):
        assert len(part.test) >= 1000
        assert len({e.group for e in part.test}) >= 50
        assert len(part.labelled) >= 400
        assert len(part.unlabelled) >= 1000


def test_sealed_is_about_other_worlds_than_practice_and_dev_where_there_are_others(name):
    splits, _ = made_once(name)
    worlds = {split: {part.world for part in parts} for split, parts in splits.items()}
    assert worlds["practice"] <= worlds["dev"]
    assert not worlds["dev"] & worlds["sealed"] or len(testbeds.load(name).worlds) == 1


def test_an_example_holds_what_the_template_shows_and_no_truth(name):
    testbed = testbeds.load(name)
    splits, truth = made_once(name)
    for _, _, examples in places(splits):
        for example in examples:
            assert example.kind == testbed.kind
            assert (example.answer is None) == (testbed.kind == "pair")
            assert testbed.template.format(**example.fields)
    assert {f.name for f in dataclasses.fields(example)} == {
        "id",
        "kind",
        "fields",
        "group",
        "answer",
        "subset",
    }
    for example, other in itertools.pairwise(splits["dev"][0].test):
        if truth[example.id] != truth[other.id]:
            assert set(example.fields) == set(other.fields), "which fields there are does not tell"


@SEEDS
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_items_changes_no_score(name, seed):
    """Predictions are matched to the truth by id, whatever order they come in."""
    splits, truth = made_once(name)
    test, rng = list(splits["dev"][0].test), random.Random(seed)
    said = {e.id: rng.random() for e in test}

    def correct_by_id(order):
        ids = np.array([int(e.id, 16) for e in order], dtype=np.uint64)
        zeros = np.zeros(len(order), dtype=np.int64)
        answered = Predictions(Items(ids, zeros, zeros), np.array([said[e.id] for e in order]))
        wanted = [int(e.id, 16) for e in test]
        return correctness(answered.by_id(wanted), [truth[e.id] for e in test])

    shuffled = rng.sample(test, len(test))
    assert (correct_by_id(shuffled) == correct_by_id(test)).all()
