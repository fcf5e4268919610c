"""What one call of a model can read and write at most: a bound on what a session claims of it.

Covered: claims far beyond any model, in an estimate or a count. Not covered: a claim within these bounds that is not
true. They are generous, because a true count must never be refused: some models are served with longer contexts than
their lists say.
"""

from __future__ import annotations

from dataclasses import dataclass

from aar.errors import NoPrice
from aar.prices import Tokens, listed

LEAST_ROOM, UNKNOWN_ROOM = 1_000_000, 2_000_000
"""Tokens that any model may read at least (some are served with more than is listed), and one of unknown length."""
MOST_WRITTEN = 128_000
"""Tokens of the longest answer that a provider offers."""


@dataclass(frozen=True)
class Room:
    """The most tokens that one call of a model can read, caches included, and write."""

    read: int
    written: int

    def holds(self, tokens: Tokens) -> bool:
        """True if one call can have used so many; a summary of a conversation may take two requests."""
        return tokens.read <= 2 * self.read and tokens.output_tokens <= 2 * self.written

    def bounded(self, estimate: Tokens) -> Tokens:
        """The estimate of a call, of which nothing is cached, with no more than there is room for."""
        return Tokens(
            input_tokens=min(estimate.input_tokens, self.read),
            output_tokens=min(estimate.output_tokens, self.written),
        )


def room(model: str) -> Room:
    """What one call of a model can read and write.

    >>> room("anthropic/claude-opus-4-5"), room("openai-api/local/m").read
    (Room(read=1000000, written=128000), 2000000)
    """
    try:
        window = listed(model).context_window
    except NoPrice:
        window = None
    return Room(UNKNOWN_ROOM if window is None else max(window, LEAST_ROOM), MOST_WRITTEN)
