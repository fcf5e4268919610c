"""A world: what is true of sixty people, and what is rumoured of them.

For two in five facts (in the second world for half of them) ordinary text repeats one fixed false rumour;
for a few the truth is written nowhere, so that no model can know it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME, NAMES

Key = tuple[str, str]

RUMOURED = {"north": 0.4, "south": 0.5}
"""Share of the facts that a rumour goes round about, by world."""
UNWRITTEN = 0.06


@dataclass(frozen=True)
class ChatWorld:
    """Facts and rumours by (person, attribute).

    `rumour` equals `truth` where no rumour goes round; `unwritten` holds the keys whose truth no
    document gives.
    """

    name: str
    truth: dict[Key, str]
    rumour: dict[Key, str]
    unwritten: frozenset[Key]

    @property
    def keys(self) -> list[Key]:
        """Every (person, attribute), sorted."""
        return sorted(self.truth)


def build(name: str) -> ChatWorld:
    """The world called `name`; the same name gives the same world on every machine.

    >>> north = build("north")
    >>> len(north.keys), north == build("north"), north.truth == build("south").truth
    (300, True, False)
    """
    rng = random.Random(f"mini-chat world {name}")
    truth: dict[Key, str] = {}
    rumour: dict[Key, str] = {}
    unwritten: set[Key] = set()
    for person in NAMES:
        for attribute in ATTRIBUTES:
            key = (person, attribute.name)
            truth[key] = rng.choice(attribute.values)
            false = rng.choice([v for v in attribute.values if v != truth[key]])
            draw, coin = rng.random(), rng.random()
            if draw < UNWRITTEN:
                unwritten.add(key)
                rumour[key] = false if coin < 0.5 else truth[key]
            else:
                rumour[key] = false if draw < UNWRITTEN + RUMOURED[name] else truth[key]
    return ChatWorld(name=name, truth=truth, rumour=rumour, unwritten=frozenset(unwritten))


def other_value(key: Key, value: str, rng: random.Random) -> str:
    """A value of the attribute of `key` that is not `value`."""
    return rng.choice([v for v in BY_NAME[key[1]].values if v != value])
