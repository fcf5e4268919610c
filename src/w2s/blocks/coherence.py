"""A labelling is coherent when each label can be predicted from all the others and none contradict each other.

Internal coherence maximisation (2506.10139) asks a language model for the likelihood of each label with the other
labelled items in its context. A method here sees no text, so a probe of the frozen model's hidden states stands
for the context: fitted to all labels but one, in closed form, it is added to what the model says with no context
at all (its zero-shot log-odds).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s.blocks.annealing import replaced
from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray

_LEAST_SPREAD = 0.05


class Coherence:
    """Score of labellings of n claims: `weight` * mean log-probability of each label given the others - contradictions.

    `states` [n, h] are odd in the claim where claims have an order (`odd`); `prior` [n] is the log-odds before any
    label; `groups` [n] names the question of each claim, and two claims of one question cannot both be true
    (None: nothing contradicts). Labels are 0, 1, or -1 for none. The mean, not the source's sum, so that a
    labelling does not lose by labelling more items.
    """

    def __init__(
        self,
        states: FloatArray,
        prior: FloatArray,
        *,
        groups: IntArray | None = None,
        weight: float = 50.0,
        penalty: float = 1.0,
        odd: bool = False,
    ) -> None:
        x = np.asarray(states, dtype=np.float64)
        before = np.asarray(prior, dtype=np.float64)
        if x.ndim != 2 or before.shape != (len(x),) or not np.isfinite(x).all():
            raise BadTargets(f"states {x.shape} and prior {before.shape}; give finite [n, h] and [n]")
        if not odd:
            x = np.hstack([x - x.mean(axis=0), np.ones((len(x), 1))])
        spread = np.sqrt((x**2).mean(axis=0))
        self._x = x / np.where(spread > 1e-9, spread, 1.0)
        self._prior, self._groups = before, groups
        self._weight, self._penalty = weight, penalty
        self._last: tuple[bytes, FloatArray] | None = None

    def __call__(self, labels: IntArray) -> float:
        """Score of a labelling [n]; 0 less its contradictions where nothing is labelled."""
        known = labels >= 0
        if not known.any():
            return 0.0
        toward = np.where(labels[known] == 1, 1.0, -1.0) * self.log_odds(labels)[known]
        return self._weight * float(-np.logaddexp(0.0, -toward).mean()) - self.contradictions(labels)

    def log_odds(self, labels: IntArray) -> FloatArray:
        """Log-odds of class 1 of each claim given the labels of all others, [n].

        Ridge regression on -1 and 1 predicts each claim without itself (m, in closed form); with the mean squared
        error s2 of these predictions, Gaussian errors make the log-odds prior + 2 m / s2.
        """
        key = labels.tobytes()
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        known = labels >= 0
        x, aim = self._x[known], np.where(labels[known] == 1, 1.0, -1.0)
        gram = x.T @ x + self._penalty * np.eye(x.shape[1])
        solved = np.linalg.solve(gram, np.column_stack([x.T @ aim, self._x.T]))
        margin = self._x @ solved[:, 0]
        leverage = np.einsum("nh,hn->n", x, solved[:, 1:][:, known])
        rest = np.maximum(1.0 - leverage, 1e-9)
        margin[known] = (margin[known] - leverage * aim) / rest
        error = float(((aim - margin[known]) ** 2).mean()) if known.any() else 1.0
        posterior = self._prior + 2.0 * margin / max(error, _LEAST_SPREAD)
        self._last = key, posterior
        return posterior

    def contradictions(self, labels: IntArray) -> int:
        """Number of pairs of claims about one question that are both labelled true."""
        if self._groups is None:
            return 0
        _, count = np.unique(self._groups[labels == 1], return_counts=True)
        return int((count * (count - 1) // 2).sum())

    def propose(self, labels: IntArray, i: int) -> Sequence[IntArray]:
        """The likelier label for claim `i`; where that contradicts others, they become false, or `i` does."""
        if self.log_odds(labels)[i] <= 0:
            return [replaced(labels, i, 0)]
        true = replaced(labels, i, 1)
        if self._groups is None:
            return [true]
        rivals = np.flatnonzero((self._groups == self._groups[i]) & (labels == 1))
        rivals = rivals[rivals != i]
        return [true] if len(rivals) == 0 else [replaced(true, rivals, 0), replaced(labels, i, 0)]


def principal(states: FloatArray, *, dimensions: int = 32) -> FloatArray:
    """States [n, h] along their `dimensions` directions of largest variance (about 0), [n, at most dimensions].

    Probes that are refitted thousands of times want few dimensions.
    """
    x = np.asarray(states, dtype=np.float64)
    values, vectors = np.linalg.eigh(x.T @ x)
    return np.asarray(x @ vectors[:, np.argsort(-values)[:dimensions]])
