"""Time spans as people write them: two units at most, and none of nought."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A time span with two units at most.

    >>> duration(421), duration(7300), duration(8.2), duration(120)
    ('7 min 1 s', '2 h 1 min', '8 s', '2 min')
    """
    rounded = max(0, round(seconds))
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        first, second = f"{rounded // 60} min", f" {rounded % 60} s" if rounded % 60 else ""
    else:
        minutes = rounded % 3600 // 60
        first, second = f"{rounded // 3600} h", f" {minutes} min" if minutes else ""
    return first + second
