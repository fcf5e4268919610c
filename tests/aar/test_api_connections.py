"""Connections of guests that say nothing are closed, and there is an end to how many may be open."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from aar.api import connections


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "MOST_OPEN", 4)
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.5)
    connections.bounded.cache_clear()

    async def answer(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"ok"})  # type: ignore[operator]

    config = uvicorn.Config(answer, port=0, log_config=None, lifespan="off", http=connections.bounded())
    web = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=(web.serve(),), daemon=True)
    thread.start()
    while not web.started:
        time.sleep(0.01)
    yield web.servers[0].sockets[0].getsockname()[1]
    web.should_exit = True
    thread.join(10)
    connections.bounded.cache_clear()


def says(connection: socket.socket) -> bytes:
    """What comes within ten seconds; nothing where the other side closes."""
    connection.settimeout(10)
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_who_says_nothing_is_closed_and_who_asks_is_answered(port: int) -> None:
    silent, half = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
    half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    with socket.create_connection(("127.0.0.1", port)) as asks:
        asks.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert says(asks).startswith(b"HTTP/1.1 200")
    assert says(silent) == b""
    assert b"200" not in says(half)
    silent.close()
    half.close()


def test_one_too_many_is_closed_at_once_and_a_place_becomes_free(port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    time.sleep(0.1)
    with socket.create_connection(("127.0.0.1", port)) as one_more:
        assert says(one_more) == b""
    for connection in held:
        assert says(connection) == b"", "they said nothing"
        connection.close()
    with socket.create_connection(("127.0.0.1", port)) as asks:
        asks.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert says(asks).startswith(b"HTTP/1.1 200")
