"""Groups of items that stay together: questions that are the same or nearly so.

A group is a cluster of questions linked by near duplicates (MinHash of word 5-grams, Jaccard .8 or more). It
lives in one file only: of a group in several, the copy in the test file stays, then the labelled one, and
the others are dropped. The same item twice is kept once; the same item with both labels is dropped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from w2s.testbeds.duplicates import near_duplicates, normalised
from w2s.testbeds.real.answers import answer_key, stated_answer
from w2s.testbeds.real.digests import digest
from w2s.testbeds.real.release import Item

THRESHOLD = 0.8
FILES = ("test.jsonl", "train_label.jsonl", "train_unlabel.jsonl")
"""Order of files: a group in several of them stays in the first of these."""


@dataclass(frozen=True)
class Dropped:
    """Items that were left out for one reason; `where` names some of them as "file:line"."""

    reason: str
    count: int
    where: tuple[str, ...]

    @classmethod
    def of(cls, reason: str, gone: Sequence[Item], *, most: int = 5) -> Dropped:
        """Record of the dropped items `gone`, with the places of the first few."""
        where = sorted((item.file, item.line) for item in gone)
        return cls(reason, len(gone), tuple(f"{file}:{line}" for file, line in where[:most]))

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.where) else ""
        return f"{self.count} left out, {self.reason}: {', '.join(self.where)}{more}"


@dataclass(frozen=True)
class Grouped:
    """Items by file with their group; what was left out; how many near-duplicate pairs of questions there were.

    `largest` is the biggest group's share of all items: a large one is text that all questions share.
    """

    items: Mapping[str, tuple[Item, ...]]
    dropped: tuple[Dropped, ...]
    near_pairs: int
    largest: float


Pairs = Callable[[Sequence[str]], list[tuple[int, int, float]]]


def grouped(items: Mapping[str, Sequence[Item]], *, pairs: Pairs | None = None) -> Grouped:
    """Group the items of the three files. The order of lines never matters; `pairs` replaces the search (tests)."""
    search = pairs or (lambda texts: near_duplicates(texts, threshold=THRESHOLD))
    questions = sorted({_plain(item.question) for part in items.values() for item in part})
    near = search(questions)
    group_of = dict(zip(questions, _clusters(questions, [(i, j) for i, j, _ in near]), strict=True))
    rank = {name: i for i, name in enumerate(FILES)}
    home: dict[str, str] = {}
    for name in sorted(items, key=lambda split: rank[split], reverse=True):
        for item in items[name]:
            home[group_of[_plain(item.question)]] = name
    out: dict[str, list[Item]] = defaultdict(list)
    copies: dict[tuple[object, ...], list[Item]] = defaultdict(list)
    for name, part in items.items():
        for item in part:
            group = group_of[_plain(item.question)]
            if home[group] != name:
                out[f"a question (nearly) like one in {home[group]}"].append(item)
            else:
                copies[identity(item)].append(replace(item, group=group))
    kept: dict[str, list[Item]] = {name: [] for name in items}
    for same in copies.values():
        first, *others = sorted(
            same, key=lambda split: (sorted(split.fields.items()), split.subset, split.difficulty)
        )
        if len({oriented(item) for item in same}) > 1:
            out["the same item with both labels"] += same
            continue
        kept[first.file].append(first)
        out["the same item again"] += others
    sizes = Counter(item.group for part in kept.values() for item in part)
    total = max(1, sum(sizes.values()))
    return Grouped(
        items={name: tuple(sorted(part, key=lambda split: split.as_line())) for name, part in kept.items()},
        dropped=tuple(Dropped.of(reason, gone) for reason, gone in sorted(out.items()) if gone),
        near_pairs=len(near),
        largest=max(sizes.values(), default=0) / total,
    )


def identity(item: Item) -> tuple[object, ...]:
    """Identity of an item: the question, and the answers to the letter, a pair in either order.

    To the letter, since a program that differs in its spaces is another program.
    """
    answers = sorted(text.strip() for name, text in item.fields.items() if name not in ("prompt", "question"))
    return (_plain(item.question), *answers)


def oriented(item: Item) -> int:
    """The label as if a pair stood in sorted order, so that a swapped copy agrees with its original."""
    if item.kind == "pair" and item.fields["first"].strip() > item.fields["second"].strip():
        return 1 - item.label
    return item.label


def proposed_answer(item: Item) -> str | None:
    """Key that is equal for equal proposed answers: the `answer` field, the value of the stated result, or the choice.

    >>> proposed_answer(Item("verification", {"question": "?", "choice": "So it is \\\\boxed{ 7 }."}, 1))
    '7'
    """
    if item.kind == "pair":
        return None
    if item.answer:
        return item.answer
    stated = stated_answer(item.fields["choice"])
    return answer_key(stated) if stated else item.fields["choice"].strip()


def _plain(text: str) -> str:
    return " ".join(normalised(text))


def _clusters(names: Sequence[str], links: Iterable[tuple[int, int]]) -> list[str]:
    """Name of the cluster of each question: the digest of its smallest member."""
    parent = list(range(len(names)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in links:
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    return [digest(names[root(i)]) for i in range(len(names))]
