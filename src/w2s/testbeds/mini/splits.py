"""One secret item seed becomes the splits of a mini testbed; a domain only says what its items are.

The items of each (split, role) are drawn from a stream of chance of their own. Ids follow from the seed and
the place in the shuffled part: without the seed they tell nothing.

Not seen to here: that no question serves two roles. Each domain shares out what it asks about.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from w2s.records import Example, ItemKind, Split, SplitName
from w2s.testbeds.testbed import MadeItems

LABELLED, UNLABELLED, TEST = 800, 1080, 1000
PRACTICE_UNLABELLED, PRACTICE_TEST = 200, 100
SEALED_OOD = TEST // 2
"""Items of the sealed test that are of a kind training never shows; no other part has any."""
SPLIT_WORLD: Mapping[SplitName, str] = {"practice": "north", "dev": "north", "sealed": "south"}
"""The world of each split, unless a testbed says otherwise."""


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


Rows = Callable[[ItemDraw, random.Random], Sequence[NewItem]]
"""The rows of a draw [n] in any order, with the generator as their only source of chance."""


def generate(
    item_seed: bytes,
    rows: Rows,
    *,
    kind: ItemKind,
    worlds: Mapping[SplitName, str] = SPLIT_WORLD,
    practice_roles: tuple[str, str] = ("unlabelled", "test"),
) -> MadeItems:
    """All splits and the truth by example id, from `item_seed` alone: the same seed, the same items.

    `rows` is called once for each role of each split; `worlds` are those of the splits. `practice_roles` name the
    two of practice, where a domain keeps one table of roles for all splits of a world; practice items follow from
    these words. Raises `ValueError` if `rows` returns other numbers, in all or out of distribution, than a draw
    asks for.

    >>> def rows(draw, rng):
    ...     subsets = ["ood"] * draw.ood + ["id"] * (draw.n - draw.ood)
    ...     return [NewItem({"question": "?", "choice": "!"}, group="?", label=1, subset=one) for one in subsets]
    >>> made, truth = generate(b"secret", rows, kind="verification")
    >>> {name: (len(one.labelled), len(one.unlabelled), len(one.test)) for name, one in made.items()}
    {'practice': (0, 200, 100), 'dev': (800, 1080, 1000), 'sealed': (800, 1080, 1000)}
    """
    truth: dict[str, int] = {}

    def examples(split: SplitName, role: str, n: int, *, ood: int = 0) -> tuple[Example, ...]:
        drawn = _examples(ItemDraw(item_seed, split, worlds[split], role, n=n, ood=ood), rows, kind)
        truth.update({example.id: label for example, label in drawn})
        return tuple(example for example, _ in drawn)

    unlabelled, test = practice_roles
    splits: dict[SplitName, Split] = {
        "practice": Split(
            "practice",
            worlds["practice"],
            (),
            examples("practice", unlabelled, PRACTICE_UNLABELLED),
            examples("practice", test, PRACTICE_TEST),
        )
    }
    scored: tuple[tuple[SplitName, int], ...] = (("dev", 0), ("sealed", SEALED_OOD))
    for name, ood in scored:
        splits[name] = Split(
            name,
            worlds[name],
            examples(name, "labelled", LABELLED),
            examples(name, "unlabelled", UNLABELLED),
            examples(name, "test", TEST, ood=ood),
        )
    return splits, truth


def rng(item_seed: bytes, *words: str) -> random.Random:
    """The stream of chance that `item_seed` has for `words`, joined by blanks; other words give an unrelated one.

    >>> rng(b"secret", "roles", "north").random() == rng(b"secret", "roles", "south").random()
    False
    """
    return random.Random(hmac.digest(item_seed, " ".join(words).encode(), "sha256"))


def _examples(draw: ItemDraw, rows: Rows, kind: ItemKind) -> list[tuple[Example, int]]:
    """The examples of a draw [n] in shuffled order, each with its truth."""
    chance = rng(draw.seed, draw.split, draw.role)
    items = list(rows(draw, chance))
    ood = sum(row.subset == "ood" for row in items)
    if (len(items), ood) != (draw.n, draw.ood):
        raise ValueError(
            f"{draw.split} {draw.role}: {len(items)} rows, {ood} of them out of distribution, instead of {draw.n} "
            f"and {draw.ood}; return as many as the draw asks for, or give the role more of {draw.world!r}"
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
    words = f"{draw.split}/{draw.role}/{place}".encode()
    return hashlib.blake2b(words, key=draw.seed[:64], digest_size=8).hexdigest()
