"""Several judges become one: students averaged in logit space, weak supervisors pooled, weighed or boosted.

"Several soft labels" are a sequence of [n] probabilities of class 1, one a judge, or an array [judges, n].
Supervisors of one size and data share their mistakes: pooled, they are surer than they are right. What helps is
a judge of another kind (`prior`, say the frozen strong model's own zero-shot probability).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2s.blocks import targets
from w2s.errors import BadPredictions
from w2s.records import FloatArray, IntArray, Predictions

if TYPE_CHECKING:
    from w2s.bench import Bench, Student

Judges = Sequence[FloatArray] | npt.NDArray[np.floating]


def average(soft: Judges, *, trim: float = 0.0) -> FloatArray:
    """Probability of class 1 from the mean log-odds of several students or supervisors, [n].

    `trim` is the share of the students that is dropped at each end, item by item (.15 in the published
    CCS and evolution-strategies method).

    >>> average([np.array([0.9]), np.array([0.1])]).tolist()
    [0.5]
    """
    if not 0 <= trim < 0.5:
        raise BadPredictions(f"trim {trim} would drop every student; give 0 to just under .5")
    margins = np.sort(targets.logit(_stacked(soft)), axis=0)
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


@dataclass(frozen=True)
class Opinion:
    """A probability with the evidence behind it: `soft` [n]; `evidence` [n], in observations, may be infinite."""

    soft: FloatArray
    evidence: FloatArray


def evidential(soft: Judges, *, prior: float | FloatArray = 0.5, strength: float = 2.0) -> Opinion:
    """Judges' mean probability, drawn towards `prior` as far as they contradict each other.

    An item's soft labels are taken for draws from one Beta distribution with mean m and m (1 - m) / (1 + e)
    as variance; e, fitted by moments, is the evidence. The result is (e m + strength prior) / (e + strength):
    judges that agree give their mean, those that say yes and no with certainty give the prior. `prior` is one
    probability or one an item; `strength` counts observations (2 at .5 is a flat Beta). One judge cannot
    contradict itself and is passed on. After the evidential model of 2406.03199, whose student predicts the
    distribution itself; here it is fitted item by item, since a student's answer is a single log-odds.

    >>> evidential([np.array([0.9, 1.0]), np.array([0.7, 0.0])]).soft.round(3).tolist()
    [0.765, 0.5]
    """
    if strength <= 0:
        raise BadPredictions(f"strength {strength} of the prior is a number of observations above 0")
    seen = _stacked(soft)
    mean, spread = seen.mean(axis=0), seen.var(axis=0)
    room = mean * (1.0 - mean)
    sure = spread <= 1e-12
    evidence = np.where(sure, np.inf, np.maximum(room / np.where(sure, 1.0, spread) - 1.0, 0.0))
    trust = 1.0 - strength / (evidence + strength)
    return Opinion(soft=trust * mean + (1.0 - trust) * prior, evidence=evidence)


@dataclass(frozen=True)
class Boosted:
    """A weighted vote: `soft` [n]; `judges`, in the order they were taken, and their `weights`, both [taken]."""

    soft: FloatArray
    judges: IntArray
    weights: FloatArray


def boosted(soft: Judges, *, reference: FloatArray | None = None, edge: float = 0.01) -> Boosted:
    """Judges' hard votes, weighed by AdaBoost: the next one is the best where those before it were wrong.

    Each round takes the judge with the least weighted error e against `reference` (0 or 1, [n]), gives it
    log((1 - e) / e) as weight, and multiplies the weight of the items that it got wrong by (1 - e) / e; soft
    = sigmoid(sum of weight * (2 vote - 1)), which is the logistic model that AdaBoost fits. Stops when no
    judge is left or the best is no better than chance. `edge` bounds e from below. There is no truth to
    boost against: `reference` is the sign of the mean log-odds unless given, so a judge that errs alone
    loses weight and a shared mistake stays. Source: AdaBoost of weak supervisors, 2410.04571, where labelled
    items are the reference and supervisors are trained on the reweighted items; here they are only chosen.
    """
    if not 0 < edge < 0.5:
        raise BadPredictions(f"edge {edge} is the least error of a judge; give a number between 0 and .5")
    seen = _stacked(soft)
    votes = targets.hard(seen - 0.5)
    aim = targets.hard(targets.logit(seen).mean(axis=0)) if reference is None else np.asarray(reference)
    if aim.shape != votes.shape[1:] or not np.isin(aim, (0.0, 1.0)).all():
        raise BadPredictions(
            f"reference of shape {aim.shape} for {votes.shape[1]} items; give 0 or 1 for each"
        )
    wrong = votes != aim
    share = np.full(votes.shape[1], 1.0 / votes.shape[1])
    left, taken, weights = list(range(len(votes))), [], []
    while left:
        errors = [float(share[wrong[judge]].sum()) for judge in left]
        best = int(np.argmin(errors))
        error = max(errors[best], edge)
        if error >= 0.5:
            break
        taken.append(left.pop(best))
        weights.append(float(np.log((1.0 - error) / error)))
        share = np.where(wrong[taken[-1]], share * (1.0 - error) / error, share)
        share = share / share.sum()
    if not taken:
        raise BadPredictions(f"none of {len(votes)} judges agrees with the reference more often than chance")
    margin = np.array(weights) @ (2.0 * votes[taken] - 1.0)
    return Boosted(targets.sigmoid(margin), np.array(taken, dtype=np.int64), np.array(weights))


def _stacked(soft: Judges) -> FloatArray:
    if len(soft) == 0:
        raise BadPredictions("no students to average; give the probabilities of at least one")
    seen = np.stack([np.asarray(each, dtype=np.float64) for each in soft])
    if seen.ndim != 2 or seen.shape[1] == 0 or not ((seen >= 0) & (seen <= 1)).all():
        raise BadPredictions(f"soft labels of shape {seen.shape}; give probabilities, [n] from each judge")
    return seen
