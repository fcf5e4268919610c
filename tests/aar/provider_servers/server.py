"""The server of all three protocols: it checks the key, injects faults, asks the script, and bills."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from provider_servers import chat, messages, responses
from provider_servers.answers import Answer, Cut, Refuse, Script, Turn, Use
from provider_servers.bill import Bill, Usage, tokens_of
from provider_servers.faults import OVERFLOW, Fault, Way, error

KEY = "a-key-of-the-test"
PROTOCOLS = {"/v1/messages": messages, "/v1/responses": responses, "/v1/chat/completions": chat}
COUNTS = ("/v1/messages/count_tokens", "/v1/responses/input_tokens")
SLOW_SECONDS = 0.02


def ENVIRONMENT(url: str, key: str = KEY) -> dict[str, str]:
    """Variables with which Inspect's providers anthropic, openai and openai-api/local reach this server."""
    return {
        "ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": url,
        "OPENAI_API_KEY": key, "OPENAI_BASE_URL": f"{url}/v1",
        "LOCAL_API_KEY": key, "LOCAL_BASE_URL": f"{url}/v1",
    }  # fmt: skip


@dataclass
class Provider:
    """A provider for tests.

    Attributes:
        script: The next answer to each request.
        fault: The fault of the n-th request (from 0) at some seconds since the first one; None: it is answered.
        keys: Keys that it takes.
        window: Tokens of input that a model reads at most.
        counts: Whether it counts tokens for callers; False: 404, as many gateways answer.
        bill: What it billed.
        requests: The time of each request for an answer, in seconds since the first, and its status (0: none came).
        turns: Each request that reached the script.
        counted: Requests for a count of tokens.
        served: When it began to listen, in seconds of a monotonic clock.
    """

    script: Script
    fault: Callable[[int, float], Fault | None] = lambda number, seconds: None
    keys: set[str] = field(default_factory=lambda: {KEY})
    window: int = 200_000
    counts: bool = True
    bill: Bill = field(default_factory=lambda: Bill(writes=True))
    requests: list[tuple[float, int]] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    counted: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    served: float = 0.0
    _first: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def first_after(self) -> float | None:
        """Seconds between the begin of its listening and the first request; None without any."""
        return None if self._first is None else self._first - self.served

    def arrived(self) -> tuple[int, float]:
        """Number of a request, and the seconds since the first one."""
        with self._lock:
            now = time.monotonic()
            self._first = now if self._first is None else self._first
            self.requests.append((now - self._first, 0))
            return len(self.requests) - 1, now - self._first

    def ended(self, number: int, status: int) -> None:
        """Note the status of a request."""
        with self._lock:
            self.requests[number] = (self.requests[number][0], status)

    def asked(self, protocol: Any, body: dict[str, Any], key: str) -> tuple[int, Answer]:
        """The number of this answer, and the script's answer."""
        found, tools = protocol.read(body)
        most = body.get("max_tokens") or body.get("max_output_tokens") or body.get("max_completion_tokens")
        with self._lock:
            turn = Turn(
                len(self.turns),
                str(body["model"]),
                tuple(found),
                tuple(tools),
                most,
                bool(body.get("stream")),
                key,
                body,
            )
            self.turns.append(turn)
        return turn.number, self.script(turn)

    @property
    def context_overflow(self) -> Fault:
        """What a request beyond the window is answered."""
        return replace(OVERFLOW, message=f"prompt is too long: more than {self.window} tokens maximum")


