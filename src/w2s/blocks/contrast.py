"""A direction that answers a statement and its negation oppositely, found without any label.

A contrast pair is one item shown as true and as false: for pairs the item and its swap; for proposed answers the
item followed by either label word. The side itself (which word, which order) is normalised away first, so that
what is left to tell the two apart is what the model holds of the item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from w2s.blocks import elicitation, targets
from w2s.errors import BadTargets
from w2s.records import FloatArray, Items

if TYPE_CHECKING:
    from w2s.bench import Bench, Student

States = npt.NDArray[np.floating]
TEMPLATE = "Question: {{question}}\nAnswer: {{choice}}\nLabel: {word}"
"""Prompt with a proposed answer and either label word at its end."""


@dataclass(frozen=True)
class ContrastProbe:
    """margin = direction . (plus' - minus') / 2, where ' is each side less its own mean, over its own spread.

    `loss` is what the search ended with. `direction` and `means` (of plus, of minus) have shape [h]; `spreads` are
    one number each, the root of the mean variance of the coordinates.
    """

    direction: FloatArray
    means: tuple[FloatArray, FloatArray]
    spreads: tuple[float, float]
    loss: float

    def __call__(self, plus: States, minus: States) -> FloatArray:
        """Log-odds that the item is as `plus` shows it, [n]: the mean of both sides' answers, in log-odds."""
        shown = [_scaled(s, m, d) for s, m, d in zip((plus, minus), self.means, self.spreads, strict=True)]
        return np.asarray((shown[0] - shown[1]) @ self.direction / 2.0)

    def towards(self, margin: FloatArray, plus: States, minus: States) -> ContrastProbe:
        """This probe or its opposite, whichever goes with `margin` [n] (weak labels): CCS cannot tell them apart."""
        sign = 1.0 if float(self(plus, minus) @ np.sign(margin)) >= 0 else -1.0
        return ContrastProbe(sign * self.direction, self.means, self.spreads, self.loss)


def ccs(
    plus: States, minus: States, *, rng: np.random.Generator, restarts: int = 10, penalty: float = 1e-3
) -> ContrastProbe:
    """Contrast-consistent search over states [n, h] of items shown as true and as false.

    Minimises the mean over items of (p+ - (1 - p-))^2 + min(p+, p-)^2 + penalty |direction|^2, where p is the
    logistic probability of a side, from `restarts` random starts of unit length; the lowest loss wins. The two
    sides are answered by one direction and one intercept (which the margin cancels). Its sign means nothing:
    see `towards`. L-BFGS instead of the source's AdamW, whose weight decay is the small penalty. The result does not
    depend on the basis of the states: each side is divided by one number (as the authors' code leaves out the
    variance of each coordinate unless asked for it), and starts are uniform in the span of the states. Source: Burns
    et al. 2022 (2212.03827).
    """
    x, y = np.asarray(plus, dtype=np.float64), np.asarray(minus, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape or len(x) < 2 or restarts < 1:
        raise BadTargets(f"plus {x.shape}, minus {y.shape}; give [n, h] for each, the same items in both")
    from scipy.optimize import minimize

    means, spreads = (x.mean(axis=0), y.mean(axis=0)), (_spread(x), _spread(y))
    x, y = _scaled(x, means[0], spreads[0]), _scaled(y, means[1], spreads[1])

    def objective(theta: FloatArray) -> tuple[float, FloatArray]:
        value, slope = _loss(theta, x, y)
        theta = np.append(theta[:-1], 0.0)
        return value + penalty * float(theta @ theta), slope + 2.0 * penalty * theta

    # V (U^T g) for normal g is uniform in the span and turns with the states; rows of g are items, not coordinates
    u, _, vt = np.linalg.svd(np.vstack([x, y]), full_matrices=False)
    fits = []
    for _ in range(restarts):
        start = np.append((rng.normal(size=len(u)) @ u) @ vt, 0.0)
        start /= np.linalg.norm(start)
        fits.append(minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}))
    best = min(fits, key=lambda result: float(result.fun))
    return ContrastProbe(np.asarray(best.x[:-1]), means, spreads, float(best.fun))


def sides(student: Student, items: Items, layer: int, labels: tuple[str, str]) -> tuple[States, States]:
    """States [n, h] of the items shown as class 1 and as class 0, after block `layer`.

    Pairs are shown in both orders under the testbed's prompt; proposed answers with the word of either class
    (`bench.labels`) at the end of `TEMPLATE`. Cost: two forward passes an item.
    """
    if elicitation.are_pairs(items):
        return student.hidden_states(items, layer), student.hidden_states(items.swapped(), layer)
    zero, one = (student.hidden_states(items, layer, template=TEMPLATE.format(word=word)) for word in labels)
    return one, zero


@dataclass(frozen=True)
class Reading:
    """Result of `read`: the probe, the layer it reads, and its margins of the unlabelled items [n], median 0."""

    probe: ContrastProbe
    layer: int
    margin: FloatArray
    usual: float

    def __call__(self, bench: Bench, student: Student, items: Items) -> FloatArray:
        """Margin of other items, less what was usual of the unlabelled ones, [n]."""
        return self.probe(*sides(student, items, self.layer, bench.labels)) - self.usual


def read(bench: Bench, student: Student, *, layers: list[int], restarts: int = 10) -> Reading:
    """CCS on the unlabelled items at each of `layers`: the one with the lowest loss, its sign from the weak labels.

    Cost: two forward passes an item and layer.
    """
    weak = targets.center(targets.logit(bench.weak.soft))
    best: tuple[float, int, ContrastProbe, FloatArray] | None = None
    for layer in layers:
        shown = sides(student, bench.unlabelled, layer, bench.labels)
        probe = ccs(*shown, rng=bench.rng, restarts=restarts).towards(weak, *shown)
        if best is None or probe.loss < best[0]:
            best = probe.loss, layer, probe, probe(*shown)
    if best is None:
        raise BadTargets("no layers to read; give at least one")
    usual = float(np.median(best[3]))
    return Reading(probe=best[2], layer=best[1], margin=best[3] - usual, usual=usual)


def _loss(theta: FloatArray, x: FloatArray, y: FloatArray) -> tuple[float, FloatArray]:
    """Value and gradient of the contrast-consistent loss at (direction, intercept)."""
    p, q = (targets.sigmoid(side @ theta[:-1] + theta[-1]) for side in (x, y))
    gap, least = p + q - 1.0, np.minimum(p, q)
    to_p = (2.0 * gap + 2.0 * least * (p <= q)) * p * (1.0 - p) / len(p)
    to_q = (2.0 * gap + 2.0 * least * (p > q)) * q * (1.0 - q) / len(p)
    slope = np.append(x.T @ to_p + y.T @ to_q, to_p.sum() + to_q.sum())
    return float(np.mean(gap**2 + least**2)), slope


def _spread(side: FloatArray) -> float:
    spread = float(np.sqrt(side.var(axis=0).mean()))
    return spread if spread > 1e-9 else 1.0


def _scaled(side: States, mean: FloatArray, spread: float) -> FloatArray:
    return np.asarray((np.asarray(side, dtype=np.float64) - mean) / spread)
