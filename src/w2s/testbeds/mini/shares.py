"""Shares of a world's facts that are exact, whatever the world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Key = TypeVar("Key")


def cut(keys: Sequence[Key], count: float) -> tuple[list[Key], list[Key]]:
    """The first `count` keys, rounded, and the rest.

    >>> cut("abcde", 0.4 * 5)
    (['a', 'b'], ['c', 'd', 'e'])
    """
    return list(keys[: round(count)]), list(keys[round(count) :])
