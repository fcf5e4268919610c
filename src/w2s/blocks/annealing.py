"""Labels are searched by simulated annealing, under any score of a whole labelling.

A labelling is an int64 array [n] of 0, 1, or -1 where an item has no label yet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from w2s.records import IntArray

Score = Callable[[IntArray], float]
"""Score of a labelling; higher is better."""
Propose = Callable[[IntArray, int], Sequence[IntArray]]
"""Labellings to choose from when item `i` is visited; the best of them is accepted or not."""


@dataclass(frozen=True)
class Annealed:
    """The labelling that the search ended with, its score, and how many of its `steps` changed a label."""

    labels: IntArray
    score: float
    changed: int
    steps: int


def temperature(step: int, *, hottest: float = 10.0, coldest: float = 0.01, cooling: float = 0.99) -> float:
    """max(coldest, hottest / (1 + cooling * log(step))), steps from 1; the schedule and defaults of 2506.10139.

    >>> temperature(1), round(temperature(1000), 2)
    (10.0, 1.28)
    """
    return max(coldest, hottest / (1.0 + cooling * math.log(step)))


def flipped(labels: IntArray, i: int) -> Sequence[IntArray]:
    """The labelling with item `i` the other way round, or with either label where it has none.

    >>> [list(map(int, each)) for each in flipped(np.array([1, -1]), 1)]
    [[1, 0], [1, 1]]
    """
    return [replaced(labels, i, value) for value in (0, 1) if labels[i] != value]


def replaced(labels: IntArray, where: int | IntArray, value: int) -> IntArray:
    """A copy of a labelling with other labels at `where`."""
    changed = labels.copy()
    changed[where] = value
    return changed


def anneal(
    start: IntArray,
    *,
    score: Score,
    rng: np.random.Generator,
    visits: Iterable[int],
    propose: Propose = flipped,
    schedule: Callable[[int], float] = temperature,
) -> Annealed:
    """Visit items in turn and take the best proposal if it scores higher, else with probability exp(change / T).

    T is `schedule(step)`, steps from 1. Returns the last labelling, not the best one seen: at low temperatures
    they are the same. Cost: one score a proposal. Source: Kirkpatrick et al. 1983, in the form of 2506.10139.
    """
    labels = np.asarray(start, dtype=np.int64).copy()
    current = score(labels)
    changed = steps = 0
    for steps, i in enumerate(visits, start=1):
        options = [each for each in propose(labels, i) if not np.array_equal(each, labels)]
        if not options:
            continue
        scores = [score(each) for each in options]
        best = int(np.argmax(scores))
        gain = scores[best] - current
        if gain > 0 or rng.random() < math.exp(max(gain / schedule(steps), -700.0)):
            labels, current = options[best], scores[best]
            changed += 1
    return Annealed(labels=labels, score=current, changed=changed, steps=steps)


def passes(n: int, *, times: int, rng: np.random.Generator) -> IntArray:
    """Every item once in each of `times` passes, in a new order each time, [times * n]."""
    return np.concatenate([rng.permutation(n) for _ in range(times)]).astype(np.int64)
