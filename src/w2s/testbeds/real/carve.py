"""Three files become three splits, and no group is in two of them.

    train_label.jsonl     -> labelled of dev, labelled of sealed
    train_unlabel.jsonl   -> practice (a little of it), unlabelled of dev, unlabelled of sealed
    test.jsonl            -> test of dev: in distribution only
                             test of sealed: the rest of it, and everything out of distribution

So sealed has a supervisor, an unlabelled pool and a distribution that nothing was tuned on; it costs the
students half of the training items, which is why published figures are not comparable to measured ones. Where the
answers to a question repeat, sealed keeps each right one once and as many wrong ones, so that there is nothing to vote
on where a record is confirmed.
Which group goes where follows from its text and the carve's seed alone, not from the order of lines.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from w2s.bounds import ITEMS_PER_CALL
from w2s.records import SplitName
from w2s.testbeds.real.digests import digest
from w2s.testbeds.real.groups import proposed_answer
from w2s.testbeds.real.problems import Problem, Problems
from w2s.testbeds.real.release import Item

Role = str
Place = tuple[SplitName, Role]
PLACES: tuple[Place, ...] = (
    ("practice", "unlabelled"),
    ("practice", "test"),
    ("dev", "labelled"),
    ("dev", "unlabelled"),
    ("dev", "test"),
    ("sealed", "labelled"),
    ("sealed", "unlabelled"),
    ("sealed", "test"),
)
LEAST_GROUPS = 4
"""Groups that a pool must have, practice excepted (one is enough there)."""


@dataclass(frozen=True)
class Shares:
    """Division of the files: fractions of items, the most practice items, and the seed of the draw."""

    sealed_train: float = 0.5
    sealed_test: float = 1 / 3
    practice: int = 300
    seed: int = 0


def marked(subset: str, marks: Sequence[str]) -> bool:
    """True if a subset's name contains one of `marks` as whole words; case and signs do not count.

    >>> marked("OOD/RM-Bench", ["ood"]), marked("food", ["ood"]), marked("RM-Bench", ["rm bench"])
    (True, False, True)
    """
    words = _words(subset)
    for mark in marks:
        wanted = _words(mark)
        if wanted and any(words[i : i + len(wanted)] == wanted for i in range(len(words))):
            return True
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def carve(
    items: Mapping[str, Sequence[Item]], *, ood: Sequence[str], shares: Shares
) -> dict[Place, tuple[Item, ...]]:
    """Items by split and role; `items` have groups, each group in one file. `ood` marks subsets.

    Raises `BadTestbed` if a pool would be too small, of one class, or larger than one request may name.
    """
    pools: dict[Place, list[Item]] = {place: [] for place in PLACES}
    problems: list[Problem] = []
    for name in ("train_label.jsonl", "train_unlabel.jsonl"):
        strange = [item for item in items[name] if marked(item.subset, ood)]
        if strange:
            what = f"{strange[0].subset!r} is marked as out of distribution, in a file to train on"
            problems.append(Problem(name, strange[0].line, "subset", what, "move such items to test.jsonl"))
    _divide(
        items["train_label.jsonl"], shares, "labelled",
        [(pools["dev", "labelled"], 1 - shares.sealed_train), (pools["sealed", "labelled"], shares.sealed_train)],
    )  # fmt: skip
    unlabelled = items["train_unlabel.jsonl"]
    practice = min(shares.practice, len(unlabelled) // 10) / max(1, len(unlabelled))
    _divide(
        unlabelled, shares, "unlabelled",
        [
            (pools["practice", "unlabelled"], practice * 2 / 3),
            (pools["practice", "test"], practice / 3),
            (pools["dev", "unlabelled"], (1 - practice) * (1 - shares.sealed_train)),
            (pools["sealed", "unlabelled"], (1 - practice) * shares.sealed_train),
        ],
    )  # fmt: skip
    test = items["test.jsonl"]
    far = {item.group for item in test if marked(item.subset, ood)}
    pools["sealed", "test"] += [item for item in test if item.group in far]
    _divide(
        [item for item in test if item.group not in far], shares, "test",
        [(pools["dev", "test"], 1 - shares.sealed_test), (pools["sealed", "test"], shares.sealed_test)],
    )  # fmt: skip
    for role in ("unlabelled", "test"):
        pools["sealed", role] = without_votes(pools["sealed", role], seed=shares.seed)
    problems += [problem for place in PLACES for problem in _unfit(place, pools[place])]
    if problems:
        raise Problems(problems)
    return {place: tuple(pool) for place, pool in pools.items()}


def _divide(
    items: Sequence[Item], shares: Shares, purpose: str, parts: Sequence[tuple[list[Item], float]]
) -> None:
    """Whole groups, in an order that the seed draws, each to the part that lacks most of its share."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)

    def drawn(group: str) -> bytes:
        return hashlib.blake2b(f"{shares.seed}\0{purpose}\0{group}".encode(), digest_size=16).digest()

    filled = [0] * len(parts)
    for group in sorted(groups, key=drawn):
        lack = [share * len(items) - have for (_, share), have in zip(parts, filled, strict=True)]
        # relative to its share, so that a small part is not left for last
        chosen = max(range(len(parts)), key=lambda k: (lack[k] / max(parts[k][1], 1e-9), -k))
        parts[chosen][0].extend(groups[group])
        filled[chosen] += len(groups[group])


