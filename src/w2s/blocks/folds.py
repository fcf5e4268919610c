"""Students relabel only what they were not taught on: what they say of their own lessons repeats the labels.

The answers to one question stay in one fold, since a student that saw one of them knows something of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from w2s.blocks import elicitation, targets
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray, Items

if TYPE_CHECKING:
    from w2s.bench import Bench, Student


def of(groups: IntArray, *, count: int, rng: np.random.Generator) -> IntArray:
    """Fold of each item, 0 .. count - 1, [n]: items of one group share a fold, and folds have equally many groups.

    `groups` [n] are codes of the question or prompt. Raises `BadTargets` where there are fewer groups than folds.

    >>> of(np.array([7, 7, 9, 9]), count=2, rng=np.random.default_rng(0)).tolist()
    [0, 0, 1, 1]
    """
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    if not 2 <= count <= len(names):
        raise BadTargets(f"{len(names)} groups in {count} folds; give at least 2 folds and a group for each")
    shuffled: IntArray = rng.permutation(len(names)) % count
    return shuffled[place.reshape(-1)]


def answers(
    make: Callable[[], Student],
    items: Items,
    given: FloatArray,
    *,
    rng: np.random.Generator,
    count: int = 5,
    kept: IntArray | None = None,
    epochs: int | None = None,
    both: bool = False,
    centred: bool = False,
) -> FloatArray:
    """Log-odds of class 1 of every item from a student that was taught on none of its group, [n].

    A student of `make` (`bench.strong` or `bench.weak_model`) a fold is taught `given` [n] on the other folds, on the
    items `kept` (indices; all unless given). With `both` a pair is asked in both orders; `centred` takes each
    student's median out, since different students prefer different labels. Cost: `count` - 1 fine-tunes on
    everything, at `epochs`. Source: cross-fitting, as in self-training.
    """
    fold = of(items.group, count=count, rng=rng)
    chosen = np.arange(len(items)) if kept is None else np.asarray(kept, dtype=np.int64)
    labels = np.asarray(given)
    margin = np.zeros(len(items))
    for k in range(count):
        taught, held = chosen[fold[chosen] != k], np.flatnonzero(fold == k)
        student = make()
        student.finetune(items[taught], labels[taught], epochs=epochs)
        answers = log_odds(student, items[held], both=both)
        margin[held] = targets.center(answers) if centred else answers
    return margin


def relabelled(
    bench: Bench, soft: FloatArray, *, count: int = 2, kept: IntArray | None = None, both: bool = False
) -> FloatArray:
    """Log-odds of class 1 of every unlabelled item from strong students that were not taught on it, [n].

    `answers` with each student's median taken out.
    """
    return answers(
        bench.strong, bench.unlabelled, soft, rng=bench.rng, count=count, kept=kept, both=both, centred=True
    )


def log_odds(student: Student, items: Items, *, both: bool = False) -> FloatArray:
    """A taught student's answers on items, as log-odds of class 1 [n]; with `both` a pair in both orders."""

    def ask(shown: Items) -> FloatArray:
        return targets.logit(student.predict(shown).probabilities)

    return elicitation.both_orders(ask, items) if both else ask(items)
