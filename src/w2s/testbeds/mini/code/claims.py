"""How a claimed output goes wrong; used by the corpus and by the items."""

from __future__ import annotations

import random

from w2s.testbeds.mini.code.program import Program

RIVAL = 0.85
"""Share of the wrong outputs that are the rival reading of the program; the rest is near the right one."""


def wrong(program: Program, told: int, rival: int, rng: random.Random) -> int:
    """An output that is not `told`: mostly the `rival` reading, of which every program has one.

    Programs that nobody misreads are answered wrongly in the same ways, so that a claim which looks
    like a misreading tells nothing by itself.
    """
    if rng.random() < RIVAL:
        return rival
    near = set(range(max(0, told - 3), told + 4)) | {program.z}
    return rng.choice(sorted(near - {told, rival}))
