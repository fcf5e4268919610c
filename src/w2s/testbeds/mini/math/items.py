"""The scored items of mini-math, made in each lab from a secret seed: is a proposed answer right?

No fact serves two roles of one world: labelled, unlabelled, test and practice are disjoint in the questions they ask,
so that a method cannot carry an answer over. Two worlds may ask the same question; their beliefs about it differ.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from w2s.testbeds.mini import splits
from w2s.testbeds.mini.math import answers, world
from w2s.testbeds.mini.math.phrasing import (
    BARE,
    CONFIDENT,
    GRADED_TEMPLATE,
    HEDGED,
    NAMES,
    NUMBERS,
    OPERATIONS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.mini.math.world import Key, MathWorld
from w2s.testbeds.mini.splits import ItemDraw, NewItem
from w2s.testbeds.testbed import MadeItems

CUE = 0.69
"""Probability that the wording tells right from wrong."""
OTHER_STORY = 0.55
"""Probability that a wrong answer is the believed one, where something false is believed."""
WILD = 0.2
"""Share of the wrong answers that their size gives away."""
PROPOSALS = 6
SHARE_RIGHT, SHARE_SPREAD = 0.5, 0.15
LABELS = ("wrong", "right")
QUESTIONS = {"practice unlabelled": 34, "practice test": 17, "labelled": 134, "unlabelled": 180, "test": 168}
"""Facts that are kept for each role."""


def generate(item_seed: bytes) -> MadeItems:
    """All splits and the truth by example id (1: the proposed answer is right), from `item_seed` alone."""
    worlds = {name: world.build(name) for name in splits.WORLDS}
    roles = {name: _roles(math, item_seed) for name, math in worlds.items()}

    def rows(draw: ItemDraw, rng: random.Random) -> list[NewItem]:
        return _rows(draw, worlds[draw.world], roles[draw.world][draw.role], rng)

    return splits.generate(
        item_seed, rows, kind="verification", practice_roles=("practice unlabelled", "practice test")
    )


def _roles(math: MathWorld, seed: bytes) -> dict[str, list[Key]]:
    """The keys of each role, disjoint, with facts of every kind in each; a few keys are left over."""
    keys = math.keys
    splits.rng(seed, "roles", math.name).shuffle(keys)
    left_over = len(keys) - sum(QUESTIONS.values())
    roles = splits.deal(keys, {**QUESTIONS, "left over": left_over}, math.kind)
    for role in roles:  # dealt kind by kind, but asked in any order
        splits.rng(seed, "order", math.name, role).shuffle(roles[role])
    return roles


def _rows(draw: ItemDraw, math: MathWorld, keys: Sequence[Key], rng: random.Random) -> list[NewItem]:
    """Six items to a question; those out of distribution are in phrasings that training never shows.

    Where a record is confirmed each distinct answer counts once: two are proposed, equally often.
    """
    unused = iter(keys)
    items: list[NewItem] = []
    for subset, wanted in (("ood", draw.ood), ("id", draw.n - draw.ood)):
        start = len(items)
        while len(items) < start + wanted:
            key = next(unused)
            asked = answers.question(key, rng, ood=subset == "ood")
            group = f"{key[0]} {key[1]} {key[2]}"
            even = draw.split == "sealed" and draw.role != "labelled"
            proposals = _even_proposals if even else _proposals
            for value, choice in proposals(math, key, rng):
                fields = {"question": asked, "choice": choice}
                label = int(value == math.truth[key])
                items.append(NewItem(fields, group=group, label=label, answer=str(value), subset=subset))
        del items[start + wanted :]
    return items


def _proposals(math: MathWorld, key: Key, rng: random.Random) -> list[tuple[int, str]]:
    """Six proposed (result, text), no text twice; some questions are easier than others."""
    share = min(0.9, max(0.1, rng.gauss(SHARE_RIGHT, SHARE_SPREAD)))
    seen: set[str] = set()
    proposals: list[tuple[int, str]] = []
    while len(proposals) < PROPOSALS:
        value = math.truth[key] if rng.random() < share else _wrong(math, key, rng)
        right = value == math.truth[key]
        choice = _unused(value, right if rng.random() < CUE else not right, seen, rng)
        seen.add(choice)
        proposals.append((value, choice))
    return proposals


def _even_proposals(math: MathWorld, key: Key, rng: random.Random) -> list[tuple[int, str]]:
    """The right result and one wrong one in turn, three times each: there is no majority to vote on."""
    wrong = _wrong(math, key, rng)
    seen: set[str] = set()
    proposals: list[tuple[int, str]] = []
    for value in (math.truth[key], wrong) * (PROPOSALS // 2):
        right = value == math.truth[key]
        choice = _unused(value, right if rng.random() < CUE else not right, seen, rng)
        seen.add(choice)
        proposals.append((value, choice))
    return proposals


def _unused(value: int, confident: bool, seen: set[str], rng: random.Random) -> str:
    """Words that this question has not had yet; the other tone once all of one are used."""
    tones = (CONFIDENT, HEDGED) if confident else (HEDGED, CONFIDENT)
    for tone in tones:
        free = [text for words in tone if (text := words.format(w=value)) not in seen]
        if free:
            return rng.choice(free)
    raise AssertionError("a question has at most six proposals and eight wordings")


def _wrong(math: MathWorld, key: Key, rng: random.Random) -> int:
    if rng.random() < WILD:
        return answers.wild_value(math.truth[key], rng)
    return answers.wrong_value(key, math.truth[key], math.belief[key], rng, other_story=OTHER_STORY)


def sample_texts(world_name: str) -> list[str]:
    """Texts that together hold every word an item can contain, in whichever world."""
    texts = [*NAMES, *NUMBERS.values(), *LABELS, *map(str, range(world.LARGEST + 1))]
    texts += [t.format(question="", choice="") for t in (TEMPLATE, GRADED_TEMPLATE, ZERO_SHOT_TEMPLATE)]
    texts += [words.format(w="") for words in (*CONFIDENT, *HEDGED, BARE)]
    for operation in OPERATIONS:
        texts += [q.format(a="", b="", n="") for q in operation.questions + operation.ood_questions]
    return texts
