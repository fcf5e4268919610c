"""Feedback to an author on a dev run besides the word: nothing under the Ladder, a score under the other policies.

    ladder   nothing; the word, the record and ranks are all (the default)
    noisy    accuracy on a random half of the items, another half for every code, rounded to .01
    exact    how many answers were right, without limit: what the scorer of the 2026 study returned, to replicate it

Covered: under `noisy`, the same code asked again (the half follows from the code's hash and the vault's secret), and
who would choose or foresee a half. Not covered: `noisy` and `exact` give labels away (docs/scoring.md has how many);
what is verified does not depend on them, since gate and confirmation are the same under each.
"""

from __future__ import annotations

import numpy as np

from aar.feedback import Feedback
from w2s.metrics import Tables, world_means

DIGITS = 2
"""Decimals of a noisy score."""


def score(feedback: Feedback, correct: Tables, rng: np.random.Generator) -> float | None:
    """The accuracy that a policy tells of per-item correctness, a table [S, n] a world; None under the Ladder.

    `rng` draws the half of a noisy score, in each world.

    >>> score("exact", [np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])], np.random.default_rng(0))
    0.5
    """
    if feedback == "ladder":
        return None
    if feedback == "noisy":
        halves = [
            table[:, rng.permutation(table.shape[1])[: max(1, table.shape[1] // 2)]] for table in correct
        ]
        return round(float(world_means(halves).mean()), DIGITS)
    return float(world_means(correct).mean())
