"""Number and places of wrong weak labels, estimated from a student's out-of-fold answers, without truth.

"Given" labels are the weak ones, 0.0 or 1.0, [n]; `soft` [n] is some student's probability of class 1, which
must come from a student that did not learn the item (`ensembles.out_of_fold`) or has not learnt it by heart yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s.errors import BadTargets
from w2s.records import FloatArray, IntArray


@dataclass(frozen=True)
class Joint:
    """Estimated joint distribution of given and true class: `joint` [given, true], which sums to 1.

    `thresholds` [class] are the mean probability of a class among the items that were given it; `counts`
    [given, true] the items that were counted, those above no threshold left out.
    """

    joint: FloatArray
    thresholds: FloatArray
    counts: IntArray

    @property
    def noise(self) -> float:
        """Share of the items whose given label is estimated to be wrong."""
        return float(self.joint[0, 1] + self.joint[1, 0])

    def weights(self, given: FloatArray) -> FloatArray:
        """Weight of each item that is kept, [n]: 1 / P(given i | true i), which undoes what was pruned of a class.

        A class of which nothing was counted as right gets weight 1.
        """
        right = np.diag(self.joint)
        each = np.where(right > 0, self.joint.sum(axis=0) / np.where(right > 0, right, 1.0), 1.0)
        return np.asarray(each[_classes(given)])


def confident_joint(given: FloatArray, soft: FloatArray) -> Joint:
    """Joint distribution of given and true labels by confident learning.

    t_c = mean P(c) among the items given c. An item is counted as truly c where P(c) >= t_c, the likelier class
    where both are, not at all where neither is. Each given class's row of counts is scaled to as many items as
    were given it, then all to sum 1. A threshold of each class's own means that a student which is generally
    unsure of a class, or fond of it, is not held against its items. Raises `BadTargets` where only one class
    was given. Source: Northcutt, Jiang and Chuang 2021 (1911.00068).

    >>> found = confident_joint(np.array([1.0, 1.0, 0.0, 0.0, 0.0]), np.array([0.9, 0.8, 0.3, 0.1, 0.9]))
    >>> found.counts.tolist(), found.joint.round(2).tolist()
    ([[2, 1], [0, 1]], [[0.4, 0.2], [0.0, 0.4]])
    """
    classes, p = _classes(given), _probabilities(soft, len(given))
    each = np.stack([1.0 - p, p])
    sizes = np.bincount(classes, minlength=2)
    if sizes.min() == 0:
        raise BadTargets(
            f"all {len(p)} given labels are of one class, so no threshold can be set for the other"
        )
    thresholds = np.array([each[c][classes == c].mean() for c in (0, 1)])
    above = each >= thresholds[:, None] - 1e-12  # a mean of equal numbers may come out a bit above them
    true = np.where(above.all(axis=0), p > 0.5, above[1]).astype(np.int64)
    counts = np.zeros((2, 2), dtype=np.int64)
    np.add.at(counts, (classes[above.any(axis=0)], true[above.any(axis=0)]), 1)
    rows = counts.sum(axis=1, keepdims=True)
    share = np.where(rows > 0, counts / np.maximum(rows, 1), np.eye(2))
    return Joint(joint=share * (sizes / len(p))[:, None], thresholds=thresholds, counts=counts)


def prune(given: FloatArray, soft: FloatArray, joint: Joint) -> IntArray:
    """Indices, ascending, of the items that stay once as many of each given class are dropped as `joint` says.

    Of the items given c those with the smallest P(c) go, n * joint[c, other] of them (rounded), so the number
    comes from the joint and the choice from the ranking. With two classes pruning by class, by noise rate
    (largest P(other) - P(c)) and by both are one and the same. One item of each class always stays. Source:
    1911.00068, section 3.2.
    """
    classes, p = _classes(given), _probabilities(soft, len(given))
    own = np.where(classes == 1, p, 1.0 - p)
    kept = np.ones(len(p), dtype=np.bool_)
    for c in (0, 1):
        members = np.flatnonzero(classes == c)
        wrong = min(round(len(p) * float(joint.joint[c, 1 - c])), max(len(members) - 1, 0))
        kept[members[np.argsort(own[members], kind="stable")[:wrong]]] = False
    return np.flatnonzero(kept).astype(np.int64)


def expected_rate(soft: FloatArray) -> float:
    """Share of the hard labels that a calibrated supervisor itself expects to be wrong: mean of min(p, 1 - p).

    Too small where the supervisor is too sure of itself, as fine-tuned models often are.

    >>> round(expected_rate(np.array([0.9, 0.3])), 3)
    0.2
    """
    p = _probabilities(soft, len(soft))
    return float(np.minimum(p, 1.0 - p).mean())


def remembered(done: int, *, noise: float, ramp: int) -> float:
    """Share of the items that co-teaching learns after `done` epochs: 1 - noise * min(1, done / ramp).

    Everything at first, since a network learns what is common before it learns what is wrong; without the
    `noise` share once `ramp` epochs are done. Source: 1804.06872, R(T).

    >>> [round(remembered(done, noise=0.4, ramp=2), 2) for done in (0, 1, 2, 3)]
    [1.0, 0.8, 0.6, 0.6]
    """
    if not 0 <= noise < 1 or ramp < 1 or done < 0:
        raise BadTargets(f"noise {noise} is a share below 1, ramp {ramp} and done {done} count epochs")
    return 1.0 - noise * min(1.0, done / ramp)


def small_loss(given: FloatArray, soft: FloatArray, *, share: float) -> IntArray:
    """Indices, ascending, of the `share` of all items whose given label the student finds likeliest.

    The loss is the cross-entropy of `soft` against the given label, which may be a probability too. At least
    one item stays.

    >>> small_loss(np.array([1.0, 1.0, 0.0]), np.array([0.9, 0.2, 0.4]), share=2 / 3).tolist()
    [0, 2]
    """
    if not 0 < share <= 1:
        raise BadTargets(f"share {share} is a fraction of the items; give a number above 0, at most 1")
    p = np.clip(_probabilities(soft, len(given)), 1e-9, 1.0 - 1e-9)
    y = _probabilities(given, len(p))
    loss = -(y * np.log(p) + (1.0 - y) * np.log1p(-p))
    count = max(1, round(share * len(p)))
    return np.sort(np.argsort(loss, kind="stable")[:count]).astype(np.int64)


def _classes(given: FloatArray) -> IntArray:
    labels = np.asarray(given, dtype=np.float64)
    if labels.ndim != 1 or not np.isin(labels, (0.0, 1.0)).all():
        raise BadTargets(f"given labels of shape {labels.shape}; give 0 or 1 for each item")
    return labels.astype(np.int64)


def _probabilities(soft: FloatArray, n: int) -> FloatArray:
    p = np.asarray(soft, dtype=np.float64)
    if p.shape != (n,) or n == 0 or not ((p >= 0) & (p <= 1)).all():
        raise BadTargets(f"soft of shape {p.shape} for {n} items; give a probability of class 1 for each")
    return p
