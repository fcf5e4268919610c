"""Linear probes of hidden states: a direction that tells the classes apart, without training the model.

A `Fit` takes states [n, h] and soft targets [n] and gives a `Probe`; calling the probe on states gives a
margin [n], positive for class 1. For pairs use states that are odd under swapping
(`elicitation.both_orders`) and `odd=True`, which leaves centring and intercept out. No probe depends on the
orthonormal basis that states are given in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s.blocks import folds, targets
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray

States = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Probe:
    """margin = (states - origin) . direction; `direction` and `origin` have shape [h]."""

    direction: FloatArray
    origin: FloatArray

    def __call__(self, states: States) -> FloatArray:
        """Margin of each item, [n]; log-odds for a logistic probe, else known up to a positive scale."""
        return np.asarray((np.asarray(states, dtype=np.float64) - self.origin) @ self.direction)


Fit = Callable[[States, FloatArray], Probe]


def mean_difference(
    states: States, soft: FloatArray, *, weights: FloatArray | None = None, odd: bool = False
) -> Probe:
    """Direction from the mean state of class 0 to that of class 1, origin halfway between.

    Source: mass-mean probing (2310.06824), without the covariance.
    """
    x, y, w = _checked(states, soft, weights)
    mean_1 = np.average(x, axis=0, weights=w * y)
    mean_0 = np.average(x, axis=0, weights=w * (1.0 - y))
    origin = np.zeros(x.shape[1]) if odd else (mean_1 + mean_0) / 2.0
    return Probe(direction=mean_1 - mean_0, origin=origin)


def whitened(
    states: States,
    soft: FloatArray,
    *,
    weights: FloatArray | None = None,
    shrinkage: float = 0.1,
    odd: bool = False,
) -> Probe:
    """Mean difference divided by the covariance within the classes (linear discriminant analysis).

    `shrinkage` of the covariance is replaced by its average variance, for states with more dimensions
    than items say. Source: mass-mean probing (2310.06824).
    """
    x, y, w = _checked(states, soft, weights)
    plain = mean_difference(x, y, weights=w, odd=odd)
    middle = np.zeros(x.shape[1]) if odd else np.average(x, axis=0, weights=w)
    offset = (y - (0.5 if odd else np.average(y, weights=w)))[:, None] * plain.direction
    rest = x - middle - offset
    covariance = (w[:, None] * rest).T @ rest / w.sum()
    average = max(float(np.trace(covariance)) / len(covariance), 1e-12)
    shrunk = (1.0 - shrinkage) * covariance + shrinkage * average * np.eye(len(covariance))
    return Probe(direction=np.linalg.solve(shrunk, plain.direction), origin=plain.origin)


def ridge(
    states: States,
    soft: FloatArray,
    *,
    weights: FloatArray | None = None,
    penalty: float = 1.0,
    odd: bool = False,
) -> Probe:
    """Least squares on targets of -1 and 1 with `penalty` (in items) on directions of states of unit mean variance."""
    x, y, w = _checked(states, soft, weights)
    origin, spread = _standard(x, w, odd)
    z = (x - origin) / spread
    aim = 2.0 * y - 1.0
    constant = 0.0 if odd else float(np.average(aim, weights=w))
    gram = (w[:, None] * z).T @ z + penalty * np.eye(z.shape[1])
    direction = np.asarray(np.linalg.solve(gram, z.T @ (w * (aim - constant))) / spread, dtype=np.float64)
    return _with_constant(direction, origin, constant)


def logistic(
    states: States,
    soft: FloatArray,
    *,
    weights: FloatArray | None = None,
    penalty: float = 1.0,
    odd: bool = False,
) -> Probe:
    """Logistic regression on soft targets with `penalty` (in items) on directions of states of unit mean variance.

    Minimises sum of weighted cross-entropy + penalty / 2 * |direction|^2 by L-BFGS; the intercept is free.
    """
    from scipy.optimize import minimize

    x, y, w = _checked(states, soft, weights)
    origin, spread = _standard(x, w, odd)
    z = (x - origin) / spread
    if not odd:
        z = np.hstack([z, np.ones((len(z), 1))])
    price = np.full(z.shape[1], penalty)
    price[x.shape[1] :] = 0.0

    def objective(theta: FloatArray) -> tuple[float, FloatArray]:
        margin = z @ theta
        value = w @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * float(price @ theta**2)
        return float(value), z.T @ (w * (targets.sigmoid(margin) - y)) + price * theta

    best = minimize(objective, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    direction: FloatArray = best[: x.shape[1]] / spread
    return _with_constant(direction, origin, 0.0 if odd else float(best[-1]))


def cross_fitted(
    fit: Fit,
    states: States,
    soft: FloatArray,
    *,
    rng: np.random.Generator,
    count: int = 5,
    groups: IntArray | None = None,
) -> FloatArray:
    """Margin of every item from a probe that never saw it, nor any item of its group, [n].

    What a probe says of items it was fitted on repeats their labels; this does not.
    """
    fold = folds.of(np.arange(len(states)) if groups is None else groups, count=count, rng=rng)
    margin = np.zeros(len(states))
    for k in range(count):
        held = fold == k
        margin[held] = fit(states[~held], soft[~held])(states[held])
    return margin


def best_layer(
    fit: Fit,
    layers: Sequence[States],
    soft: FloatArray,
    *,
    rng: np.random.Generator,
    groups: IntArray | None = None,
) -> int:
    """Position in `layers` where cross-fitted margins agree most often with the targets.

    The targets are weak: this finds where they can be read best, which is not always where truth can.
    """
    scores = []
    for states in layers:
        margin = cross_fitted(fit, states, soft, rng=rng, groups=groups)
        scores.append(float(np.mean((margin > 0) == (soft > 0.5))))
    return int(np.argmax(scores))


def depth(layers: int, *, share: float = 0.6, at_most: int = 1) -> list[int]:
    """Layers to read in a model of `layers` blocks: one at `share` of its depth, or several spread up to the last.

    With `at_most` above 1 it is that many layers (all, where there are no more), evenly spaced, the last among them.

    >>> depth(36), depth(4), depth(4, at_most=6), depth(36, at_most=4)
    ([22], [2], [1, 2, 3, 4], [9, 18, 27, 36])
    """
    if not 0 < share <= 1 or layers < 1 or at_most < 1:
        raise BadTargets(f"share {share} of {layers} layers, {at_most} of them; give 0 to 1, and at least 1")
    if at_most == 1:
        return [max(1, round(share * layers))]
    count = min(at_most, layers)
    return [round(layers * (k + 1) / count) for k in range(count)]


def _checked(
    states: States, soft: FloatArray, weights: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    x = np.asarray(states, dtype=np.float64)
    y = np.asarray(soft, dtype=np.float64)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    if x.ndim != 2 or y.shape != (len(x),) or w.shape != (len(x),):
        raise BadTargets(f"states {x.shape}, targets {y.shape}, weights {w.shape}; give [n, h], [n] and [n]")
    if min((w * y).sum(), (w * (1.0 - y)).sum()) <= 0:
        raise BadTargets("all targets are of one class; a probe needs some of both")
    return x, y, w


def _standard(x: FloatArray, w: FloatArray, odd: bool) -> tuple[FloatArray, float]:
    """Origin [h] and spread: one number, since states come in a basis whose single coordinates mean nothing."""
    origin = np.zeros(x.shape[1]) if odd else np.average(x, axis=0, weights=w)
    spread = float(np.sqrt(np.average((x - origin) ** 2, axis=0, weights=w).mean()))
    return origin, spread if spread > 1e-12 else 1.0


def _with_constant(direction: FloatArray, origin: FloatArray, constant: float) -> Probe:
    """A probe with an intercept: the origin moves along the direction until the margin there is 0."""
    size = float(direction @ direction)
    return Probe(direction=direction, origin=origin if size == 0 else origin - direction * (constant / size))
