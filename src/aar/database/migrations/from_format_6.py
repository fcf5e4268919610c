"""Charges of formats 4 to 6 in the form of format 7: whole billionths of a dollar, each kind of token by itself.

Until format 6 all that was read was one number, cached input included, and counted in full. Pure functions of plain
values, which no later format changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def charge(old: Mapping[str, Any]) -> dict[str, Any]:
    """A charge.

    >>> charge({"key": "a", "input_tokens": 10, "output_tokens": 2, "money_usd": 0.5})["nano_usd"]
    500000000
    """
    kept = {name: value for name, value in old.items() if name != "money_usd"}
    return {
        **kept,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "reasoning_tokens": 0,
        "weighted_tokens": old["input_tokens"] + old["output_tokens"],
        "nano_usd": round(old["money_usd"] * 10**9),
    }
