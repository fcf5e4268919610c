"""How a claimed output goes wrong; used by the corpus and by the items."""

from __future__ import annotations

import random

from w2s.testbeds.mini.code.program import Program

RIVAL = 0.85
"""Share of the items' wrong outputs that are the rival reading of the program."""
LARGEST = 24


def wrong(program: Program, told: int, rival: int, rng: random.Random, *, share: float = RIVAL) -> int:
    """An output that is not `told`: the `rival` reading, of which every program has one, in `share` of cases.

    Programs that nobody misreads are answered wrongly in the same ways, so that a claim which looks
    like a misreading tells nothing by itself. Of the rest, half are near the right output, half anywhere.
    """
    if rng.random() < share:
        return rival
    near = set(range(max(0, told - 3), told + 4)) | {program.z}
    anywhere = set(range(LARGEST))
    return rng.choice(sorted((near if rng.random() < 0.5 else anywhere) - {told, rival}))
