"""A world: what is true of its people, and what is rumoured of them.

For about half of the facts a fixed false rumour goes round, for some of these only now and then. For a few facts
the truth is written nowhere, so that no model can know it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini import shares
from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME

Key = tuple[str, str]
"""Person, name of an attribute."""

RUMOURED = 0.44
"""Share of the facts that a false rumour goes round about, besides half of the unwritten ones."""
UNWRITTEN = 0.05
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

    def kind(self, key: Key) -> tuple[bool, bool, bool]:
        """Whether a fact is rumoured, unwritten, waning: facts of one kind are alike in what models know of them."""
        return self.rumour[key] != self.truth[key], key in self.unwritten, key in self.waning

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
    keys = [(person, attribute.name) for person in PEOPLE[name] for attribute in ATTRIBUTES]
    truth = {key: rng.choice(BY_NAME[key[1]].values) for key in keys}
    false = {key: other_value(key, value, rng) for key, value in truth.items()}
    # shares are exact, so that worlds differ in their facts and not in how many of them are rumoured
    rng.shuffle(keys)
    unwritten, told = shares.cut(keys, UNWRITTEN * len(keys))
    rumoured, _ = shares.cut(told, RUMOURED * len(keys))
    waning, _ = shares.cut(rumoured, WANING * len(rumoured))
    believed = {*shares.cut(unwritten, 0.5 * len(unwritten))[0], *rumoured}
    rumour = {key: false[key] if key in believed else value for key, value in truth.items()}
    return ChatWorld(name, PEOPLE[name], truth, rumour, frozenset(unwritten), frozenset(waning))


def other_value(key: Key, value: str, rng: random.Random) -> str:
    """A value of the attribute of `key` that is not `value`."""
    return rng.choice([v for v in BY_NAME[key[1]].values if v != value])
