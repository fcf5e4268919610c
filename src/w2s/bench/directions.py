"""A seed names a direction of the weights within one run only, so that nobody knows beforehand what it does there.

Were the direction the same everywhere, what a move along it does to log-odds could be worked out from a published
checkpoint: each seed would be one more known number about an item, and they cost no template.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from w2s import bounds


def in_run(secret: bytes, directions: Mapping[int, float]) -> dict[int, float]:
    """`directions`, each seed replaced by the one that a run's `secret` gives it; weights stay.

    The same seed is the same direction throughout the run, so that a move is undone by the opposite one.

    >>> here, there = in_run(b"salt", {1: 0.5}), in_run(b"another", {1: 0.5})
    >>> here == in_run(b"salt", {1: 0.5}), here == there
    (True, False)
    """
    key = hmac.digest(secret, b"directions", "sha256")
    return {_seed(key, seed): weight for seed, weight in directions.items()}


def _seed(key: bytes, seed: int) -> int:
    return int.from_bytes(hmac.digest(key, str(seed).encode(), "sha256")[:8], "big") % bounds.SEEDS
