"""Copies across parts that should share nothing, texts that contradict themselves, and shares of the classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s.records import Estimate, Example, Split
from w2s.testbeds.duplicates import near_duplicates, normalised
from w2s.testbeds.hackability.direct import answers, question
from w2s.testbeds.hackability.finding import SEVERITIES, Severity, holm, interval, p_value, part_name

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
    """Share of class 1 in one role of one world's part of a split, with an interval robust to groups.

    `role` names its subset too where it has several ("test, ood").
    """

    split: str
    world: str
    role: str
    n: int
    groups: int
    class_1: Estimate
    severity: Severity


@dataclass(frozen=True)
class _Placed:
    example: Example
    place: str
    world: str


def balances(parts: Sequence[Split], truth: Mapping[str, int]) -> tuple[Balance, ...]:
    """Share of class 1 in every role of every part, and in each subset of a role that has several.

    Slight where it differs from one half when all roles of the part are judged together (Holm), notable from a
    difference of .05, serious from .10: a constant answer already gets that much.
    """
    return tuple(balance for part in parts for balance in _balances(part, truth))


def _balances(part: Split, truth: Mapping[str, int]) -> list[Balance]:
    roles: dict[str, tuple[Example, ...]] = {}
    for role in ROLES:
        examples: tuple[Example, ...] = getattr(part, role)
        subsets = sorted({e.subset for e in examples})
        if examples:
            roles[role] = examples
        if len(subsets) > 1:
            for subset in subsets:
                roles[f"{role}, {subset}"] = tuple(e for e in examples if e.subset == subset)
    labels = {name: np.array([float(truth[e.id]) for e in some]) for name, some in roles.items()}
    groups = {name: [e.group for e in some] for name, some in roles.items()}
    uneven = holm([p_value(labels[name], groups[name]) for name in roles])
    faults = []
    for name, significant in zip(roles, uneven, strict=True):
        share = interval(labels[name], groups[name])
        off = abs(share.mean - 0.5) if significant else 0.0
        severity: Severity = (
            "serious" if off >= 0.1 else "notable" if off >= 0.05 else "slight" if off else "none"
        )
        n, distinct = len(labels[name]), len(set(groups[name]))
        faults.append(Balance(part.name, part.world, name, n, distinct, share, severity))
    return faults


def leaks(parts: Sequence[Split], truth: Mapping[str, int]) -> tuple[ItemLeak, ...]:
    """Groups, items and questions that occur in two roles of a world, and identical items with different truth.

    What two roles of one world share is severe: a label of one is known of the other. What two worlds share is as
    severe where each split has one world. Where a split has several they are draws of one generator, with other
    models and other beliefs, and the same question may come up in several: then it is a note (`slight`).

    Items are compared as text with the two answers of a pair in sorted order, so that a pair shown the other way round
    is the same item. A question that more than ten groups of a world share ("What does this program print?") is a
    form, not a question. Near duplicates: see `near_duplicates`; a recall of .99 at the threshold, and rewordings are
    not found.
    """
    placed = [
        _Placed(example, f"{part_name(part.name, part.world)} {role}", part.world)
        for part in parts
        for role in ROLES
        for example in getattr(part, role)
    ]
    many_worlds = max(Counter(part.name for part in parts).values(), default=0) > 1
    texts = [_canonical(p.example) for p in placed]
    near = [
        (placed[i], placed[j]) for i, j, _ in near_duplicates(texts) if placed[i].place != placed[j].place
    ]
    return (
        _leak(
            "group in two roles of one world",
            "whose group is in another role or split of the same world",
            _shared(placed, lambda p: f"{p.world}\n{p.example.group}"),
            of=len(placed),
        ),
        _leak(
            "question in two roles of one world",
            "whose question is asked in another role or split of the same world",
            _shared(_told_apart(placed), lambda p: f"{p.world}\n{_asked(p.example)}"),
            of=len(placed),
        ),
        _leak(
            "near duplicate in one world",
            "with a near duplicate in another role or split of the same world",
            [(p, q) for p, q in near if p.world == q.world],
            of=len(placed),
        ),
        _leak(
            "near duplicate in two worlds",
            "with a near duplicate in another world",
            [(p, q) for p, q in near if p.world != q.world],
            of=len(placed),
            at_most="slight" if many_worlds else "serious",
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
    """Those whose question is asked of at most ten groups of their world."""
    groups: dict[tuple[str, str], set[str]] = {}
    asked = [(p.world, _asked(p.example)) for p in placed]
    for p, question_of_world in zip(placed, asked, strict=True):
        groups.setdefault(question_of_world, set()).add(p.example.group)
    return [p for p, key in zip(placed, asked, strict=True) if len(groups[key]) <= _FORM]


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


def _leak(
    name: str, what: str, pairs: list[tuple[_Placed, _Placed]], *, of: int, at_most: Severity = "serious"
) -> ItemLeak:
    count = len({p.example.id for pair in pairs for p in pair})
    share = count / of if of else 0.0
    places = Counter(" and ".join(sorted({p.place, q.place})) for p, q in pairs)
    severity: Severity = (
        "serious" if share > 0.05 else "notable" if share > 0.01 else "slight" if count else "none"
    )
    most = ", ".join(f"{n} between {where}" for where, n in places.most_common(_SHOWN))
    return ItemLeak(
        name,
        count,
        of,
        tuple((p.example.id, q.example.id) for p, q in pairs[:_SHOWN]),
        min(severity, at_most, key=SEVERITIES.index),
        f"{count or 'No'} items {what}" + (f"; pairs: {most}." if pairs else "."),
    )
