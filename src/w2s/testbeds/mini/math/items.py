"""The scored items of mini-math, made in each lab from a secret seed: is a proposed answer right?

No fact serves two roles: labelled, unlabelled, test and practice are disjoint in the questions they ask,
so that a method cannot carry an answer over.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Sequence
from dataclasses import dataclass

from w2s.records import Example, Split, SplitName
from w2s.testbeds.mini.math import answers, world
from w2s.testbeds.mini.math.phrasing import (
    BARE,
    CONFIDENT,
    HEDGED,
    NAMES,
    NUMBERS,
    OPERATIONS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.mini.math.world import Key, MathWorld

CUE = 0.67
"""How often the wording tells right from wrong."""
OTHER_STORY = 0.55
"""How often a wrong answer is the believed one, where something false is believed."""
WILD = 0.2
"""Share of the wrong answers that their size gives away."""
PROPOSALS = 6
SHARE_RIGHT, SHARE_SPREAD = 0.5, 0.15
LABELLED, UNLABELLED, TEST = 800, 1080, 1000
PRACTICE_UNLABELLED, PRACTICE_TEST = 200, 100
SPLIT_WORLD: dict[SplitName, str] = {"practice": "north", "dev": "north", "sealed": "south"}
LABELS = ("No", "Yes")
QUESTIONS = {"practice unlabelled": 34, "practice test": 17, "labelled": 134, "unlabelled": 180, "test": 168}
"""Facts that are kept for each role."""


@dataclass(frozen=True)
class _Draw:
    """What makes the items of one role in one split."""

    split: SplitName
    role: str
    math: MathWorld
    keys: Sequence[Key]
    seed: bytes


def generate(item_seed: bytes) -> tuple[dict[SplitName, Split], dict[str, int]]:
    """All splits and the truth by example id (1: the proposed answer is right), from `item_seed` alone."""
    splits: dict[SplitName, Split] = {}
    truth: dict[str, int] = {}
    worlds = {name: world.build(name) for name in sorted(set(SPLIT_WORLD.values()))}
    roles = {name: _roles(made, item_seed) for name, made in worlds.items()}

    def draw(split: SplitName, role: str, n: int, *, ood: int = 0) -> tuple[Example, ...]:
        where = SPLIT_WORLD[split]
        made = _examples(_Draw(split, role, worlds[where], roles[where][role], item_seed), n, ood)
        truth.update({example.id: label for example, label in made})
        return tuple(example for example, _ in made)

    practice = draw("practice", "practice unlabelled", PRACTICE_UNLABELLED)
    practice_test = draw("practice", "practice test", PRACTICE_TEST)
    splits["practice"] = Split("practice", SPLIT_WORLD["practice"], (), practice, practice_test)
    scored: tuple[tuple[SplitName, int], ...] = (("dev", 0), ("sealed", TEST // 2))
    for name, ood in scored:
        splits[name] = Split(
            name,
            SPLIT_WORLD[name],
            draw(name, "labelled", LABELLED),
            draw(name, "unlabelled", UNLABELLED),
            draw(name, "test", TEST, ood=ood),
        )
    return splits, truth


def _rng(seed: bytes, *words: str) -> random.Random:
    return random.Random(hmac.digest(seed, " ".join(words).encode(), "sha256"))


def _roles(math: MathWorld, seed: bytes) -> dict[str, list[Key]]:
    """The keys of each role, disjoint; a few keys are left over."""
    keys = math.keys
    _rng(seed, "roles", math.name).shuffle(keys)
    roles: dict[str, list[Key]] = {}
    start = 0
    for role, n in QUESTIONS.items():
        roles[role] = keys[start : start + n]
        start += n
    return roles


def _examples(draw: _Draw, n: int, ood: int) -> list[tuple[Example, int]]:
    """`n` items, six to a question, `ood` of them in phrasings that training never shows, shuffled."""
    rng = _rng(draw.seed, draw.split, draw.role)
    keys = iter(draw.keys)
    made: list[tuple[dict[str, str], Key, int, str, int]] = []
    for subset, wanted in (("ood", ood), ("id", n - ood)):
        start = len(made)
        while len(made) < start + wanted:
            key = next(keys)
            asked = answers.question(key, rng, ood=subset == "ood")
            for value, choice in _proposals(draw.math, key, rng):
                label = int(value == draw.math.truth[key])
                made.append(({"question": asked, "choice": choice}, key, value, subset, label))
        del made[start + wanted :]
    rng.shuffle(made)
    return [
        (
            Example(
                id=_opaque(draw.seed, draw.split, draw.role, i),
                kind="verification",
                fields=fields,
                group=f"{key[0]} {key[1]} {key[2]}",
                answer=str(value),
                subset=subset,
            ),
            label,
        )
        for i, (fields, key, value, subset, label) in enumerate(made)
    ]


def _proposals(math: MathWorld, key: Key, rng: random.Random) -> list[tuple[int, str]]:
    """Six proposed (result, text), no text twice; some questions are easier than others."""
    share = min(0.9, max(0.1, rng.gauss(SHARE_RIGHT, SHARE_SPREAD)))
    seen: set[str] = set()
    made: list[tuple[int, str]] = []
    while len(made) < PROPOSALS:
        value = math.truth[key] if rng.random() < share else _wrong(math, key, rng)
        right = value == math.truth[key]
        choice = _unused(value, right if rng.random() < CUE else not right, seen, rng)
        seen.add(choice)
        made.append((value, choice))
    return made


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
    return answers.wrong_value(key, math.truth, math.belief, rng, other_story=OTHER_STORY)


def _opaque(seed: bytes, split: str, role: str, i: int) -> str:
    return hashlib.blake2b(f"{split}/{role}/{i}".encode(), key=seed[:64], digest_size=8).hexdigest()


def sample_texts() -> list[str]:
    """Texts that together hold every word an item can contain."""
    texts = [*NAMES, *NUMBERS.values(), *LABELS, *map(str, range(world.LARGEST + 1))]
    texts += [t.format(question="", choice="") for t in (TEMPLATE, ZERO_SHOT_TEMPLATE)]
    texts += [words.format(w="") for words in (*CONFIDENT, *HEDGED, BARE)]
    for operation in OPERATIONS:
        texts += [q.format(a="", b="", n="") for q in operation.questions + operation.ood_questions]
    return texts
