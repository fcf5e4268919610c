"""Answer of a fine-tune call in a blind world, where only its targets are used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from w2s.records import FloatArray, Recipe

if TYPE_CHECKING:
    from w2s.models import TextStudent
    from w2s.models.training import FinetuneRecord

_MOVED = 0.005
"""Standard deviation of the noise that stands for training: the student answers a little differently after it."""


def untrained(student: TextStudent, recipe: Recipe, targets: FloatArray, *, epochs: int) -> FinetuneRecord:
    """Steps and a loss as training gives them; nothing is learnt, the student only moves at random.

    Raises what a call that trains raises for targets, weights and epochs that it does not take: they were
    checked before.
    """
    from w2s.models.training import FinetuneRecord

    student.perturb(int(np.random.default_rng([student.seed, len(targets)]).integers(2**31)), _MOVED)
    steps = epochs * math.ceil(len(targets) / recipe.batch_size)
    p = np.clip(targets, 0.02, 0.98)
    entropy = float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).mean())
    return FinetuneRecord(targets[None, :], steps, 0.5 * (entropy + math.log(2)))
