"""Has a training on the truth collapsed? A rule fixed in advance, which looks at no method and at no test item.

A supervisor that answers one class to everything, or has not even learnt the items it was taught, is an accident of
its seed: its labels say nothing, and a floor or a ceiling that is its accuracy says nothing either. Whoever trains
references draws another seed then, and tells how often.

Covered: one class, chance on what was taught, answers that are no numbers. Not covered: a training that went badly
and is above these bounds.
"""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np

from w2s.records import FloatArray

RAREST = 0.02
"""Share of the rarer class among the answers below which a model answers one class."""
STANDARD_ERRORS = 3.0
"""Standard errors above chance that its accuracy on what it was taught needs."""


class Collapse(StrEnum):
    """What went wrong."""

    NOT_FINITE = "not finite"
    ONE_CLASS = "one class"
    NOT_LEARNT = "not learnt"


def collapse_of(taught: FloatArray, labels: FloatArray, others: FloatArray) -> Collapse | None:
    """The way in which a training collapsed, None for one that did not.

    `taught` [n] are its probabilities of class 1 on the items that it was taught, `labels` [n] their truth, `others`
    [m] its probabilities on items that it was not taught.

    >>> labels = np.array([0.0, 1.0] * 50)
    >>> collapse_of(labels, labels, labels), collapse_of(labels, labels, np.full(100, 0.1))
    (None, <Collapse.ONE_CLASS: 'one class'>)
    """
    everything = np.concatenate([taught, others])
    if not np.isfinite(everything).all():
        return Collapse.NOT_FINITE
    first = float((others > 0.5).mean())
    if min(first, 1 - first) < RAREST:
        return Collapse.ONE_CLASS
    right = float(((taught > 0.5) == (labels > 0.5)).mean())
    if right < 0.5 + STANDARD_ERRORS * 0.5 / math.sqrt(len(labels)):
        return Collapse.NOT_LEARNT
    return None
