"""Training seeds of the splits never meet: what was tried in practice or on dev is not what confirms a record."""

from __future__ import annotations

from collections.abc import Mapping

from w2s.records import SplitName

_CODES: Mapping[SplitName, int] = {"practice": 0, "dev": 1, "sealed": 2}


def split_seed(digest: bytes, split: SplitName) -> int:
    """A 31-bit seed from the first 4 bytes of `digest`; its last two bits say which split it is for.

    >>> [split_seed(bytes(4), split) for split in ("practice", "dev", "sealed")]
    [0, 1, 2]
    """
    return (int.from_bytes(digest[:4], "big") >> 1) & ~3 | _CODES[split]
