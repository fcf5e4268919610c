"""The launcher and its lab speak over loopback alone, and whatever else answers ends nothing with a traceback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from aar.errors import AarError, PortInUse
from aar.launch.operator_client import OperatorClient
from aar.launch.reserved import listen

TOKEN = "token-of-the-operator"


class Stranger:
    """A program on the lab's port that answers everything with the same bytes, and keeps what it was sent."""

    def __init__(self) -> None:
        self.code, self.body, self.heard = 200, b"{}", []  # type: ignore[var-annotated]
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stranger.heard.append(self.headers.get("Authorization", ""))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(stranger.code)
                self.send_header("Content-Length", str(len(stranger.body)))
                self.end_headers()
                self.wfile.write(stranger.body)

            do_POST = do_GET

            def log_message(self, *arguments: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    found = Stranger()
    yield found
    found.close()


@pytest.fixture
def client(stranger: Stranger) -> Iterator[OperatorClient]:
    found = OperatorClient(stranger.url, TOKEN)
    yield found
    found.close()


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (500, b"Internal Server Error"),
        (500, b'{"code": "DiskFull", "detail": "no room"}'),
        (404, b"<html>not here</html>"),
        (200, b"<html>a router's page</html>"),
        (200, b"[1, 2]"),
        (200, b'{"hello": "world"}'),
        (200, b'{"version": "three"}'),
        (200, b"\xff\xfe\x00"),
        (302, b""),
    ],
)
def test_what_answers_otherwise_than_a_lab_is_no_status_and_is_named(
    stranger: Stranger, client: OperatorClient, code: int, body: bytes
) -> None:
    stranger.code, stranger.body = code, body
    assert client.status() is None
    assert client.trouble
    with pytest.raises(AarError):
        client.submit({"method.py": ""}, title="a method")
    stranger.code, stranger.body = 200, b'{"version": 3}'
    assert client.status() == {"version": 3}
    assert client.trouble == ""


def test_a_port_that_speaks_no_http_or_hangs_up_is_no_status() -> None:
    with listen(None) as rude:

        def hang_up() -> None:
            for answer in (b"SSH-2.0-OpenSSH_9.2\r\n", b""):
                connection, _ = rude.accept()
                connection.recv(100)
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        client = OperatorClient(f"http://127.0.0.1:{rude.getsockname()[1]}", TOKEN)
        assert client.status() is None
        assert client.status() is None
        client.close()


def test_no_proxy_hears_of_the_lab_or_its_tokens(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Stranger()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    stranger.body = b'{"version": 1}'
    client = OperatorClient(stranger.url, TOKEN)
    assert client.status() == {"version": 1}
    client.stopped("r1")
    client.close()
    proxy.close()
    assert proxy.heard == []
    assert stranger.heard == [f"Bearer {TOKEN}"] * 2


def test_while_the_launcher_holds_the_socket_nobody_else_gets_the_port() -> None:
    with listen(None) as mine:
        port = mine.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            listen(port)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", port))
