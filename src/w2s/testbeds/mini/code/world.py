"""A world: which programs there are, and which of their computations ordinary text misreads, always or now and then."""

from __future__ import annotations

import functools
import random
from collections.abc import Mapping
from dataclasses import dataclass

from w2s.testbeds.mini.code.program import MISREADINGS, OPERATORS, Program

Computation = tuple[str, int, int]
"""(operator, first operand, second operand): what a program computes, whatever its shape."""

OPERANDS = range(1, 10)
MISREAD = 0.45
"""Share of the computations that ordinary text misreads, besides half of the unwritten ones."""
UNWRITTEN = 0.03
"""Share of the computations whose true output no document gives."""
WANING = 0.3
"""Share of the misread computations that only some documents misread."""


@dataclass(frozen=True)
class CodeSetting:
    """Settings of one world: `names` are its variables, `first` the values of the first operand."""

    names: str
    first: range


SETTINGS = {
    "north": CodeSetting(names="abcde", first=range(5, 24)),
    "south": CodeSetting(names="pqrst", first=range(6, 25)),
}


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
    (332, False)
    """
    setting = SETTINGS[name]
    rng = random.Random(f"mini-code world {name}")
    misreadings: dict[Computation, str] = {}
    misread: set[Computation] = set()
    unwritten: set[Computation] = set()
    for operator in OPERATORS:
        for k in setting.first:
            for z in OPERANDS:
                computation = (operator, k, z)
                how, draw, coin = rng.choice(MISREADINGS), rng.random(), rng.random()
                if Program("chain", *computation).output < 0:
                    continue
                misreadings[computation] = how
                if draw < UNWRITTEN:
                    unwritten.add(computation)
                if coin < 0.5 if draw < UNWRITTEN else draw < UNWRITTEN + MISREAD:
                    misread.add(computation)
    waning = frozenset(misread_one for misread_one in sorted(misread - unwritten) if rng.random() < WANING)
    return CodeWorld(name, setting, misreadings, frozenset(misread), waning, frozenset(unwritten))
