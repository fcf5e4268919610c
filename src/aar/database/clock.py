"""One clock for every row, so that a test can say when something happened."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Seconds since 1970."""
    return time.time()


def iso(at: float) -> str:
    """A time as the ledger writes it: UTC, ISO 8601, milliseconds.

    >>> iso(0.25)
    '1970-01-01T00:00:00.250+00:00'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
