"""Errors of claimed outputs; used by the corpus and by the items."""

from __future__ import annotations

import random

from w2s.testbeds.mini.code.program import Program

LARGEST = 47
"""Outputs and claimed ones go from 0 to this."""
FAR = 10


def wrong(program: Program, output: int, rival: int, rng: random.Random, *, other_reading: float) -> int:
    """An output other than the true `output`; with probability `other_reading` the `rival`, which every program has.

    Programs that nobody misreads are answered wrongly in the same ways, so that a claim which looks
    like a misreading tells nothing by itself. Other wrong outputs are near the right one.
    """
    if rng.random() < other_reading:
        return rival
    near = set(range(max(0, output - 3), output + 4)) | {program.z}
    return rng.choice(sorted(near - {output, rival}))


def wild(truth: int, rng: random.Random) -> int:
    """An output so far from `truth` that its size gives it away."""
    return rng.choice([output for output in range(LARGEST + 1) if abs(output - truth) >= FAR])