def _output(answer: Answer) -> tuple[int, int]:
    """Tokens that an answer has, with reasoning, and its reasoning."""
    reasoning = getattr(answer, "reasoning_tokens", 0)
    text = tokens_of(answer.text) if answer.text else 0
    match answer:
        case Use(calls):
            text += sum(tokens_of(name) + tokens_of(given) for name, given in calls)
        case Cut(_, (name, given)):
            text += tokens_of(name) + tokens_of(given)
        case Refuse():
            pass
    return text + reasoning, reasoning


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider
    _billed: int | None = None

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        path = self.path.partition("?")[0]
        if path in COUNTS:
            self._count(path, body)
        elif path in PROTOCOLS:
            number, seconds = self.provider.arrived()
            status, self._billed = 0, None
            try:
                status = self._answer(PROTOCOLS[path], body, self.provider.fault(number, seconds))
            except (BrokenPipeError, ConnectionResetError):
                if self._billed is not None:
                    self.provider.bill.cut(self._billed)
            self.provider.ended(number, status)
        else:
            self._json(404, {"error": {"message": f"nothing at {path}"}})

    def _count(self, path: str, body: dict[str, Any]) -> None:
        self.provider.counted += 1
        if not self.provider.counts:
            self._json(404, {"error": {"message": "nothing here"}})
            return
        protocol = PROTOCOLS[path.rpartition("/")[0]]
        self._json(
            200,
            {"input_tokens": sum(map(tokens_of, protocol.parts(body))), "object": "response.input_tokens"},
        )

    def _answer(self, protocol: Any, body: dict[str, Any], fault: Fault | None) -> int:
        """Answer a request; the status."""
        provider = self.provider
        key = self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")
        if fault is not None and fault.way is Way.HANG:
            provider.closing.wait()
            self.close_connection = True
            return 0
        if fault is None and key not in provider.keys:
            fault = error(401)
        if fault is None and sum(map(tokens_of, protocol.parts(body))) > provider.window:
            fault = provider.context_overflow
        if fault is not None and fault.way is Way.STATUS:
            name = protocol.__name__.rpartition(".")[2]
            self._json(fault.status, fault.body(name), fault.headers)
            return fault.status
        number, answer = provider.asked(protocol, body, key)
        output, reasoning = _output(answer)
        read = provider.bill.input_of(str(body["model"]), protocol.parts(body), caches=protocol.caches(body))
        usage = replace(read, output=output, reasoning=reasoning)
        if fault is not None and fault.way is Way.DROPPED:
            self._dropped(protocol, answer, number, usage, stream=bool(body.get("stream")))
            return 0
        self._billed = provider.bill.add(usage)
        if fault is not None and fault.way is Way.ALTERED:
            self._json(200, fault.alter(protocol.whole(answer, number, usage)))
        elif fault is not None and fault.way is Way.BROKEN_OFF:
            self._broken_off(protocol, list(protocol.events(answer, number, usage)), fault)
        elif body.get("stream"):
            pause = SLOW_SECONDS if fault is not None else 0.0
            self._stream(protocol, protocol.events(answer, number, usage), pause=pause)
        else:
            self._json(200, protocol.whole(answer, number, usage))
        return 200

    def _dropped(self, protocol: Any, answer: Answer, number: int, usage: Usage, *, stream: bool) -> None:
        """The first half of the answer, of which half the output is billed, and then the connection ends."""
        self.provider.bill.add(replace(usage, output=usage.output // 2, reasoning=0, whole=False))
        self.close_connection = True
        if stream:
            half = list(protocol.events(answer, number, usage))
            self._stream(protocol, iter(half[: len(half) // 2]), pause=0.0, to_the_end=False)
            return
        data = json.dumps(protocol.whole(answer, number, usage)).encode()
        self._head(200, "application/json", {"content-length": str(len(data))})
        self.wfile.write(data[: len(data) // 2])

    def _broken_off(self, protocol: Any, events: list[tuple[str, Any]], fault: Fault) -> None:
        """All of a stream but its last two events, which say how it ended and what it used."""
        begun = events[:-2]
        if fault.status >= 400:
            begun.append(
                ("error" if protocol is messages else "", fault.body(protocol.__name__.rpartition(".")[2]))
            )
        self._stream(protocol, iter(begun), pause=0.0, to_the_end=False)
        self._chunk("")

    def _stream(
        self, protocol: Any, events: Iterator[tuple[str, Any]], *, pause: float, to_the_end: bool = True
    ) -> None:
        self._head(200, "text/event-stream", {"transfer-encoding": "chunked"})
        for name, data in events:
            self.provider.closing.wait(pause)
            text = f"event: {name}\n" if name else ""
            self._chunk(f"{text}data: {json.dumps({'type': name, **data} if name else data)}\n\n")
        if to_the_end:
            self._chunk("data: [DONE]\n\n" if protocol is chat else "")
            self._chunk("")

    def _chunk(self, text: str) -> None:
        if text or not self._last:
            self.wfile.write(f"{len(text.encode()):x}\r\n{text}\r\n".encode())
            self.wfile.flush()
            self._last = not text

    def _head(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self._last = False
        self.send_response(status)
        self.send_header("content-type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(status, "application/json", {"content-length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serve(provider: Provider, port: int = 0) -> Iterator[str]:
    """The provider on a port of loopback, a free one unless it is named; its URL without a path."""

    class Handler(_Handler):
        pass

    Handler.provider = provider
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    provider.served = time.monotonic()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        provider.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
