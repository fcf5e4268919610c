"""The gate on dev: a two-standard-error Ladder, moved by what is verified only.

Pure functions of per-item correctness ([seeds, n], values in [0, 1]); the same ones serve the lab and
an attack on synthetic correctness.

The Ladder's shared state (one per testbed and lab) is the holder's correctness and a record, its dev
mean rounded to the step. It moves only when a submission was verified on sealed. So a would-be record
that luck made, or that fitted the dev items, and that sealed then refused (`not_reproduced`) leaves the
shared bar where it was and blocks nobody. Such a submission is not free for its author, though: each
submission must pass the same gate against the best of its author's earlier would-be records too. Otherwise
"would-be record or not" would be an oracle that answers one bit for every submission; and a bar that rose by
a step alone would let an author climb as on the original Ladder once the gate is passed (measured in
benchmarks/scoring_attacks.py: .059 instead of .040 of accuracy with 300 submissions at n = 1263).

Covered: single-item probing, differencing at a rounding edge, hill climbing by one author (the answers
"would-be record" are at most 1/step per author); a lucky record that blocks others; seed picking.
Not covered: k authors who collude learn k times as much on dev as one (the lab gives out the authors, and
what they learn must still pass sealed); the rare bit that a submission was sent on to sealed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from w2s.metrics import Clusters, Supervisors, Tables, adjusted, clustered_stderr

ERRORS = 2
"""Standard errors that a gain has to exceed."""


@dataclass(frozen=True)
class DevDecision:
    """Decision of the Ladder; of these only `accepted` may reach a researcher.

    `gain` is the mean accuracy gained over the holder on the same supervisors and items, as it would be with typical
    supervisors; `stderr` is its cluster-robust standard error over items, `threshold` what the gain had to exceed.
    """

    accepted: bool
    mean: float
    gain: float
    stderr: float
    threshold: float


def step(n: int) -> float:
    """Step of the Ladder on `n` test items: half a standard error of a coin, .5/sqrt(n).

    >>> step(2500)
    0.01
    """
    return 0.5 / math.sqrt(
        n
    )  # the deviation of a fair coin is one half; its mean over n items has .5/sqrt(n)


def rounded(accuracy: float, *, n: int) -> float:
    """The accuracy as the Ladder states it: to the nearest step.

    >>> rounded(0.7349, n=2500)
    0.73
    """
    return round(accuracy / step(n)) * step(n)


def judge_dev(
    candidate: Tables,
    holder: Tables,
    clusters: Clusters,
    *,
    own: Tables | None = None,
    supervisors: Supervisors | None = None,
) -> DevDecision:
    """Is `candidate` a would-be record? A table [S, n] a world each, row k of both the same supervisor.

    Accepted if its mean beats the holder's by more than max(step, 2 standard errors of the paired
    difference, clusters counted once), and that of `own`, the best of its author's earlier would-be records on
    the same seeds, in the same way. The gain is the one at a typical one of `supervisors`, [pairs] in the order of the
    rows of all tables; with those that were drawn it must be above 0.

    >>> import numpy as np
    >>> better, holder = np.ones((3, 400)), np.tile([1.0, 0.0], (3, 200))
    >>> judge_dev([better], [holder], [np.arange(400)]).accepted
    True
    """
    if [np.shape(table) for table in candidate] != [np.shape(table) for table in holder]:
        raise ValueError(
            f"correctness of shapes {[np.shape(table) for table in candidate]} and "
            f"{[np.shape(table) for table in holder]} cannot be paired; use the same seeds"
        )
    # the questions of all worlds together; a world with more seeds has each of its questions once all the same
    difference = np.concatenate(
        [a.mean(axis=0) - b.mean(axis=0) for a, b in zip(candidate, holder, strict=True)]
    )
    questions = [f"{world} {name}" for world, names in enumerate(clusters) for name in names]
    n, mean = len(difference), float(np.mean([table.mean() for table in candidate]))
    by_pair = np.concatenate([(a - b).mean(axis=1) for a, b in zip(candidate, holder, strict=True)])
    luck = float((by_pair - adjusted(by_pair, supervisors)).mean())
    as_drawn, stderr = float(difference.mean()), clustered_stderr(difference, questions)
    gain = as_drawn - luck
    # of methods that gain nothing one in 44 is two standard errors above by luck; sealed decides about those. The
    # step keeps the bar where two runs are so alike that their difference has next to no spread
    threshold = max(step(n), ERRORS * stderr)
    over_own = own is None or judge_dev(candidate, own, clusters, supervisors=supervisors).accepted
    accepted = gain > threshold and as_drawn > 0 and over_own
    return DevDecision(accepted=accepted, mean=mean, gain=gain, stderr=stderr, threshold=threshold)
