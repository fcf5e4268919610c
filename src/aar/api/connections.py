"""Bounds on guests' connections: how many may be open, and how long one may be silent before its first request.

Covered: clients without a token that open connections and say nothing, or not all of a request's head, until the lab
has no file left to open. Not covered: one who fills every place with requests that hang, which need a token; a flood
of the network.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

MOST_OPEN = 500
SILENT_SECONDS = 10.0
"""Time for the head of the first request."""


@cache
def bounded() -> type[asyncio.Protocol]:
    """The class of a guest's connection: uvicorn's, with these bounds."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    class Guest(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        """One connection."""

        count = 0

        def connection_made(self, transport: Any) -> None:
            """Close one too many at once, and a silent one later."""
            super().connection_made(transport)
            Guest.count += 1
            self._silence = asyncio.get_running_loop().call_later(SILENT_SECONDS, self._close_if_silent)
            if Guest.count > MOST_OPEN:
                transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            """One place is free again."""
            Guest.count -= 1
            self._silence.cancel()
            super().connection_lost(exc)

        def _close_if_silent(self) -> None:
            if self.cycle is None:
                self.transport.close()

    return Guest
