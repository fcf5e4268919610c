"""A world: which programs there are, and which of their computations ordinary text misreads, always or now and then."""

from __future__ import annotations

import functools
import itertools
import random
import string
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini import shares
from w2s.testbeds.mini.code.phrasing import AUTHORS, LIKED
from w2s.testbeds.mini.code.program import MISREADINGS, OPERATORS, Program

Computation = tuple[str, int, int]
"""(operator, first operand, second operand): what a program computes, whatever its shape."""

OPERANDS = range(1, 10)
VARIABLES = 5
"""Letters that a world's programs use."""
STARTS, FIRST = (5, 6, 7), 19
"""First values of the first operand, and how many there are."""
RELIABILITIES = (0.8, 0.64, 0.5, 0.36, 0.2)
"""P(right) of the five authors in some order: one half on average."""
MISREAD = 0.45
"""Share of the computations that ordinary text misreads, besides half of the unwritten ones."""
UNWRITTEN = 0.03
"""Share of the computations whose true output no document gives."""
WANING = 0.3
"""Share of the misread computations that only some documents misread."""


@dataclass(frozen=True)
class CodeSetting:
    """Settings of one world.

    Attributes:
        names: Its variables, a letter each.
        first: Values of the first operand.
        reliability: P(right) of each author's claims, by name.
    """

    names: str
    first: range
    reliability: Mapping[str, float]


@dataclass(frozen=True)
class CodeWorld:
    """Computations and misreadings of one world.

    `misreadings` says of every computation how it is misread, where it is; `misread` which ones are, and `waning`
    which of them only some documents misread; `unwritten` holds those whose true output no document gives.
    """

    name: str
    setting: CodeSetting
    misreadings: Mapping[Computation, str]
    misread: frozenset[Computation]
    waning: frozenset[Computation]
    unwritten: frozenset[Computation]

    @property
    def computations(self) -> list[Computation]:
        """Every computation, sorted."""
        return sorted(self.misreadings)

    def kind(self, computation: Computation) -> tuple[bool, bool, bool]:
        """Whether a computation is misread, unwritten, waning: those of one kind are alike in what models know."""
        return computation in self.misread, computation in self.unwritten, computation in self.waning

    def misreading(self, program: Program) -> int:
        """Output of `program` as misread; never its true output."""
        return program.misread(self.misreadings[program.computation])

    def believed(self, program: Program, *, waned: bool = False) -> int:
        """Output of `program` according to ordinary text; right about the waning ones, if `waned`."""
        computation = program.computation
        misread = computation in self.misread and not (waned and computation in self.waning)
        return self.misreading(program) if misread else program.output


@functools.cache
def build(name: str) -> CodeWorld:
    """The world called `name`; the same name gives the same world on every machine.

    >>> len(build("north").computations), build("north").misread == build("south").misread
    (339, False)
    """
    rng = random.Random(f"mini-code world {name}")
    setting = CodeSetting(
        names="".join(sorted(rng.sample(string.ascii_lowercase, VARIABLES))),
        first=range(start := rng.choice(STARTS), start + FIRST),
        reliability=_reliability(rng),
    )
    misreadings = {
        computation: rng.choice(MISREADINGS)
        for computation in itertools.product(OPERATORS, setting.first, OPERANDS)
        if Program("chain", *computation).output >= 0
    }
    every = list(misreadings)
    rng.shuffle(every)
    # shares are exact, so that worlds differ in their computations and not in how many of them are misread
    unwritten, told = shares.cut(every, UNWRITTEN * len(every))
    misread, _ = shares.cut(told, MISREAD * len(every))
    waning, _ = shares.cut(misread, WANING * len(misread))
    wrong = {*shares.cut(unwritten, 0.5 * len(unwritten))[0], *misread}
    return CodeWorld(name, setting, misreadings, frozenset(wrong), frozenset(waning), frozenset(unwritten))


def _reliability(rng: random.Random) -> dict[str, float]:
    """Reliability of each author in one world; those who are liked are right as often as the others, together."""
    while True:
        drawn = dict(zip((author.name for author in AUTHORS), rng.sample(RELIABILITIES, 5), strict=True))
        if abs(sum(drawn[name] for name in LIKED) - 1) < 1e-9:
            return drawn
