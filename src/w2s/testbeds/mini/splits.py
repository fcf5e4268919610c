"""One secret item seed becomes the splits of a mini testbed; a domain only says what its items are.

The items of each (split, role) are drawn from a stream of chance of their own. Ids follow from the seed and
the place in the shuffled part: without the seed they tell nothing.

Not seen to here: that no question serves two roles. Each domain shares out what it asks about.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from w2s.records import Example, ItemKind, Split, SplitName
from w2s.testbeds.testbed import MadeItems

LABELLED, UNLABELLED, TEST = 800, 1080, 1000
PRACTICE_UNLABELLED, PRACTICE_TEST = 200, 100
SEALED_OOD = TEST // 2
"""Items of the sealed test that are of a kind training never shows; no other part has any."""
SPLIT_WORLDS: Mapping[SplitName, tuple[str, ...]] = {
    "practice": ("north",),
    "dev": ("north", "west", "coast"),
    "sealed": ("south", "valley", "forest", "island", "desert", "river", "meadow", "harbour"),
}
"""The worlds of each split, unless a testbed says otherwise."""
WORLDS = tuple(dict.fromkeys(world for worlds in SPLIT_WORLDS.values() for world in worlds))
"""Every world, those of dev first."""


@dataclass(frozen=True)
class ItemDraw:
    """The items of one role in one split, about one world: `n` of them, `ood` out of distribution."""

    seed: bytes
    split: SplitName
    world: str
    role: str
    n: int
    ood: int = 0


@dataclass(frozen=True)
class NewItem:
    """One item before it has an id: what its `Example` will hold, and `label`, its truth (0 or 1)."""

    fields: Mapping[str, str]
    group: str
    label: int
    answer: str | None = None
    subset: str = "id"


Key = TypeVar("Key")
Role = TypeVar("Role")
Rows = Callable[[ItemDraw, random.Random], Sequence[NewItem]]
"""The rows of a draw [n] in any order, with the generator as their only source of chance."""


def generate(
    item_seed: bytes,
    rows: Rows,
    *,
    kind: ItemKind,
    worlds: Mapping[SplitName, tuple[str, ...]] = SPLIT_WORLDS,
    practice_roles: tuple[str, str] = ("unlabelled", "test"),
) -> MadeItems:
    """Parts of all splits, one a world, and the truth by example id, from `item_seed` alone.

    The same seed gives the same items. `rows` is called once for each role of each part of a split; `worlds` are those
    of the splits. `practice_roles` name the two of practice, where a domain keeps one table of roles for all splits of
    a world; practice items follow from these words. Raises `ValueError` if `rows` returns other numbers, in all or out
    of distribution, than a draw asks for.

    >>> def rows(draw, rng):
    ...     subsets = ["ood"] * draw.ood + ["id"] * (draw.n - draw.ood)
    ...     return [NewItem({"question": "?", "choice": "!"}, group="?", label=1, subset=one) for one in subsets]
    >>> made, truth = generate(b"secret", rows, kind="verification")
    >>> {name: [len(part.labelled + part.unlabelled + part.test) for part in parts] for name, parts in made.items()}
    {'practice': [300], 'dev': [2880, 2880, 2880], 'sealed': [2880, 2880, 2880, 2880, 2880, 2880, 2880, 2880]}
    """
    truth: dict[str, int] = {}

    def examples(split: SplitName, world: str, role: str, n: int, *, ood: int = 0) -> tuple[Example, ...]:
        drawn = _examples(ItemDraw(item_seed, split, world, role, n=n, ood=ood), rows, kind)
        truth.update({example.id: label for example, label in drawn})
        return tuple(example for example, _ in drawn)

    def practice(world: str) -> Split:
        unlabelled, test = practice_roles
        return Split(
            "practice",
            world,
            (),
            examples("practice", world, unlabelled, PRACTICE_UNLABELLED),
            examples("practice", world, test, PRACTICE_TEST),
        )

    def scored(name: SplitName, world: str, *, ood: int = 0) -> Split:
        return Split(
            name,
            world,
            examples(name, world, "labelled", LABELLED),
            examples(name, world, "unlabelled", UNLABELLED),
            examples(name, world, "test", TEST, ood=ood),
        )

    return {
        "practice": tuple(practice(world) for world in worlds["practice"]),
        "dev": tuple(scored("dev", world) for world in worlds["dev"]),
        "sealed": tuple(scored("sealed", world, ood=SEALED_OOD) for world in worlds["sealed"]),
    }, truth


def deal(
    keys: Iterable[Key], weights: Mapping[Role, int], kind: Callable[[Key], tuple[bool, ...]]
) -> dict[Role, list[Key]]:
    """The keys of each role, in proportion to `weights` and with every kind of key in each; disjoint, and all of them.

    Keys are dealt kind by kind, in their order: the next one goes to the role that has least of what is its due. Where
    the weights sum to the number of keys, each role gets exactly its weight.

    >>> deal(range(6), {"labelled": 2, "test": 4}, lambda key: (key % 2 == 0,))
    {'labelled': [3, 2], 'test': [1, 5, 0, 4]}
    """
    shared: dict[Role, list[Key]] = {role: [] for role in weights}
    for key in sorted(keys, key=kind):
        role = min(weights, key=lambda role: (len(shared[role]) + 0.5) / weights[role])
        shared[role].append(key)
    return shared


def rng(item_seed: bytes, *words: str) -> random.Random:
    """The stream of chance that `item_seed` has for `words`, joined by blanks; other words give an unrelated one.

    >>> rng(b"secret", "roles", "north").random() == rng(b"secret", "roles", "south").random()
    False
    """
    return random.Random(hmac.digest(item_seed, " ".join(words).encode(), "sha256"))


def _examples(draw: ItemDraw, rows: Rows, kind: ItemKind) -> list[tuple[Example, int]]:
    """The examples of a draw [n] in shuffled order, each with its truth."""
    chance = rng(draw.seed, draw.split, draw.world, draw.role)
    items = list(rows(draw, chance))
    ood = sum(row.subset == "ood" for row in items)
    if (len(items), ood) != (draw.n, draw.ood):
        raise ValueError(
            f"{draw.split} {draw.world} {draw.role}: {len(items)} rows, {ood} of them out of distribution, instead of "
            f"{draw.n} and {draw.ood}; return as many as the draw asks for, or give the role more of {draw.world!r}"
        )
    chance.shuffle(items)
    return [
        (
            Example(
                id=_opaque(draw, place),
                kind=kind,
                fields=row.fields,
                group=row.group,
                answer=row.answer,
                subset=row.subset,
            ),
            row.label,
        )
        for place, row in enumerate(items)
    ]


def _opaque(draw: ItemDraw, place: int) -> str:
    words = f"{draw.split}/{draw.world}/{draw.role}/{place}".encode()
    return hashlib.blake2b(words, key=draw.seed[:64], digest_size=8).hexdigest()
