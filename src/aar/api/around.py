"""What surrounds every request: bodies are bounded before they are read, and what guests write is noted.

Written against ASGI itself: Starlette's class for this starts two tasks at each request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aar.api.mcp.server import PATH
from aar.api.refusals import TOO_LARGE, refusal
from aar.api.writes import Writes
from aar.errors import BadRequest

MOST_BODY_BYTES = 256 * 1024


class Around:
    """The ASGI application `app`, with bounded bodies and its writes noted in `writes`."""

    def __init__(self, app: ASGIApp, writes: Writes) -> None:
        self._app, self._writes = app, writes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or what else a server says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = TOO_LARGE

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        if (wrong := _unbounded(scope)) is not None:
            await refusal(wrong, TOO_LARGE)(scope, receive, send)
        else:
            await self._app(scope, receive, sent)
        # what an MCP tool asks of the lab comes by here itself
        if scope["method"] not in ("GET", "HEAD") and scope["path"] != PATH:
            caller = _state(scope).get("caller")
            if self._writes.keeps(caller):
                await asyncio.to_thread(self._writes.note, caller, scope["method"], scope["path"], status)


def _unbounded(scope: Scope) -> BadRequest | None:
    """What is wrong with a body that has no length or is beyond the bound; None where nothing is.

    With `Transfer-Encoding` the server would read chunks and pass over the length, so it is refused.
    """
    headers = Headers(scope=scope)
    if "transfer-encoding" in headers:
        return BadRequest("send the body whole, with its Content-Length")
    length = headers.get("content-length", "0")
    if scope["method"] == "POST" and (not length.isdigit() or not 1 <= int(length) <= MOST_BODY_BYTES):
        return BadRequest(f"a body of 1 to {MOST_BODY_BYTES} bytes with its length is needed")
    return None


def _state(scope: Scope) -> dict[str, Any]:
    state: dict[str, Any] = scope.get("state") or {}
    return state
