"""How a claimed output goes wrong; used by the corpus and by the items."""

from __future__ import annotations

import random

from w2s.testbeds.mini.code.program import MISREADINGS, Program

RIVAL = 0.75
"""Share of the wrong outputs that are another reading of the program; the rest is near the right one."""


def wrong(program: Program, told: int, other: int, rng: random.Random) -> int:
    """An output that is not `told`: mostly what another reading gives, `other` where the two stories differ.

    Programs that nobody misreads are answered wrongly in the same ways, so that a claim which looks
    like a misreading tells nothing by itself.
    """
    if rng.random() < RIVAL:
        if other != told:
            return other
        misread = program.misread(rng.choice(MISREADINGS))
        if misread != told:
            return misread
    near = [output for output in range(max(0, told - 3), told + 4) if output not in (told, other)]
    return rng.choice([*near, program.z] if program.z not in (told, other) else near)
