"""Splits of an imported testbed: no question in two of them, and the order of lines never matters."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import release_folder
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s import testbeds
from w2s.errors import BadTestbed
from w2s.testbeds.real import store
from w2s.testbeds.real.carve import PLACES, Shares, carve, marked
from w2s.testbeds.real.definition_file import read_definition
from w2s.testbeds.real.folder import open_testbed, read_pools
from w2s.testbeds.real.groups import grouped, proposed_answer
from w2s.testbeds.real.release import Item

ROLES = ("labelled", "unlabelled", "test")


def imported(made: dict[str, list[dict[str, object]]], folder: Path, **wanted: object) -> store.Imported:
    source = release_folder.write(folder / "release", made)
    return store.import_release(source, store.ImportRequest(name="mine", **wanted), into=folder / "testbeds")  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["pair", "verification"])
def mine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    done = imported(release_folder.lines(request.param), folder)
    assert done.folder is not None
    return done.folder


@settings(max_examples=25)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=30, max_size=60),
    shares=st.builds(
        Shares,
        sealed_train=st.floats(0.2, 0.8),
        sealed_test=st.floats(0.2, 0.8),
        practice=st.integers(2, 60),
        seed=st.integers(0, 99),
    ),
    seed=st.integers(0, 2**16),
)
def test_no_group_is_in_two_pools_and_every_item_is_in_one(
    sizes: list[int], shares: Shares, seed: int
) -> None:
    rng = random.Random(seed)
    files: dict[str, list[Item]] = {}
    for name in release_folder.COUNTS:
        files[name] = [
            Item(
                "verification", {"question": f"{name} {g}", "choice": str(i)}, (g + i) % 2,
                subset="far ood" if name == "test.jsonl" and rng.random() < 0.2 else "", group=f"{name} {g}",
            )
            for g, size in enumerate(sizes)
            for i in range(size)
        ]  # fmt: skip
    try:
        pools = carve(files, ood=("ood",), shares=shares)
    except BadTestbed:
        return  # a pool of one class, or nearly empty: refused
    home: dict[str, set[object]] = defaultdict(set)
    for place, pool in pools.items():
        for item in pool:
            home[item.group].add(place)
    assert {len(places) for places in home.values()} == {1}
    assert Counter(item.as_line() for pool in pools.values() for item in pool) == Counter(
        item.as_line() for part in files.values() for item in part
    )
    assert not [item for item in pools["dev", "test"] if marked(item.subset, ["ood"])]
    shuffled = {name: rng.sample(part, k=len(part)) for name, part in files.items()}
    again = carve(shuffled, ood=("ood",), shares=shares)
    assert {place: sorted(map(Item.as_line, pool)) for place, pool in again.items()} == {
        place: sorted(map(Item.as_line, pool)) for place, pool in pools.items()
    }


@settings(max_examples=4)
@given(order=st.integers(0, 2**32), seed=st.binary(min_size=1, max_size=80))
def test_the_order_of_lines_changes_neither_ids_nor_splits(order: int, seed: bytes) -> None:
    made = release_folder.lines("verification")
    rng = random.Random(order)
    shuffled = {name: rng.sample(items, k=len(items)) for name, items in made.items()}
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        first, second = imported(made, Path(one)), imported(shuffled, Path(two))
        assert first.folder is not None
        assert second.folder is not None
        a = testbeds.generate(open_testbed(first.folder), item_seed=seed)
        assert a == testbeds.generate(open_testbed(second.folder), item_seed=seed)
        other, _ = testbeds.generate(open_testbed(first.folder), item_seed=seed + b"x")
        assert not {e.id for e in a[0]["dev"][0].test} & {e.id for e in other["dev"][0].test}


def test_no_question_or_group_serves_two_pools(mine: Path) -> None:
    splits, _ = testbeds.generate(testbeds.load(mine), item_seed=bytes(16))
    seen: dict[str, tuple[str, str]] = {}
    assert all(len(parts) == 1 for parts in splits.values())
    for (split,) in splits.values():
        for role in ROLES:
            for example in getattr(split, role):
                text = example.fields.get("prompt") or example.fields["question"]
                for key in (example.group, text):
                    assert seen.setdefault(key, (split.name, role)) == (split.name, role)


def test_sealed_has_a_pool_a_supervisor_and_a_distribution_of_its_own(mine: Path) -> None:
    splits, truth = testbeds.generate(testbeds.load(mine), item_seed=bytes(16))
    (dev,), (sealed,), (practice,) = splits["dev"], splits["sealed"], splits["practice"]
    assert {e.subset for e in dev.test} == {"id"}
    assert {e.subset for e in sealed.test} == {"id", "ood"}
    assert all(len(split.labelled) > 10 and len(split.unlabelled) > 20 for split in (dev, sealed))
    assert practice.labelled == ()
    assert practice.unlabelled
    assert practice.test
    ids = [e.id for (split,) in splits.values() for role in ROLES for e in getattr(split, role)]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(truth)


def test_truth_follows_the_release_and_order_and_ids_do_not_tell_it(mine: Path) -> None:
    testbed = testbeds.load(mine)
    splits, truth = testbeds.generate(testbed, item_seed=bytes(16))
    by_text = {}
    for name in release_folder.COUNTS:
        for line in (mine.parent.parent / "release" / name).read_text().splitlines():
            body = json.loads(line)
            label = body.pop("label")
            body.pop("subset", None)
            by_text[json.dumps(body, sort_keys=True)] = int(label in ("A", True))
    for (split,) in splits.values():
        for role in ROLES:
            examples = getattr(split, role)
            assert [e.id for e in examples] == sorted(e.id for e in examples)
            for e in examples:
                assert truth[e.id] == by_text[json.dumps(dict(e.fields), sort_keys=True)]
                assert "label" not in e.fields


def test_equal_proposed_answers_have_one_code_within_a_question_only() -> None:
    made = release_folder.lines("verification")
    for first in made["test.jsonl"][::2]:
        twin = {**first, "choice": "In other words, \\boxed{ 1 }", "label": False}
        made["test.jsonl"] += [twin, {**twin, "choice": "Shorter:\nAnswer: 1"}]
    with TemporaryDirectory() as folder:
        done = imported(made, Path(folder))
        assert done.folder is not None
        splits, _ = testbeds.generate(testbeds.load(done.folder), item_seed=bytes(16))
    codes = Counter(e.answer for e in splits["dev"][0].test)
    assert max(codes.values()) >= 2
    everywhere = [e for (s,) in splits.values() for e in (*s.test, *s.unlabelled)]
    groups = defaultdict(set)
    for e in everywhere:
        groups[e.answer].add(e.group)
    assert {len(found) for found in groups.values()} == {1}


def test_sealed_has_no_majority_to_vote_on_and_dev_keeps_its_own(tmp_path: Path) -> None:
    made = release_folder.lines("verification")
    for items in made.values():
        for i, item in enumerate(list(items)):
            if not i % 2:  # the first proposal to a question is made three times, in other words each time
                again = [{**item, "choice": f"Try {word}. {item['choice']}"} for word in ("one", "two")]
                items.extend(again)
    done = imported(made, tmp_path)
    assert done.folder is not None
    pools = read_pools(done.folder, read_definition(done.folder))
    left = {place: Counter((item.group, proposed_answer(item)) for item in pools[place]) for place in pools}
    for role in ("unlabelled", "test"):
        assert max(left["dev", role].values()) == 3
        assert max(left["sealed", role].values()) == 1
        for group in {item.group for item in pools["sealed", role]}:
            labels = sorted(item.label for item in pools["sealed", role] if item.group == group)
            assert labels in ([0, 1], [0], [1])
    (reason,) = [one for one in done.dropped if "no answer stands twice" in one.reason]
    assert reason.count == sum(map(len, made.values())) - sum(done.sizes.values())


def test_a_near_duplicate_stays_in_the_test_file_only_and_the_user_is_told(tmp_path: Path) -> None:
    made = release_folder.lines()
    question = str(made["test.jsonl"][3]["prompt"])
    near = question.replace("What does", "what  does").replace("?", " ?")
    longer = f"{question} Please explain."
    made["train_label.jsonl"][7]["prompt"] = near
    made["train_unlabel.jsonl"][9]["prompt"] = longer
    done = imported(made, tmp_path)
    assert done.near_pairs >= 1
    told = [str(dropped) for dropped in done.dropped]
    assert told == [
        "2 left out, a question (nearly) like one in test.jsonl: train_label.jsonl:8, train_unlabel.jsonl:10"
    ]
    assert done.folder is not None
    texts = (done.folder / "dev/labelled.jsonl").read_text() + (
        done.folder / "sealed/labelled.jsonl"
    ).read_text()
    assert near not in texts


def test_a_repeated_item_is_kept_once_and_a_contradiction_not_at_all(tmp_path: Path) -> None:
    made = release_folder.lines()
    first = made["train_label.jsonl"][0]
    swapped = {
        "prompt": first["prompt"], "first": first["second"], "second": first["first"],
        "label": "B" if first["label"] == "A" else "A",
    }  # fmt: skip
    liar = {
        **made["train_label.jsonl"][1],
        "label": "B" if made["train_label.jsonl"][1]["label"] == "A" else "A",
    }
    made["train_label.jsonl"] += [swapped, liar]
    done = imported(made, tmp_path)
    assert {dropped.reason: dropped.count for dropped in done.dropped} == {
        "the same item again": 1,
        "the same item with both labels": 2,
    }


def test_programs_that_differ_only_in_spaces_are_different_items() -> None:
    items = [
        Item("verification", {"question": "Print 1", "choice": choice}, label, file="test.jsonl", line=label)
        for label, choice in enumerate(("if x:\n  a()\nb()", "if x:\n  a()\n  b()"))
    ]
    found = grouped({"test.jsonl": items, "train_label.jsonl": [], "train_unlabel.jsonl": []})
    assert len(found.items["test.jsonl"]) == 2
    assert not found.dropped


def test_questions_with_one_long_text_in_common_are_warned_about(tmp_path: Path) -> None:
    made = release_folder.lines()
    for items in (made["test.jsonl"],):
        for i, item in enumerate(items[:12]):
            item["prompt"] = "Read this with care and then answer it in one word only please " * 2 + str(i)
            item["subset"] = "ood"
    assert any("one group holds" in warning for warning in imported(made, tmp_path).warnings)


def test_no_marked_subset_is_warned_about(tmp_path: Path) -> None:
    made = release_folder.lines()
    for item in made["test.jsonl"]:
        item["subset"] = "hard" if item["subset"] == "ood-hard" else "easy"
    (warning,) = imported(made, tmp_path / "a").warnings
    assert "easy, hard" in warning
    done = imported(made, tmp_path / "b", ood=("hard",))
    assert not done.warnings
    assert done.ood == 20


def test_files_of_a_testbed_are_checked_against_each_other(mine: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(mine, folder)
    assert store.check(folder) == []
    definition = read_definition(folder)
    assert set(read_pools(folder, definition)) == set(PLACES)
    stolen = (folder / "sealed/test.jsonl").read_text().splitlines()[0]
    with (folder / "dev/unlabelled.jsonl").open("a") as file:
        file.write(stolen + "\n")
    lines = len((folder / "dev/unlabelled.jsonl").read_text().splitlines())
    problems = store.check(folder)
    assert {(p.file, p.line, p.field) for p in problems} >= {("sealed/test.jsonl", 1, "group")}
    assert any(f"dev/unlabelled.jsonl, line {lines}" in str(p) for p in problems)
    with pytest.raises(BadTestbed, match="keep a group in one file"):
        testbeds.generate(testbeds.load(folder), item_seed=bytes(16))
