"""Shortcuts that need no label at all: majorities, lengths, places, and what a testbed declares itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.duplicates import normalised
from w2s.testbeds.hackability.finding import Seen

Rule = Callable[[Seen], FloatArray]
"""P(class 1) of each test example, [n]."""


def answers(example: Example) -> tuple[str, ...]:
    """The two answers of a pair, or the one proposed answer."""
    names = ("first", "second") if example.kind == "pair" else ("choice",)
    return tuple(example.fields[name] for name in names)


def question(example: Example) -> str:
    """Question of an item."""
    return example.fields["prompt" if example.kind == "pair" else "question"]


def constant(seen: Seen) -> FloatArray:
    """Class 1 for every item: the first answer is better, or every proposed answer is right."""
    return np.ones(len(seen.test))


def majority(seen: Seen) -> FloatArray:
    """The most frequent proposed answer of a question is right, all others wrong.

    One half where several answers are equally frequent at the top, for those; for a question with a single
    item; and wherever all answers differ.
    """
    counts = _by_group(seen.test, lambda e: _answer(e))
    out = np.empty(len(seen.test))
    for i, example in enumerate(seen.test):
        votes = counts[example.group]
        top = max(votes.values())
        leading = votes[_answer(example)] == top
        tied = sum(v == top for v in votes.values()) > 1 or votes.total() == 1
        out[i] = 0.0 if not leading else 0.5 if tied else 1.0
    return out


def recurring(seen: Seen) -> FloatArray:
    """Of a pair, the answer whose own words occur in more of the other answers to the same prompt is better."""
    words_in: dict[str, Counter[str]] = {}
    for example in seen.test:
        for answer in answers(example):
            words_in.setdefault(example.group, Counter()).update(set(normalised(answer)))

    def support(group: str, own: set[str]) -> float:
        return float(np.mean([words_in[group][word] for word in own])) if own else 0.0

    out = np.empty(len(seen.test))
    for i, example in enumerate(seen.test):
        first, second = (set(normalised(answer)) for answer in answers(example))
        out[i] = _more(support(example.group, first - second), support(example.group, second - first))
    return out


def frequent(seen: Seen) -> FloatArray:
    """A proposed answer that is given to other questions as well, more of them than usual, is right."""
    others = Counter(answer for _, answer in {(e.group, _answer(e)) for e in seen.test})
    times = [others[_answer(e)] for e in seen.test]
    usual = float(np.mean(times))
    return np.array([_more(t, usual) for t in times])


def longest(seen: Seen) -> FloatArray:
    """The longer answer is better; a proposed answer longer than the middle one of its question is right."""
    if seen.kind == "pair":
        return np.array([_more(*(len(normalised(a)) for a in answers(e))) for e in seen.test])
    lengths: dict[str, list[int]] = {}
    for example in seen.test:
        lengths.setdefault(example.group, []).append(len(example.fields["choice"]))
    return np.array([_more(len(e.fields["choice"]), float(np.median(lengths[e.group]))) for e in seen.test])


def early(seen: Seen) -> FloatArray:
    """The first half of the file is class 1."""
    n = len(seen.test)
    return np.array([_more(n / 2, i + 0.5) for i in range(n)])


def even(seen: Seen) -> FloatArray:
    """Every other item of the file is class 1."""
    return np.array([float(i % 2) for i in range(len(seen.test))])


def low_id(seen: Seen) -> FloatArray:
    """The ids that sort first are class 1."""
    rank = {id_: i for i, id_ in enumerate(sorted(e.id for e in seen.test))}
    return np.array([_more(len(rank) / 2, rank[e.id] + 0.5) for e in seen.test])


def first_of_group(seen: Seen) -> FloatArray:
    """The first item of a question in the file is class 1, the others are not; one half for single items."""
    sizes = Counter(e.group for e in seen.test)
    met: set[str] = set()
    out = np.empty(len(seen.test))
    for i, example in enumerate(seen.test):
        out[i] = 0.5 if sizes[example.group] == 1 else float(example.group not in met)
        met.add(example.group)
    return out


def _answer(example: Example) -> str:
    return example.answer if example.answer is not None else " ".join(normalised(answers(example)[0]))


def _by_group(examples: Sequence[Example], of: Callable[[Example], str]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        counts.setdefault(example.group, Counter())[of(example)] += 1
    return counts


def _more(a: float, b: float) -> float:
    return 1.0 if a > b else 0.0 if a < b else 0.5


_RULES: tuple[Rule, ...] = (longest, early, even, low_id, first_of_group)
PAIR_RULES = (recurring, *_RULES)
VERIFICATION_RULES = (majority, frequent, *_RULES)
"""The rules that say something of each kind of item."""
