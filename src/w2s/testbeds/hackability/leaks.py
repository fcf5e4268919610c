"""Copies across parts that should share nothing, texts that contradict themselves, and shares of the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from w2s.records import Estimate, Example, Split, SplitName
from w2s.testbeds.duplicates import near_duplicates, normalised
from w2s.testbeds.hackability.direct import answers, question
from w2s.testbeds.hackability.finding import Severity, holm, interval, p_value

ROLES = ("labelled", "unlabelled", "test")
_SHOWN = 3
_FORM = 10


@dataclass(frozen=True)
class ItemLeak:
    """`count` cases among `of` where there should be none; `pairs` of item ids as examples."""

    name: str
    count: int
    of: int
    examples: tuple[tuple[str, str], ...]
    severity: Severity
    sentence: str


@dataclass(frozen=True)
class Balance:
    """Share of class 1 in one part of one split, with an interval robust to groups."""

    part: str
    n: int
    groups: int
    class_1: Estimate
    severity: Severity


@dataclass(frozen=True)
class _Placed:
    example: Example
    place: str
    world: str


def balances(splits: Mapping[SplitName, Split], truth: Mapping[str, int]) -> tuple[Balance, ...]:
    """Share of class 1 in every part, and in each subset of a part that has several.

    Slight where it differs from one half when all parts are judged together (Holm), notable from a difference of
    .05, serious from .10: a constant answer already gets that much.
    """
    parts: dict[str, tuple[Example, ...]] = {}
    for split in splits.values():
        for role in ROLES:
            examples: tuple[Example, ...] = getattr(split, role)
            subsets = sorted({e.subset for e in examples})
            if examples:
                parts[f"{split.name} {role}"] = examples
            if len(subsets) > 1:
                for subset in subsets:
                    some = tuple(e for e in examples if e.subset == subset)
                    parts[f"{split.name} {role}, {subset}"] = some
    labels = {name: np.array([float(truth[e.id]) for e in some]) for name, some in parts.items()}
    groups = {name: [e.group for e in some] for name, some in parts.items()}
    uneven = holm([p_value(labels[name], groups[name]) for name in parts])
    faults = []
    for name, significant in zip(parts, uneven, strict=True):
        share = interval(labels[name], groups[name])
        off = abs(share.mean - 0.5) if significant else 0.0
        severity: Severity = (
            "serious" if off >= 0.1 else "notable" if off >= 0.05 else "slight" if off else "none"
        )
        faults.append(Balance(name, len(labels[name]), len(set(groups[name])), share, severity))
    return tuple(faults)


def leaks(splits: Mapping[SplitName, Split], truth: Mapping[str, int]) -> tuple[ItemLeak, ...]:
    """Groups, items and questions that occur in two parts, and identical items with different truth.

    A part is a role of a split. Items are compared as text with the two answers of a pair in sorted order, so
    that a pair shown the other way round is the same item. A question that more than ten groups share ("What does
    this program print?") is a form, not a question. Near duplicates: see `near_duplicates`; a recall
    of .99 at the threshold, and rewordings are not found.
    """
    placed = [
        _Placed(example, f"{split.name} {role}", split.world)
        for split in splits.values()
        for role in ROLES
        for example in getattr(split, role)
    ]
    texts = [_canonical(p.example) for p in placed]
    near = [
        (placed[i], placed[j]) for i, j, _ in near_duplicates(texts) if placed[i].place != placed[j].place
    ]
    return (
        _leak(
            "group in two parts of one world",
            "whose group is in another part of the same world",
            _shared(placed, lambda p: f"{p.world}\n{p.example.group}"),
            of=len(placed),
        ),
        _leak(
            "question in two parts of one world",
            "whose question is asked in another part of the same world",
            _shared(_told_apart(placed), lambda p: f"{p.world}\n{_asked(p.example)}"),
            of=len(placed),
        ),
        _leak(
            "near duplicate in one world",
            "with a near duplicate in another part of the same world",
            [(p, q) for p, q in near if p.world == q.world],
            of=len(placed),
        ),
        _leak(
            "near duplicate in two worlds",
            "with a near duplicate in another world",
            [(p, q) for p, q in near if p.world != q.world],
            of=len(placed),
        ),
        _leak(
            "contradiction in one world",
            "identical to another of the same world with the opposite truth",
            _contradictions(placed, texts, truth),
            of=len(placed),
        ),
    )


def _canonical(example: Example) -> str:
    return " ".join((question(example), *sorted(answers(example))))


def _asked(example: Example) -> str:
    return " ".join(normalised(question(example)))


def _told_apart(placed: list[_Placed]) -> list[_Placed]:
    """Those whose question is asked of at most ten groups."""
    groups: dict[str, set[str]] = {}
    asked = [_asked(p.example) for p in placed]
    for p, text in zip(placed, asked, strict=True):
        groups.setdefault(text, set()).add(f"{p.world}\n{p.example.group}")
    return [p for p, text in zip(placed, asked, strict=True) if len(groups[text]) <= _FORM]


def _shared(placed: list[_Placed], key: Callable[[_Placed], str]) -> list[tuple[_Placed, _Placed]]:
    """Items with the first item of the same key in each other part, as pairs."""
    firsts: dict[str, dict[str, _Placed]] = {}
    for p in placed:
        firsts.setdefault(key(p), {}).setdefault(p.place, p)
    return [(other, p) for p in placed for place, other in firsts[key(p)].items() if place != p.place]


def _contradictions(
    placed: list[_Placed], texts: list[str], truth: Mapping[str, int]
) -> list[tuple[_Placed, _Placed]]:
    """Pairs of items equal but for order, case and spacing whose truth differs."""
    labelled: dict[tuple[str, ...], list[tuple[_Placed, int]]] = {}
    for p, text in zip(placed, texts, strict=True):
        shown = answers(p.example)
        turned = len(shown) == 2 and sorted(shown) != list(shown)
        label = truth[p.example.id] ^ int(turned)
        labelled.setdefault((p.world, *normalised(text)), []).append((p, label))
    pairs = []
    for items in labelled.values():
        ones, zeros = ([p for p, label in items if label == wanted] for wanted in (1, 0))
        pairs += [(p, zeros[0]) for p in ones if zeros] + [(ones[0], p) for p in zeros[1:] if ones]
    return pairs


def _leak(name: str, what: str, pairs: list[tuple[_Placed, _Placed]], *, of: int) -> ItemLeak:
    count = len({p.example.id for pair in pairs for p in pair})
    share = count / of if of else 0.0
    places = Counter(" and ".join(sorted({p.place, q.place})) for p, q in pairs)
    most = ", ".join(f"{n} between {where}" for where, n in places.most_common(_SHOWN))
    return ItemLeak(
        name,
        count,
        of,
        tuple((p.example.id, q.example.id) for p, q in pairs[:_SHOWN]),
        "serious" if share > 0.05 else "notable" if share > 0.01 else "slight" if count else "none",
        f"{count or 'No'} items {what}" + (f"; pairs: {most}." if pairs else "."),
    )
