"""The scored items of mini-chat, made in each lab from a secret seed: which of two answers is better.

No (person, attribute) serves two roles: labelled, unlabelled, test and practice are disjoint in the facts
they ask about, so that a method cannot carry an answer over.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate

from w2s.records import SplitName
from w2s.testbeds.mini import splits
from w2s.testbeds.mini.chat import pairs, world
from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.chat.phrasing import (
    ATTRIBUTES,
    TEMPLATE,
    ZERO_SHOT_TEMPLATE,
)
from w2s.testbeds.mini.chat.style import CLOSINGS, OPENINGS, telling_style
from w2s.testbeds.mini.chat.world import ChatWorld, Key
from w2s.testbeds.mini.splits import SPLIT_WORLDS, ItemDraw, NewItem
from w2s.testbeds.testbed import MadeItems

WRONG = pairs.Wrong(off_topic=0.24, other_story=0.55)
"""Errors of the items' worse answers: these keep plain zero-shot from winning."""
UNKNOWABLE = 1.6
"""How often items are about a fact that no text gives away, as a multiple of the others: nobody can know everything."""
LABELS = ("second", "first")
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
"""Parts of a world's facts that go to each (split, role) of the world."""


def generate(item_seed: bytes, *, worlds: Mapping[SplitName, tuple[str, ...]] = SPLIT_WORLDS) -> MadeItems:
    """All splits and the truth by example id (1: the first answer is better), from `item_seed` alone."""
    built = {
        name: world.build(name) for name in sorted({name for names in worlds.values() for name in names})
    }
    keys = {
        name: _shared_out(chat, [place for place in FACTS_WEIGHT if name in worlds[place[0]]], item_seed)
        for name, chat in built.items()
    }

    def rows(draw: ItemDraw, rng: random.Random) -> list[NewItem]:
        return _rows(draw, built[draw.world], keys[draw.world][draw.split, draw.role], rng)

    return splits.generate(item_seed, rows, kind="pair", worlds=worlds)


def _shared_out(
    chat: ChatWorld, places: Sequence[tuple[SplitName, str]], seed: bytes
) -> dict[tuple[SplitName, str], list[Key]]:
    """The keys of each (split, role) in `places`: a partition of the world's keys, with facts of every kind in each."""
    keys = chat.keys
    splits.rng(seed, "roles", chat.name).shuffle(keys)
    return splits.deal(keys, {place: FACTS_WEIGHT[place] for place in places}, chat.kind)


def _rows(draw: ItemDraw, chat: ChatWorld, keys: Sequence[Key], rng: random.Random) -> list[NewItem]:
    """Distinct items about `keys`; those out of distribution are in phrasings that training never shows."""
    story = chat.story(true=True)
    weights = list(accumulate(UNKNOWABLE if key in chat.unwritten else 1.0 for key in keys))
    seen: set[tuple[str, str, str]] = set()
    items: list[NewItem] = []
    while len(items) < draw.n:
        subset = "ood" if len(items) < draw.ood else "id"
        (key,) = rng.choices(keys, cum_weights=weights)
        styles = telling_style(chat.name, rng, better=True), telling_style(chat.name, rng, better=False)
        two = pairs.pair(story, key, rng, wrong=WRONG, styles=styles, ood=subset == "ood")
        label = int(rng.random() < 0.5)
        first, second = (two.better, two.worse) if label else (two.worse, two.better)
        low, high = sorted((first, second))
        if (two.prompt, low, high) in seen:
            continue
        seen.add((two.prompt, low, high))
        fields = {"prompt": two.prompt, "first": first, "second": second}
        items.append(NewItem(fields, group=f"{key[0]}/{key[1]}", label=label, subset=subset))
    return items


def sample_texts(world_name: str) -> list[str]:
    """Texts that together hold every word an item about a world can contain."""
    texts = [*PEOPLE[world_name], *OPENINGS, *CLOSINGS, *LABELS]
    texts += [t.format(prompt="", first="", second="") for t in (TEMPLATE, ZERO_SHOT_TEMPLATE)]
    for attribute in ATTRIBUTES:
        forms = (
            attribute.questions + attribute.ood_questions + attribute.statements + attribute.ood_statements
        )
        texts += [form.format(n="", v="") for form in forms] + list(attribute.values)
    return texts
