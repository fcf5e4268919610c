"""A world: several hundred sums, differences and products, their results, and what is believed of them.

Each world has half of all facts, and beliefs of its own. For about half of a world's facts ordinary text repeats one
fixed false result; for some the truth is written nowhere.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini import shares
from w2s.testbeds.mini.math.phrasing import NUMBERS

Key = tuple[int, str, int]
"""First number, operation, second number."""

LARGEST = 110
"""Results and proposed answers go from 0 to this."""
BELIEVED = 0.45
"""Share of the facts of which something false is believed, besides half of the unwritten ones."""
UNWRITTEN = 0.03
"""Share of the facts whose truth no document gives."""
WANING = 0.3
"""Share of the false beliefs that wane."""
BELIEVED_WHEN_WANING = 0.3
"""Probability that a text that follows beliefs repeats a waning one."""
NEAR = (-2, -1, 1, 2)
FAR = (-10, -5, -4, -3, 3, 4, 5, 10)


@dataclass(frozen=True)
class MathWorld:
    """Results and beliefs by fact.

    `belief` equals `truth` where nothing false is believed; `unwritten` holds the keys whose truth no
    document gives, `waning` those whose false belief is repeated now and then only.
    """

    name: str
    truth: Mapping[Key, int]
    belief: Mapping[Key, int]
    unwritten: frozenset[Key]
    waning: frozenset[Key]

    @property
    def keys(self) -> list[Key]:
        """Every fact, sorted."""
        return sorted(self.truth)

    def kind(self, key: Key) -> tuple[bool, bool, bool]:
        """Whether a fact is believed falsely, unwritten, waning: facts of one kind are alike in what models know."""
        return self.belief[key] != self.truth[key], key in self.unwritten, key in self.waning


def result(key: Key) -> int:
    """Result of the numbers of `key`.

    >>> result((7, "-", 5))
    2
    """
    a, operation, b = key
    return {"+": a + b, "-": a - b, "*": a * b}[operation]


def every_fact() -> list[Key]:
    """The facts of all worlds together, sorted."""
    small = [a for a in NUMBERS if a <= 20]
    sums = [(a, "+", b) for a in small for b in NUMBERS]
    differences = [(a, "-", b) for a in NUMBERS for b in NUMBERS if b < a]
    products = [(a, "*", b) for a in small for b in small if a > 1 and b > 1 and a * b <= LARGEST]
    return sorted(sums + differences + products)


def build(name: str) -> MathWorld:
    """The world called `name`; the same name gives the same world on every machine.

    >>> north, south = build("north"), build("south")
    >>> len(north.keys), north.keys == south.keys, north == build("north")
    (545, False, True)
    """
    rng = random.Random(f"mini-math world {name}")
    facts = every_fact()
    keys = rng.sample(facts, len(facts) // 2)
    truth = {key: result(key) for key in sorted(keys)}
    false = {key: mistaken(key, value, rng) for key, value in truth.items()}
    # shares are exact, so that worlds differ in their facts and not in how many of them are believed falsely
    unwritten, told = shares.cut(keys, UNWRITTEN * len(keys))
    misbelieved, _ = shares.cut(told, BELIEVED * len(keys))
    waning, _ = shares.cut(misbelieved, WANING * len(misbelieved))
    wrong = {*shares.cut(unwritten, 0.5 * len(unwritten))[0], *misbelieved}
    belief = {key: false[key] if key in wrong else value for key, value in truth.items()}
    return MathWorld(name, truth, belief, frozenset(unwritten), frozenset(waning))


def mistaken(key: Key, right: int, rng: random.Random) -> int:
    """A result of `key` that is not `right`: near it, farther off, or that of another operation."""
    a, operation, b = key
    while True:
        draw = rng.random()
        if draw < 0.5:
            value = right + rng.choice(NEAR)
        elif draw < 0.75:
            value = right + rng.choice(FAR)
        else:
            value = result((a, rng.choice([o for o in "+-*" if o != operation]), b))
        if 0 <= value <= LARGEST and value != right:
            return value
