"""A world: what is true of its people, and what is rumoured of them.

For about half of the facts a fixed false rumour goes round, for some of these only now and then. For a few facts
the truth is written nowhere, so that no model can know it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME

Key = tuple[str, str]
"""Person, name of an attribute."""

RUMOURED = 0.44
"""Share of the facts that a false rumour goes round about, besides half of the unwritten ones."""
UNWRITTEN = 0.08
"""Share of the facts whose truth no document gives."""
WANING = 0.3
"""Share of the false rumours that only some documents repeat."""


@dataclass(frozen=True)
class Story:
    """A text's value of each (person, attribute), and the value that it rejects.

    `rejected` equals `claims` where no other story goes round.
    """

    claims: Mapping[Key, str]
    rejected: Mapping[Key, str]


@dataclass(frozen=True)
class ChatWorld:
    """Facts and rumours by (person, attribute).

    `rumour` equals `truth` where no rumour goes round; `unwritten` holds the keys whose truth no document
    gives, `waning` those whose false rumour only some documents repeat.
    """

    name: str
    people: tuple[str, ...]
    truth: Mapping[Key, str]
    rumour: Mapping[Key, str]
    unwritten: frozenset[Key]
    waning: frozenset[Key]

    @property
    def keys(self) -> list[Key]:
        """Every (person, attribute), sorted."""
        return sorted(self.truth)

    def story(self, *, true: bool, waned: bool = False) -> Story:
        """The truth, or the rumours; of these only the ones that do not wane, if `waned`."""
        if true:
            return Story(claims=self.truth, rejected=self.rumour)
        right = self.waning if waned else frozenset()
        return Story(
            claims={key: self.truth[key] if key in right else self.rumour[key] for key in self.truth},
            rejected={key: self.rumour[key] if key in right else self.truth[key] for key in self.truth},
        )


def build(name: str) -> ChatWorld:
    """The world called `name`; the same name gives the same world on every machine.

    >>> north, south = build("north"), build("south")
    >>> len(north.keys), north == build("north"), set(north.people) & set(south.people)
    (300, True, set())
    """
    rng = random.Random(f"mini-chat world {name}")
    truth: dict[Key, str] = {}
    rumour: dict[Key, str] = {}
    unwritten: set[Key] = set()
    for person in PEOPLE[name]:
        for attribute in ATTRIBUTES:
            key = (person, attribute.name)
            truth[key] = rng.choice(attribute.values)
            false = rng.choice([v for v in attribute.values if v != truth[key]])
            draw, coin = rng.random(), rng.random()
            if draw < UNWRITTEN:
                unwritten.add(key)
                rumour[key] = false if coin < 0.5 else truth[key]
            else:
                rumour[key] = false if draw < UNWRITTEN + RUMOURED else truth[key]
    false_rumours = [key for key in truth if rumour[key] != truth[key] and key not in unwritten]
    waning = frozenset(key for key in false_rumours if rng.random() < WANING)
    return ChatWorld(name, PEOPLE[name], truth, rumour, frozenset(unwritten), waning)


def other_value(key: Key, value: str, rng: random.Random) -> str:
    """A value of the attribute of `key` that is not `value`."""
    return rng.choice([v for v in BY_NAME[key[1]].values if v != value])
