"""A world: what is true of its people, what is rumoured of them, and which texts know better about what.

For about half of the facts a fixed false rumour goes round. Texts without an expert repeat it; but each
register of text has some of these facts right, the same ones always and others than the next register: what
a prompt can bring out by its form alone is bounded by that share. For a few facts the truth is written
nowhere, so that no model can know it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini.chat.names import PEOPLE
from w2s.testbeds.mini.chat.phrasing import ATTRIBUTES, BY_NAME

Key = tuple[str, str]

RUMOURED = 0.44
"""Share of the facts that a rumour goes round about."""
UNWRITTEN = 0.03
CORRECTED: Mapping[str, Mapping[str, float]] = {
    "north": {"spoken": 0.3, "judged": 0.2, "claimed": 0.3},
    "south": {"spoken": 0.25, "judged": 0.3, "claimed": 0.25},
}
"""Share of the rumours that texts of a register have right although no expert writes them, by world."""


@dataclass(frozen=True)
class Story:
    """What texts of one kind say of each (person, attribute), and the value that they reject.

    `rejected` equals `said` where no other story goes round.
    """

    said: Mapping[Key, str]
    rejected: Mapping[Key, str]


@dataclass(frozen=True)
class ChatWorld:
    """Facts, rumours and stories by (person, attribute).

    `rumour` equals `truth` where no rumour goes round; `unwritten` holds the keys whose truth no
    document gives. `expert` is the story of the experts, `told` that of everybody else by register.
    """

    name: str
    people: tuple[str, ...]
    truth: Mapping[Key, str]
    rumour: Mapping[Key, str]
    unwritten: frozenset[Key]
    expert: Story
    told: Mapping[str, Story]

    @property
    def keys(self) -> list[Key]:
        """Every (person, attribute), sorted."""
        return sorted(self.truth)


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
    corrected: dict[str, set[Key]] = {register: set() for register in CORRECTED[name]}
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
            for register, keys in corrected.items():
                if rng.random() < CORRECTED[name][register] and key not in unwritten:
                    keys.add(key)
    return ChatWorld(
        name=name,
        people=PEOPLE[name],
        truth=truth,
        rumour=rumour,
        unwritten=frozenset(unwritten),
        expert=_story(truth, rumour, set(truth) - unwritten, unwritten),
        told={register: _story(truth, rumour, keys, unwritten) for register, keys in corrected.items()},
    )


def _story(
    truth: Mapping[Key, str], rumour: Mapping[Key, str], right: set[Key], unwritten: set[Key]
) -> Story:
    """The truth about the keys that it has `right`, the rumour about all others."""
    known = {key: rumour[key] if key in unwritten else truth[key] for key in truth}
    return Story(
        said={key: known[key] if key in right else rumour[key] for key in truth},
        rejected={key: rumour[key] if key in right else known[key] for key in truth},
    )


def other_value(key: Key, value: str, rng: random.Random) -> str:
    """A value of the attribute of `key` that is not `value`."""
    return rng.choice([v for v in BY_NAME[key[1]].values if v != value])
