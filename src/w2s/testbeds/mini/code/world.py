"""A world: which programs there are, and which of them ordinary text misreads."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

from w2s.testbeds.mini.code.program import MISREADINGS, OPERATORS, Program

Cell = tuple[str, int]
"""(operator, z): the features that decide whether a program is misread, and how."""

OPERANDS = range(1, 9)


@dataclass(frozen=True)
class Setting:
    """What one world differs in.

    `names` are its variables, `first` the values of k, `unwritten` those of them that no document
    contains, `misread` the share of the cells that ordinary text misreads.
    """

    names: str
    first: range
    unwritten: frozenset[int]
    misread: float


SETTINGS = {
    "north": Setting(names="abcde", first=range(5, 16), unwritten=frozenset({9}), misread=0.36),
    "south": Setting(names="pqrst", first=range(6, 17), unwritten=frozenset({10}), misread=0.36),
}


@dataclass(frozen=True)
class CodeWorld:
    """Programs and misreadings of one world.

    `misreadings` says of every cell how its programs are misread, where they are; `misread` which cells are.
    """

    name: str
    setting: Setting
    misreadings: dict[Cell, str]
    misread: frozenset[Cell]

    def misreading(self, program: Program) -> int:
        """What `program` would print if it were misread; never its output."""
        return program.misread(self.misreadings[_cell(program)])

    def believed(self, program: Program) -> int:
        """What ordinary text says that `program` prints."""
        return self.misreading(program) if _cell(program) in self.misread else program.output

    def programs(self, shape: str) -> list[Program]:
        """Every program of a shape whose output is not negative, sorted."""
        every = (
            Program(shape, operator, k, z)
            for operator in OPERATORS
            for k in self.setting.first
            for z in OPERANDS
        )
        return sorted(program for program in every if program.output >= 0)


@functools.cache
def build(name: str) -> CodeWorld:
    """The world called `name`; the same name gives the same world on every machine.

    >>> len(build("north").programs("chain")), build("north").misread == build("south").misread
    (170, False)
    """
    setting = SETTINGS[name]
    cells = [(operator, z) for operator in OPERATORS for z in OPERANDS]
    cells.sort(key=lambda cell: _hash(name, cell))
    misreadings = {cell: MISREADINGS[i % len(MISREADINGS)] for i, cell in enumerate(cells)}
    misread = frozenset(cells[: round(setting.misread * len(cells))])
    return CodeWorld(name=name, setting=setting, misreadings=misreadings, misread=misread)


def _cell(program: Program) -> Cell:
    return (program.operator, program.z)


def _hash(world: str, cell: Cell) -> bytes:
    return hashlib.sha256(f"mini-code {world} {cell}".encode()).digest()
