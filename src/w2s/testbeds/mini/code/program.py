"""A tiny language (assignments of + and -, then one print), its interpreter, and two ways to misread it.

    program    = {NAME "=" expression NEWLINE} "print(" expression ")"
    expression = atom [("+" | "-") atom];  atom = NAME | INTEGER

Nothing of it is ever run as Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ASSIGNMENT = re.compile(r"([a-z]) = (.+)")
PRINT = re.compile(r"print\((.+)\)")
EXPRESSION = re.compile(r"([a-z]|\d+)(?: ([+-]) ([a-z]|\d+))?")
OPERATORS = ("+", "-")
FORMS = {
    "chain": "{x} = {k}\n{y} = {x} {o} {z}\nprint({y})",
    "again": "{x} = {k}\n{x} = {x} {o} {z}\nprint({x})",
    "both": "{x} = {k}\n{y} = {z}\nprint({x} {o} {y})",
    "late": "{x} = {z}\n{y} = {k} {o} {x}\nprint({y})",
    "short": "{x} = {k}\nprint({x} {o} {z})",
    "crossed": "{x} = {z}\n{y} = {k}\nprint({y} {o} {x})",
}
"""Every shape of a program: all of them print `k o z`, by different ways."""
OOD_SHAPES = ("short", "crossed")
"""Shapes that occur in the corpus, but in no labelled, unlabelled or in-distribution test item."""
ID_SHAPES = tuple(shape for shape in FORMS if shape not in OOD_SHAPES)
MISREADINGS = ("operator", "skip")


class NotAProgram(ValueError):
    """A text is not of the tiny language."""


def run(source: str) -> int:
    """Output of `source`; raises `NotAProgram` for anything outside the grammar.

    >>> run("a = 5\\nb = a + 3\\nprint(b)")
    8
    """
    *assignments, last = source.split("\n")
    values: dict[str, int] = {}
    for line in assignments:
        match = ASSIGNMENT.fullmatch(line)
        if not match:
            raise NotAProgram(f"line {line!r} is no assignment, such as 'b = a + 3'")
        values[match[1]] = _value(match[2], values)
    printed = PRINT.fullmatch(last)
    if not printed:
        raise NotAProgram(f"the last line {last!r} is no print, such as 'print(b)'")
    return _value(printed[1], values)


def _value(expression: str, values: dict[str, int]) -> int:
    match = EXPRESSION.fullmatch(expression)
    if not match:
        raise NotAProgram(f"{expression!r} is no expression, such as 'a + 3'")
    left = _atom(match[1], values)
    if match[2] is None:
        return left
    right = _atom(match[3], values)
    return left + right if match[2] == "+" else left - right


def _atom(word: str, values: dict[str, int]) -> int:
    if word.isdigit():
        return int(word)
    if word not in values:
        raise NotAProgram(f"the name {word!r} has no value yet")
    return values[word]


@dataclass(frozen=True, order=True)
class Program:
    """Computation of a program, `k operator z`, and its shape; the names of its variables are free."""

    shape: str
    operator: str
    k: int
    z: int

    @property
    def computation(self) -> tuple[str, int, int]:
        """(operator, first operand, second operand)."""
        return (self.operator, self.k, self.z)

    @property
    def output(self) -> int:
        """Output of the program.

        >>> Program("chain", "-", 9, 4).output
        5
        """
        return self.k + self.z if self.operator == "+" else self.k - self.z

    def source(self, x: str, y: str) -> str:
        """Its text with the variables `x` and `y`."""
        return FORMS[self.shape].format(x=x, y=y, k=self.k, z=self.z, o=self.operator)

    def misread(self, how: str) -> int:
        """Output as misread by a reader who confuses the operator, or skips the operation.

        Where a confused operator would give a negative number, the operation is skipped instead.

        >>> Program("chain", "-", 9, 4).misread("operator"), Program("chain", "+", 3, 4).misread("operator")
        (13, 3)
        """
        other = self.k - self.z if self.operator == "+" else self.k + self.z
        return self.k if how == "skip" or other < 0 else other
