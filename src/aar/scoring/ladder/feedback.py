"""What an author is told of a dev run besides the word: nothing under the Ladder, a score under the other policies.

    ladder   nothing; the word, the record and ranks are all (the default)
    noisy    accuracy on a random half of the items, another half for every code, rounded to .01
    exact    how many answers were right, without limit: what the scorer of the 2026 study returned, to replicate it

Covered: under `noisy`, the same code asked again (the half follows from the code's hash and the vault's secret), and
who would choose or foresee a half. Not covered: `noisy` and `exact` give labels away (docs/scoring.md has how many);
what is verified does not depend on them, since gate and confirmation are the same under each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aar.feedback import Feedback
from w2s.records import FloatArray

DIGITS = 2
"""Decimals of a noisy score."""


@dataclass(frozen=True)
class Score:
    """A score as its author is told it: `value` an accuracy, `words` what stands in the reply."""

    value: float
    words: str


def told(feedback: Feedback, correct: FloatArray, rng: np.random.Generator) -> Score | None:
    """The score of per-item correctness `correct` [S, n] under a policy; None under the Ladder.

    `rng` draws the half of a noisy score.

    >>> told("exact", np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.random.default_rng(0)).words
    'accuracy 0.500000 on dev, 3 of 6 answers right'
    """
    if feedback == "ladder":
        return None
    seeds, n = correct.shape
    if feedback == "noisy":
        half = rng.permutation(n)[: max(1, n // 2)]
        value = round(float(correct[:, half].mean()), DIGITS)
        return Score(value, f"accuracy {value:.{DIGITS}f} on a random half of dev")
    value = float(correct.mean())
    right = round(float(correct.sum()), 2)
    return Score(value, f"accuracy {value:.6f} on dev, {right:g} of {seeds * n} answers right")
