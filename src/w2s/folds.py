"""Students relabel only what they were not taught on: what they say of their own lessons repeats the labels.

The answers to one question stay in one fold, since a student that saw one of them knows something of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from w2s import elicitation, targets
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray, Items

if TYPE_CHECKING:
    from w2s.bench import Bench, Student


def of(items: Items, *, folds: int, rng: np.random.Generator) -> IntArray:
    """A fold for each item, 0 .. folds - 1, [n]: groups are shuffled and dealt out in turn.

    Raises `BadTargets` if there are fewer groups than folds.
    """
    names, place = np.unique(items.group, return_inverse=True)
    if folds < 2 or len(names) < folds:
        raise BadTargets(f"{len(names)} groups in {folds} folds; give at least 2 folds and a group for each")
    return (rng.permutation(len(names)) % folds)[place.reshape(-1)].astype(np.int64)


def relabelled(
    bench: Bench, soft: FloatArray, *, folds: int = 2, kept: IntArray | None = None, both: bool = False
) -> FloatArray:
    """Log-odds of class 1 of every unlabelled item from students that were not taught on it, [n].

    Each of `folds` students is taught `soft` [n] on the other folds, on the items `kept` (indices; all unless
    given). With `both` a pair is asked in both orders. Different students prefer different labels, so the median
    of each fold is taken out. Cost: folds - 1 fine-tunes on everything. Source: cross-fitting, as in self-training.
    """
    items = bench.unlabelled
    fold = of(items, folds=folds, rng=bench.rng)
    chosen = np.arange(len(items)) if kept is None else np.asarray(kept, dtype=np.int64)
    margin = np.zeros(len(items))
    for k in range(folds):
        taught, held = chosen[fold[chosen] != k], np.flatnonzero(fold == k)
        student = bench.strong()
        student.finetune(items[taught], np.asarray(soft)[taught])
        margin[held] = targets.center(log_odds(student, items[held], both=both))
    return margin


def log_odds(student: Student, items: Items, *, both: bool = False) -> FloatArray:
    """What a taught student says of items, as log-odds of class 1 [n]; with `both` a pair in both orders."""

    def ask(shown: Items) -> FloatArray:
        return targets.logit(student.predict(shown).probabilities)

    return elicitation.both_orders(ask, items) if both else ask(items)
