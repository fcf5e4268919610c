"""Training seeds of the splits never meet: what was tried in practice or on dev is not what confirms a record."""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Mapping

from w2s.records import SplitName

COMPANIONS = 2
"""Supervisors that a run may ask besides its own."""
_FIRST_COMPANION = 10_000
_STUDENTS = 1_000_000
"""Distance between the numbers of two students of one supervisor; above the number of every supervisor."""

_CODES: Mapping[SplitName, int] = {"practice": 0, "dev": 1, "sealed": 2}


def supervisors_of(k: int) -> tuple[int, ...]:
    """The supervisors of run `k` of any submission on a split, its own first.

    No supervisor serves two runs, so that runs stay independent of each other.

    >>> supervisors_of(0), supervisors_of(3)
    ((0, 10000, 10001), (3, 10006, 10007))
    """
    first = _FIRST_COMPANION + COMPANIONS * k
    return (k, *range(first, first + COMPANIONS))


def pair_index(k: int, student: int = 0) -> int:
    """The number of the pair of supervisor `k` and its `student`-th student; the first one's is `k`.

    >>> pair_index(3), pair_index(3, 2)
    (3, 2000003)
    """
    return k + _STUDENTS * student


def supervisor_of(pair: int) -> int:
    """The supervisor of a numbered pair.

    >>> supervisor_of(pair_index(3, 2))
    3
    """
    return pair % _STUDENTS


def pair_of(supervisor: int) -> int:
    """The supervisor itself, or for a companion the one whose it is: what says which part of a split it is about.

    >>> [pair_of(supervisor) for supervisor in supervisors_of(3)]
    [3, 3, 3]
    """
    return supervisor if supervisor < _FIRST_COMPANION else (supervisor - _FIRST_COMPANION) // COMPANIONS


def split_seed(secret: bytes, purpose: str, split: SplitName) -> int:
    """The 31-bit seed that `secret` gives for `purpose` on `split`.

    Under one secret no seed serves two splits. Which split a seed is for is a keyed hash of it, since a method
    sees its seed: without the secret dev and sealed cannot be told apart by it.
    """
    for attempt in itertools.count():
        seed = int.from_bytes(_digest(secret, f"{purpose}|{split}|{attempt}")[:4], "big") >> 1
        if int.from_bytes(_digest(secret, f"split of {seed}")[:8], "big") % len(_CODES) == _CODES[split]:
            return seed
    raise AssertionError("unreachable: one draw in three is of the split")


def _digest(secret: bytes, words: str) -> bytes:
    return hmac.digest(secret, words.encode(), "sha256")
