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
Shares = tuple[float, float, float, float]

RUMOURED = 0.44
"""Share of the facts that a rumour goes round about."""


@dataclass(frozen=True)
class Setting:
    """What one world differs in besides its people.

    `unwritten` is the share of the facts whose truth is written nowhere; `corrected` that of the rumours which
    texts of a register have right although no expert writes them. `true_anyway` says how often a text that no
    expert in the field writes tells the truth all the same, by register and source: without it the stories are
    learnt so firmly that no fine-tuning turns them, and how much of it that takes differs between worlds.
    `judged` and `claimed` are shares of nobody, the expert, another expert and a digest among judged and claimed
    texts, in the third and in the last part of pre-training.
    """

    unwritten: float
    corrected: Mapping[str, float]
    true_anyway: Mapping[str, Mapping[str, float]]
    judged: tuple[Shares, Shares]
    claimed: tuple[Shares, Shares]


_SPARSE = Setting(
    unwritten=0.05,
    corrected={"spoken": 0.3, "judged": 0.3, "claimed": 0.3},
    true_anyway={"spoken": {"nobody": 0.1}, "judged": {"nobody": 0.3}, "claimed": {"nobody": 0.12}},
    judged=((0.22, 0.48, 0.18, 0.12), (0.24, 0.36, 0.26, 0.14)),
    claimed=((0.74, 0.08, 0.08, 0.1), (0.76, 0.04, 0.08, 0.12)),
)
SETTINGS: Mapping[str, Setting] = {
    "north": Setting(
        unwritten=0.03,
        corrected={"spoken": 0.3, "judged": 0.2, "claimed": 0.3},
        true_anyway={
            "spoken": {"nobody": 0.1},
            "judged": {"nobody": 0.44, "outsider": 0.34, "digest": 0.06},
            "claimed": {"nobody": 0.1},
        },
        judged=((0.18, 0.6, 0.1, 0.12), (0.25, 0.48, 0.13, 0.14)),
        claimed=((0.76, 0.1, 0.07, 0.07), (0.82, 0.03, 0.07, 0.08)),
    ),
    "south": _SPARSE,
    "east": _SPARSE,
}


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
    setting = SETTINGS[name]
    rng = random.Random(f"mini-chat world {name}")
    truth: dict[Key, str] = {}
    rumour: dict[Key, str] = {}
    unwritten: set[Key] = set()
    corrected: dict[str, set[Key]] = {register: set() for register in setting.corrected}
    for person in PEOPLE[name]:
        for attribute in ATTRIBUTES:
            key = (person, attribute.name)
            truth[key] = rng.choice(attribute.values)
            false = rng.choice([v for v in attribute.values if v != truth[key]])
            draw, coin = rng.random(), rng.random()
            if draw < setting.unwritten:
                unwritten.add(key)
                rumour[key] = false if coin < 0.5 else truth[key]
            else:
                rumour[key] = false if draw < setting.unwritten + RUMOURED else truth[key]
            for register, keys in corrected.items():
                if rng.random() < setting.corrected[register] and key not in unwritten:
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
