"""The scored items of mini-chat, made in each lab from a secret seed: which of two answers is better.

No (person, attribute) serves two roles: labelled, unlabelled, test and practice are disjoint in the facts
they ask about, so that a method cannot carry an answer over.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from w2s.records import Example, Split, SplitName
from w2s.testbeds.mini.chat import pairs, world
from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.chat.phrasing import (
    ATTRIBUTES,
    POLITE_CLOSINGS,
    POLITE_OPENINGS,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.mini.chat.world import ChatWorld, Key, Story

CUE = 0.71
WRONG = pairs.Wrong(off_topic=0.12, other_story=0.85)
"""How the worse answers of items go wrong: what keeps plain zero-shot from winning."""
LABELLED, UNLABELLED, TEST = 800, 1080, 1000
PRACTICE_UNLABELLED, PRACTICE_TEST = 200, 100
SPLIT_WORLD: Mapping[SplitName, str] = {"practice": "north", "dev": "north", "sealed": "south"}
FACTS_WEIGHT: Mapping[tuple[SplitName, str], int] = {
    ("practice", "unlabelled"): 7,
    ("practice", "test"): 5,
    ("dev", "labelled"): 22,
    ("dev", "unlabelled"): 32,
    ("dev", "test"): 34,
    ("sealed", "labelled"): 22,
    ("sealed", "unlabelled"): 32,
    ("sealed", "test"): 34,
}
"""How the facts of a world are shared out among those (split, role) that live in it."""


@dataclass(frozen=True)
class _Draw:
    """What makes the items of one role in one split."""

    split: SplitName
    role: str
    chat: ChatWorld
    keys: Sequence[Key]
    seed: bytes


def generate(item_seed: bytes) -> tuple[dict[SplitName, Split], dict[str, int]]:
    """All splits and the truth by example id (1: the first answer is better), from `item_seed` alone."""
    truth: dict[str, int] = {}
    worlds = {name: world.build(name) for name in sorted(set(SPLIT_WORLD.values()))}
    keys: dict[tuple[SplitName, str], list[Key]] = {}
    for name, chat in worlds.items():
        keys |= _shared_out(
            chat, [place for place in FACTS_WEIGHT if SPLIT_WORLD[place[0]] == name], item_seed
        )

    def draw(split: SplitName, role: str, n: int, *, ood: int = 0) -> tuple[Example, ...]:
        chat = worlds[SPLIT_WORLD[split]]
        made = _examples(_Draw(split, role, chat, keys[split, role], item_seed), n, ood)
        truth.update({example.id: label for example, label in made})
        return tuple(example for example, _ in made)

    splits: dict[SplitName, Split] = {
        "practice": Split(
            "practice",
            SPLIT_WORLD["practice"],
            (),
            draw("practice", "unlabelled", PRACTICE_UNLABELLED),
            draw("practice", "test", PRACTICE_TEST),
        )
    }
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


def _shared_out(
    chat: ChatWorld, places: Sequence[tuple[SplitName, str]], seed: bytes
) -> dict[tuple[SplitName, str], list[Key]]:
    """The keys of each (split, role) in `places`: a partition of the world's keys."""
    keys = chat.keys
    _rng(seed, "roles", chat.name).shuffle(keys)
    total = sum(FACTS_WEIGHT[place] for place in places)
    shared: dict[tuple[SplitName, str], list[Key]] = {}
    start, weight = 0, 0
    for place in places:
        weight += FACTS_WEIGHT[place]
        end = round(weight / total * len(keys))
        shared[place] = keys[start:end]
        start = end
    return shared


def _examples(draw: _Draw, n: int, ood: int) -> list[tuple[Example, int]]:
    """`n` distinct items, `ood` of them in phrasings that training never shows, in shuffled order."""
    rng = _rng(draw.seed, draw.split, draw.role)
    story = Story(said=draw.chat.truth, rejected=draw.chat.rumour)
    seen: set[tuple[str, str, str]] = set()
    made: list[tuple[dict[str, str], Key, str, int]] = []
    while len(made) < n:
        subset = "ood" if len(made) < ood else "id"
        key = rng.choice(draw.keys)
        two = pairs.pair(story, key, rng, cue=CUE, ood=subset == "ood", wrong=WRONG)
        label = int(rng.random() < 0.5)
        first, second = (two.better, two.worse) if label else (two.worse, two.better)
        low, high = sorted((first, second))
        if (two.prompt, low, high) in seen:
            continue
        seen.add((two.prompt, low, high))
        made.append(({"prompt": two.prompt, "first": first, "second": second}, key, subset, label))
    rng.shuffle(made)
    return [
        (
            Example(
                id=_opaque(draw.seed, draw.split, draw.role, i),
                kind="pair",
                fields=fields,
                group=f"{key[0]}/{key[1]}",
                subset=subset,
            ),
            label,
        )
        for i, (fields, key, subset, label) in enumerate(made)
    ]


def _opaque(seed: bytes, split: str, role: str, i: int) -> str:
    return hashlib.blake2b(f"{split}/{role}/{i}".encode(), key=seed[:64], digest_size=8).hexdigest()


def sample_texts() -> list[str]:
    """Texts that together hold every word an item can contain."""
    texts = [name for people in PEOPLE.values() for name in people]
    texts += [*POLITE_OPENINGS, *POLITE_CLOSINGS, "A B"]
    texts += [t.format(prompt="", first="", second="") for t in (TEMPLATE, ZERO_SHOT_TEMPLATE)]
    for attribute in ATTRIBUTES:
        forms = (
            attribute.questions + attribute.ood_questions + attribute.statements + attribute.ood_statements
        )
        texts += [form.format(n="", v="") for form in forms] + list(attribute.values)
    return texts
