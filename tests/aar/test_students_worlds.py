"""A run is about one world: the service gives it that world's items, weak labels and models."""

import json
from dataclasses import replace

import numpy as np
import pytest
from student_lab import TEST, UNLABELLED, request, run, service_here, soft_labels, worlds

from aar.seeds import supervisors_of
from aar.students.data import read_splits, write_splits, write_weak
from aar.students.server import Service
from w2s.bench import LocalBench
from w2s.errors import BadTemplate
from w2s.records import Predictions
from w2s.testbeds import load

PAIRS = range(4)
PARTS = worlds()["dev"]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    write_splits(folder, "mini-chat", worlds())
    for k in PAIRS:
        for seed in supervisors_of(k):
            write_weak(folder, "dev", seed, soft_labels("dev", seed))
    return service_here(folder)


def seen(service, supervisors):
    """What a method sees of a run: its weak labels, and what the strong model says of its test, both sorted."""
    found = []

    def method(bench):
        found.append([np.sort(weak.soft) for weak in bench.supervisors])
        found.append(np.sort(bench.strong().zero_shot(bench.test)))
        return Predictions(bench.test, np.full(len(bench.test), 0.5))

    assert run(service, method, request(supervisor_seeds=supervisors)).status == "finished"
    return found


def said_in(part, model_of):
    """What the strong model of one part's world says of the test of another, sorted."""
    there = replace(part, world=model_of.world)
    bench = LocalBench.from_split(load("mini-chat"), there, np.zeros(UNLABELLED), seed=7)
    return np.sort(bench.strong().zero_shot(bench.test))


@pytest.mark.parametrize("k", PAIRS)
def test_a_pair_of_seeds_gets_items_labels_and_models_of_its_world(service, k):
    weak, said = seen(service, supervisors_of(k))
    for labels, seed in zip(weak, supervisors_of(k), strict=True):
        np.testing.assert_allclose(labels, np.sort(soft_labels("dev", seed)), atol=1e-6)
    mine = PARTS[k % len(PARTS)]
    np.testing.assert_allclose(said, said_in(mine, mine), atol=1e-5)


def test_neither_items_nor_models_of_another_world_say_the_same(service):
    _, said = seen(service, (1,))
    for part, model_of in ((PARTS[0], PARTS[1]), (PARTS[1], PARTS[0])):
        assert np.abs(said - said_in(part, model_of)).max() > 1e-3


def test_a_companion_alone_is_about_the_world_of_its_pair(service):
    k, companion, _ = supervisors_of(1)
    np.testing.assert_array_equal(seen(service, (k,))[1], seen(service, (companion,))[1])


def test_no_template_may_hold_a_text_of_any_world_of_the_split(service):
    elsewhere = PARTS[2].test[0].fields["prompt"]

    def method(bench):
        with pytest.raises(BadTemplate):
            bench.strong().zero_shot(bench.test, template=f"{elsewhere} {{prompt}} Label:")
        return Predictions(bench.test, np.full(TEST, 0.5))

    assert run(service, method, request(supervisor_seeds=(0,))).status == "finished"


def test_a_folder_whose_splits_have_one_part_and_no_list_of_it_is_served(tmp_path):
    path = write_splits(tmp_path, "mini-chat", {name: parts[:1] for name, parts in worlds().items()})
    whole = read_splits(tmp_path)
    body = json.loads(path.read_text())
    path.write_text(json.dumps({**body, "splits": {name: part for name, (part,) in body["splits"].items()}}))
    assert read_splits(tmp_path) == whole
    write_weak(tmp_path, "dev", 1, soft_labels("dev", 1))
    seen(Service(tmp_path), (1,))
