"""Ways to do well without any model: the most frequent answer to a question, the tone of its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from w2s.records import Example, FloatArray
from w2s.testbeds.mini.math.answers import is_confident
from w2s.testbeds.mini.math.items import CUE


def majority_answer(_world: str, examples: Sequence[Example]) -> FloatArray:
    """1 for the most frequent answer to each question, 0 for the others, a half where several are, [n]."""
    votes = Counter((e.group, e.answer) for e in examples)
    most: dict[str, int] = {}
    for (group, _), count in votes.items():
        most[group] = max(most.get(group, 0), count)
    leaders = Counter(group for (group, _), count in votes.items() if count == most[group])
    return np.array(
        [
            0.0 if votes[e.group, e.answer] < most[e.group] else (1.0 if leaders[e.group] == 1 else 0.5)
            for e in examples
        ]
    )


def confident_wording(_world: str, examples: Sequence[Example]) -> FloatArray:
    """Probability that an answer in these words is right, from the tone alone, [n]."""
    return np.array([CUE if is_confident(e.fields["choice"]) else 1.0 - CUE for e in examples])
