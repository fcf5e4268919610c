"""Several students are averaged in logit space, where a sure one counts for more than a doubtful one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from w2s import targets
from w2s.errors import BadPredictions
from w2s.records import FloatArray, Predictions

if TYPE_CHECKING:
    from w2s.bench import Bench, Student


def average(soft: Sequence[FloatArray], *, trim: float = 0.0) -> FloatArray:
    """Probability of class 1 from the mean log-odds of several students, [n].

    `trim` is the share of the students that is dropped at each end, item by item (.15 in the published
    CCS and evolution-strategies method).

    >>> average([np.array([0.9]), np.array([0.1])]).tolist()
    [0.5]
    """
    if len(soft) == 0:
        raise BadPredictions("no students to average; give the probabilities of at least one")
    if not 0 <= trim < 0.5:
        raise BadPredictions(f"trim {trim} would drop every student; give 0 to just under .5")
    margins = np.sort(targets.logit(np.stack([np.asarray(each, dtype=np.float64) for each in soft])), axis=0)
    drop = int(trim * len(soft))
    return targets.sigmoid(margins[drop : len(soft) - drop].mean(axis=0))


def several(
    bench: Bench,
    teach: Callable[[Student, np.random.Generator], object],
    *,
    students: int = 3,
    trim: float = 0.0,
) -> Predictions:
    """Predictions averaged over `students` strong models, each taught by `teach(student, rng)`.

    Each gets its own generator, spawned from the bench's, for what should differ: order, resampling.
    Cost: `students` times that of one.
    """
    seen = []
    for rng in bench.rng.spawn(students):
        student = bench.strong()
        teach(student, rng)
        seen.append(student.predict(bench.test).probabilities)
    return Predictions(bench.test, average(seen, trim=trim))
