"""What every testbed promises, for any seed: shipped ones, a folder, and the one that `--testbed` names.

python -m pytest tests/conformance/test_testbed.py --testbed NAME-OR-FOLDER
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest

from w2s import testbeds
from w2s.records import Example, Split
from w2s.testbeds import Testbed
from w2s.testbeds.testbed import MadeItems

pytestmark = pytest.mark.usefixtures("packages")

SEED = bytes(range(16))
ROLES = ("labelled", "unlabelled", "test")


@pytest.fixture(scope="module")
def testbed(testbed_name: str, packages: Path) -> Testbed:
    return testbeds.load(testbed_name)


@pytest.fixture(scope="module")
def made(testbed: Testbed) -> MadeItems:
    return testbeds.generate(testbed, item_seed=SEED)


def examples(part: Split) -> list[Example]:
    return list(chain(*(getattr(part, role) for role in ROLES)))


def parts(made: MadeItems) -> list[Split]:
    """The parts of all splits, one a world."""
    return [part for of_split in made[0].values() for part in of_split]


def test_it_has_the_three_splits_and_everything_that_a_run_needs(testbed: Testbed, made: MadeItems) -> None:
    splits, _ = made
    assert set(splits) == {"practice", "dev", "sealed"}
    assert all(splits.values())
    for name, of_split in splits.items():
        assert {part.name for part in of_split} == {name}
        worlds = [part.world for part in of_split]
        assert len(set(worlds)) == len(worlds), "a part is one world's"
    assert all(part.unlabelled and part.test for part in parts(made))
    assert all(part.labelled for part in parts(made) if part.name != "practice")
    assert {part.world for part in parts(made)} <= set(testbed.worlds)
    assert testbed.run_seconds > 0


def test_the_same_seed_gives_the_same_items_and_the_same_truth(testbed: Testbed, made: object) -> None:
    assert testbeds.generate(testbed, item_seed=SEED) == made


def test_every_item_that_is_judged_has_a_truth_and_an_id_of_its_own(made: MadeItems) -> None:
    _, truth = made
    ids = [example.id for part in parts(made) for example in examples(part)]
    assert len(set(ids)) == len(ids)
    for part in parts(made):
        if part.name != "practice":
            assert all(truth[example.id] in (0, 1) for example in examples(part))
            assert {truth[example.id] for example in part.test} == {0, 1}


def test_no_group_is_in_two_roles_of_one_world(made: MadeItems) -> None:
    places: dict[tuple[str, str], str] = {}
    for part in parts(made):
        for role in ROLES:
            for example in getattr(part, role):
                place = places.setdefault((part.world, example.group), f"{part.name} {role}")
                assert place == f"{part.name} {role}"


def test_each_item_becomes_a_text_that_ends_where_the_label_is_written(
    testbed: Testbed, made: MadeItems
) -> None:
    for part in parts(made):
        for example in part.test[:20]:
            assert example.kind == testbed.kind
            assert (example.answer is None) == (testbed.kind == "pair")
            for template in (testbed.template, testbed.zero_shot_template):
                assert template.format(**example.fields)
    assert len(set(testbed.labels)) == len(set(testbed.zero_shot_labels)) == 2


def test_it_is_listed_under_its_name_unless_it_is_a_folder(testbed_name: str, testbed: Testbed) -> None:
    if Path(testbed_name).is_dir():
        pytest.skip("a folder has no name here; aar testbed import gives it one")
    (line,) = [line for line in testbeds.listed() if line.name == testbed_name]
    assert line.here
    assert line.title == testbed.title
