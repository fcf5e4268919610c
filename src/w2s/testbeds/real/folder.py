"""A testbed on disk: `testbed.toml`, and a file of items for each split and role, labels and all.

    practice/unlabelled.jsonl  practice/test.jsonl
    dev/labelled.jsonl         dev/unlabelled.jsonl       dev/test.jsonl
    sealed/labelled.jsonl      sealed/unlabelled.jsonl    sealed/test.jsonl

`aar testbed import` writes it from a release; a person may write it too. Items are as in `release`, with
`group` (one name for questions that belong together). A lab's ids, groups, answers and order follow from its
own secret seed, so that neither a file's order nor its words reach a method.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from w2s.errors import Unavailable
from w2s.records import Example, Split, SplitName
from w2s.testbeds.duplicates import near_duplicates
from w2s.testbeds.real.carve import PLACES, Place, marked
from w2s.testbeds.real.definition import FILE, Definition
from w2s.testbeds.real.definition_file import read_definition
from w2s.testbeds.real.definition_text import as_toml
from w2s.testbeds.real.groups import THRESHOLD, identity, oriented, proposed_answer
from w2s.testbeds.real.problems import Problem, Problems
from w2s.testbeds.real.release import Item, read_items
from w2s.testbeds.testbed import MadeItems, Testbed


def is_folder(folder: Path) -> bool:
    """True if a testbed lies in `folder`: its definition and at least one file of items."""
    return (folder / FILE).is_file() and any((folder / pool_file(place)).is_file() for place in PLACES)


def pool_file(place: Place) -> str:
    """Path of the items of a split's role, below the testbed's folder."""
    return f"{place[0]}/{place[1]}.jsonl"


def open_testbed(folder: Path) -> Testbed:
    """The testbed in `folder`; its items are read when they are made. `BadTestbed` for a bad definition."""
    folder = folder.absolute()
    definition = read_definition(folder)
    return definition.testbed(partial(_make, folder, definition), folder=folder)


def open_definition(folder: Path, *, models_here: bool = True) -> Testbed:
    """The testbed whose definition alone lies in `folder`, as a student service sees it: it has no items."""
    definition = read_definition(folder, models_here=models_here)

    def no_items(_: bytes) -> MadeItems:
        raise Unavailable(f"{folder} holds a definition without items; make them from the testbed's folder")

    return definition.testbed(no_items)


def write_testbed(folder: Path, definition: Definition, pools: Mapping[Place, Sequence[Item]]) -> None:
    """Write definition and items into the existing folder `folder`, readable by their owner alone."""
    (folder / FILE).write_text(as_toml(definition), encoding="utf-8")
    for place, items in pools.items():
        path = folder / pool_file(place)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lines = sorted(items, key=lambda item: hashlib.sha256(item.as_line().encode()).digest())
        path.write_text("".join(f"{item.as_line()}\n" for item in lines), encoding="utf-8")
        path.chmod(0o600)


def read_pools(folder: Path, definition: Definition) -> dict[Place, tuple[Item, ...]]:
    """The items of every split and role; `BadTestbed` with everything that is wrong in or between the files."""
    pools: dict[Place, tuple[Item, ...]] = {}
    problems: list[Problem] = []
    for place in PLACES:
        read = read_items(folder / pool_file(place), name=pool_file(place), placed=True)
        pools[place] = read.items
        problems += read.problems
        other = next((item for item in read.items if item.kind != definition.kind), None)
        if other is not None:
            what = f"the item is a {other.kind}, {FILE} says {definition.kind}"
            remedy = "keep one form in a testbed"
            problems.append(Problem(other.file, other.line, next(iter(other.fields)), what, remedy))
    problems += _shared(pools)
    if not problems:
        problems += _unfit(pools)
    if problems:
        raise Problems(problems)
    return pools


def near_duplicates_between(pools: Mapping[Place, Sequence[Item]]) -> list[Problem]:
    """Questions that are nearly the same and lie in different pools (or groups), each as a problem."""
    where: dict[str, Item] = {}
    for place in PLACES:
        for item in pools[place]:
            where.setdefault(item.question, item)
    questions = sorted(where)
    problems = []
    for i, j, similarity in near_duplicates(questions, threshold=THRESHOLD):
        first, second = where[questions[i]], where[questions[j]]
        if first.group != second.group:
            what = f"nearly the question of {first.file}, line {first.line} (similarity {similarity:.2f})"
            problems.append(
                Problem(second.file, second.line, "group", what, "give both one group, in one file")
            )
    return problems


def _shared(pools: Mapping[Place, Sequence[Item]]) -> list[Problem]:
    """A group in two files, or an item twice: what was learned of one would be known of the other."""
    problems: list[Problem] = []
    home: dict[str, Item] = {}
    seen: dict[tuple[object, ...], Item] = {}
    asked: dict[object, Item] = {}
    for place in PLACES:
        for item in pools[place]:
            first = home.setdefault(item.group, item)
            if first.file != item.file:
                what = f"{item.group!r} is also in {first.file}, line {first.line}"
                problems.append(Problem(item.file, item.line, "group", what, "keep a group in one file"))
            key = identity(item)
            twin = seen.setdefault(key, item)
            if twin is not item:
                label = "" if oriented(twin) == oriented(item) else " with the other label"
                what = f"is the item of {twin.file}, line {twin.line}{label}"
                problems.append(Problem(item.file, item.line, "", what, "keep one of them"))
            same = asked.setdefault(key[0], item)
            if same.group != item.group:
                what = f"the question of {same.file}, line {same.line} has another group"
                problems.append(Problem(item.file, item.line, "group", what, "give both one group"))
    return problems


def _unfit(pools: Mapping[Place, Sequence[Item]]) -> list[Problem]:
    """Pools in which nothing can be learned or scored."""
    problems = []
    for place in PLACES:
        if place[0] != "practice" and len({item.label for item in pools[place]}) < 2:
            what = "all of one class, nothing can be learned or scored"
            problems.append(Problem(pool_file(place), 0, "label", what, "give items with both labels"))
    return problems


def _make(folder: Path, definition: Definition, item_seed: bytes) -> MadeItems:
    pools = read_pools(folder, definition)
    examples: dict[Place, tuple[Example, ...]] = {}
    truth: dict[str, int] = {}
    for place, items in pools.items():
        labelled = [(_example(item, place, definition, item_seed), item.label) for item in items]
        labelled.sort(key=lambda pair: pair[0].id)
        examples[place] = tuple(example for example, _ in labelled)
        truth |= {example.id: label for example, label in labelled}
    names: tuple[SplitName, ...] = ("practice", "dev", "sealed")
    splits = {
        name: Split(
            name,
            definition.world_of(name),
            labelled=examples.get((name, "labelled"), ()),
            unlabelled=examples[name, "unlabelled"],
            test=examples[name, "test"],
        )
        for name in names
    }
    return {name: (split,) for name, split in splits.items()}, truth


def _example(item: Item, place: Place, definition: Definition, seed: bytes) -> Example:
    answer = proposed_answer(item)
    return Example(
        id=_opaque(seed, "item", *place, json.dumps(dict(item.fields), sort_keys=True)),
        kind=item.kind,
        fields=dict(item.fields),
        group=_opaque(seed, "group", item.group),
        answer=None if answer is None else _opaque(seed, "answer", item.group, answer),
        subset="ood" if marked(item.subset, definition.ood) else "id",
    )


def _opaque(seed: bytes, *words: str) -> str:
    return hashlib.blake2b("\0".join(words).encode(), key=seed[:64], digest_size=8).hexdigest()
