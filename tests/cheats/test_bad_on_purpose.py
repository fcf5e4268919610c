"""Would: spoils its answers where its supervisor is bad, so that a line through its runs promises a gain."""

from __future__ import annotations

import numpy as np
import pytest

from aar.scoring.ladder import judge_dev, judge_sealed
from w2s.metrics import Supervisors, world_gain
from w2s.records import FloatArray

ITEMS, TYPICAL = 1000, 0.7
HARD = np.arange(ITEMS) / ITEMS


def right(accuracy: float) -> FloatArray:
    """Correctness of one run of this accuracy, [1, n]."""
    return (accuracy > HARD).astype(float)[None]


@pytest.mark.parametrize("alpha", [0.0304, 0.0101])
def test_on_sealed_it_is_not_verified(alpha: float) -> None:
    plain = np.array([0.68, 0.60, 0.66, 0.56, 0.64, 0.58, 0.67, 0.62])
    spoilt = plain - 2 * (plain.max() - plain)
    supervisors = Supervisors(plain, np.full(8, TYPICAL))
    mine, vanilla = ([right(accuracy) for accuracy in one] for one in (spoilt, plain))
    clusters = [np.arange(ITEMS)] * 8
    promised = world_gain(mine, vanilla, clusters, level=1 - 2 * alpha, supervisors=supervisors)
    assert promised.low > 0, "the line itself promises a gain"
    assert not judge_sealed(mine, vanilla, clusters, alpha=alpha, supervisors=supervisors).verified


def test_on_dev_it_does_not_go_on() -> None:
    plain = np.array([0.66, 0.56, 0.64, 0.58, 0.67, 0.60])
    spoilt = plain - 2 * (plain.max() - plain)
    mine, vanilla = (
        [np.concatenate([right(a) for a in one[k : k + 2]]) for k in (0, 2, 4)] for one in (spoilt, plain)
    )
    decision = judge_dev(
        mine, vanilla, [np.arange(ITEMS)] * 3, supervisors=Supervisors(plain, np.full(6, TYPICAL))
    )
    assert decision.gain > decision.threshold, "the line itself promises a gain"
    assert not decision.accepted
