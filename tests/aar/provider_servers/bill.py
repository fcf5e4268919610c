"""The bill of a provider: each answered request with its tokens, as a real one would count and price them."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from typing import Any

LETTERS_A_TOKEN = 4
LEAST_CACHED = 64
"""A prefix shorter than this many tokens is not cached."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one request; `output` includes `reasoning`, `uncached` leaves out what the cache read and wrote."""

    model: str
    uncached: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int = 0
    whole: bool = True
    """False for an answer that was cut off on its way."""

    @property
    def context(self) -> int:
        """All that was read."""
        return self.uncached + self.cache_read + self.cache_write


def tokens_of(content: Any) -> int:
    """Tokens of a part of a request or of an answer."""
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    return max(1, -(-len(text) // LETTERS_A_TOKEN))


@dataclass
class Bill:
    """What was billed, in order. Each request finds the longest prefix of its parts that an earlier one left cached."""

    writes: bool
    """Whether what is written to the cache is billed as such (Anthropic), or as ordinary input (OpenAI)."""
    calls: list[Usage] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def input_of(self, model: str, parts: list[Any], *, caches: bool) -> Usage:
        """Tokens of a request's input, of which nothing is billed yet; its parts are cached from now on."""
        sizes = [tokens_of(part) for part in parts]
        written = [json.dumps(part, sort_keys=True) for part in parts]
        keys = [model + "".join(written[: place + 1]) for place in range(len(parts))]
        total = sum(sizes)
        with self._lock:
            known = [place for place, key in enumerate(keys) if key in self._seen]
            read = sum(sizes[: max(known) + 1]) if known else 0
            if not caches or total < LEAST_CACHED:
                return Usage(model, total, 0, 0, 0)
            self._seen.update(keys)
        write = total - read if self.writes else 0
        return Usage(model, total - read - write, read, write, 0)

    def add(self, usage: Usage) -> int:
        """Bill a request; its place among the calls."""
        with self._lock:
            self.calls.append(usage)
            return len(self.calls) - 1

    def cut(self, place: int) -> None:
        """Note that a billed answer did not arrive whole."""
        with self._lock:
            self.calls[place] = replace(self.calls[place], whole=False)

    def usd(
        self, prices: dict[str, tuple[float, float, float, float]], *, whole: bool | None = None
    ) -> float:
        """US dollars, by prices of (input, output, cache read, cache write) in dollars a million tokens by model.

        With `whole` only answers that arrived whole, or only the others.
        """
        return (
            sum(
                one.uncached * prices[one.model][0]
                + one.output * prices[one.model][1]
                + one.cache_read * prices[one.model][2]
                + one.cache_write * prices[one.model][3]
                for one in self.calls
                if whole is None or one.whole == whole
            )
            / 1e6
        )
