"""Rules of acceptance, as pure functions of per-item correctness; the lab and attacks on synthetic data use the same.

`gate` is the Ladder on dev, `confirmation` the test on sealed, `feedback` the score that other policies tell.
"""

from aar.scoring.ladder.confirmation import SealedDecision, futile, judge_sealed, level, look_at, seeds_for
from aar.scoring.ladder.gate import DevDecision, judge_dev, rounded, step

__all__ = [
    "DevDecision",
    "SealedDecision",
    "futile",
    "judge_dev",
    "judge_sealed",
    "level",
    "look_at",
    "rounded",
    "seeds_for",
    "step",
]
