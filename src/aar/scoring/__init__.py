"""The scorer: alone it holds the labels, and it speaks to nobody but the database.

    python -m aar.scoring prepare LAB       items, truth and secret of a new lab
    python -m aar.scoring references LAB    supervisors, floors and ceilings
    python -m aar.scoring serve LAB         verdicts on finished runs

`judge_dev`, `futile` and `judge_sealed` are the whole decision, as pure functions of arrays.
"""

from aar.scoring.ladder import (
    DevDecision,
    SealedDecision,
    futile,
    judge_dev,
    judge_sealed,
    level,
    rounded,
    seeds_for,
    step,
)

__all__ = [
    "DevDecision",
    "SealedDecision",
    "futile",
    "judge_dev",
    "judge_sealed",
    "level",
    "rounded",
    "seeds_for",
    "step",
]
