"""A short name for a text, the same everywhere."""

from __future__ import annotations

import hashlib


def digest(*words: str) -> str:
    """A short name for a text, the same everywhere.

    >>> digest("a") == digest("a") != digest("b")
    True
    """
    return hashlib.blake2b("\0".join(words).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