def without_votes(items: Sequence[Item], *, seed: int) -> list[Item]:
    """Items without a majority: of a question that proposes an answer twice, distinct answers, as many right as wrong.

    Where all of a question's proposals are right, or all wrong, one of them is kept. Which ones follows from their
    texts and `seed`; questions whose answers are all distinct stay as they are.

    >>> def proposed(answer, label):
    ...     return Item("verification", {"question": "1 + 1?", "choice": answer}, label)
    >>> items = [proposed("2", 1), proposed("It is.\\nAnswer: 2", 1), proposed("3", 0), proposed("4", 0)]
    >>> sorted(item.label for item in without_votes(items, seed=0))
    [0, 1]
    """
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    return [item for group in groups.values() for item in _distinct(group, seed=seed)]


def _distinct(group: Sequence[Item], *, seed: int) -> Sequence[Item]:
    first: dict[str | None, Item] = {}
    for item in sorted(group, key=lambda item: digest(str(seed), *item.fields.values())):
        first.setdefault(proposed_answer(item), item)
    if len(first) == len(group) or None in first:
        return group
    right = [item for item in first.values() if item.label]
    wrong = [item for item in first.values() if not item.label]
    most = min(len(right), len(wrong))
    kept = [*right[:most], *wrong[:most]] if most else [*right, *wrong][:1]
    return [item for item in group if item in kept]


SOURCE = {"labelled": "train_label.jsonl", "unlabelled": "train_unlabel.jsonl", "test": "test.jsonl"}
"""File from which the pools of a role are carved (practice has both of its own from the unlabelled one)."""


def _unfit(place: Place, pool: Sequence[Item]) -> list[Problem]:
    split, role = place
    file = SOURCE["unlabelled" if split == "practice" else role]
    where = f"the {role} items of {split}"

    def problem(what: str, remedy: str) -> list[Problem]:
        return [Problem(file, 0, "label" if "class" in what else "", f"{where}: {what}", remedy)]

    groups = len({item.group for item in pool})
    least = 1 if split == "practice" else LEAST_GROUPS
    if groups < least:
        return problem(
            f"only {groups} questions are left for them, at least {least} are needed", "give more items"
        )
    if len(pool) > ITEMS_PER_CALL:
        return problem(f"{len(pool)} of them, at most {ITEMS_PER_CALL} fit one request", "leave some out")
    if split != "practice" and len({item.label for item in pool}) < 2:
        return problem("all of one class, nothing can be learned or scored", "give items with both labels")
    return []
