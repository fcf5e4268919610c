"""Errors of providers' clients, whatever their classes, are one kind and one line without keys."""

from __future__ import annotations

import email.utils
import json
import socket
import time
from typing import Any

import httpx
import pytest

from aar.database.progress import ProviderTrouble
from aar.researchers.provider_errors import MOST_DETAIL, classify, spoken


def of_status(status: int, message: str, **headers: str) -> Exception:
    """An error as SDKs make it: a status, a response with headers, and the body that came."""
    error: Any = RuntimeError(f"Error code: {status}")
    error.status_code = status
    error.response = httpx.Response(
        status, headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    )
    error.body = {"error": {"message": message}}
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_status(429, "You exceeded your current quota, please check your plan"), "no_credit"),
        (of_status(429, "slow down"), "rate_limited"),
        (of_status(413, "too many input tokens"), "context_overflow"),
        (of_status(422, "temperature must be below 2"), "refused_request"),
        (of_status(503, "maximum context of humour reached"), "overloaded"),
        (ConnectionResetError("reset"), "unreachable"),
        (socket.gaierror("no such host"), "unreachable"),
        (httpx.ReadTimeout("slow"), "unreachable"),
        (TypeError("a bug of ours"), "other"),
        (OSError(28, "No space left on device"), "other"),
    ],
)
def test_a_kind_for_each(error: Exception, kind: str) -> None:
    assert classify(error).kind is ProviderTrouble(kind)


def test_googles_and_amazons_errors_are_read_as_well() -> None:
    google: Any = RuntimeError("503 UNAVAILABLE")
    google.code = 503
    assert classify(google).kind is ProviderTrouble.OVERLOADED
    amazon: Any = RuntimeError("ThrottlingException")
    amazon.response = {"ResponseMetadata": {"HTTPStatusCode": 429}, "Error": {"Code": "ThrottlingException"}}
    assert classify(amazon).kind is ProviderTrouble.RATE_LIMITED


def test_no_key_and_no_second_line_reach_the_lab() -> None:
    words = "Incorrect API key provided: sk-proj-abc***xyz9.\nYou can find it\x1b[31m at ... " + "x" * 1000
    failure = classify(of_status(401, words))
    assert failure.kind is ProviderTrouble.UNAUTHORISED
    assert failure.permanent
    assert failure.detail.startswith("HTTP 401: Incorrect API key provided: [key]")
    assert "\n" not in failure.detail
    assert "\x1b" not in failure.detail
    assert len(failure.detail) <= MOST_DETAIL


def test_the_wait_that_a_provider_asks_for_is_read_in_each_form() -> None:
    assert classify(of_status(429, "x", **{"retry-after": "12"})).retry_after == 12.0
    assert classify(of_status(429, "x", **{"retry-after-ms": "2500"})).retry_after == 2.5
    later = email.utils.formatdate(time.time() + 3600, usegmt=True)
    told = classify(of_status(429, "x", **{"retry-after": later})).retry_after
    assert told is not None
    assert 3000 < told <= 3600
    assert classify(of_status(429, "x", **{"retry-after": "soon"})).retry_after is None


def test_whatever_was_sent_may_have_been_billed_unless_a_status_refused_it() -> None:
    refused: Exception = httpx.ConnectError("refused")
    refused.__cause__ = ConnectionRefusedError("nobody listens")
    assert not classify(refused).cut_off
    assert not classify(of_status(529, "Overloaded")).cut_off
    assert not classify(of_status(999, "Overloaded")).cut_off
    assert classify(httpx.RemoteProtocolError("peer closed connection")).cut_off
    assert classify(json.JSONDecodeError("Expecting value", "<html>", 0)).cut_off
    assert classify(TypeError("'NoneType' object is not subscriptable")).cut_off
    assert classify(of_status(200, "an error that came as an answer")).cut_off


@pytest.mark.parametrize(
    ("named", "kind"), [("overloaded_error", "overloaded"), ("rate_limit_error", "rate_limited")]
)
def test_an_error_within_a_stream_is_no_refusal_whatever_status_it_is_given_later(
    named: str, kind: str
) -> None:
    events = {"content-type": "text/event-stream; charset=utf-8"}
    given_one = of_status(529 if kind == "overloaded" else 429, "slow down", **events)
    assert classify(given_one).kind is ProviderTrouble(kind)
    assert classify(given_one).cut_off
    plain: Any = of_status(200, "slow down", **events)
    plain.body = {"type": "error", "error": {"type": named, "message": "slow down"}}
    assert classify(plain).kind is ProviderTrouble(kind)
    assert classify(plain).cut_off


AFTER = (
    "-5", "nan", "inf", "-inf", "1e999", "9" * 400, "\xb2", "", " ", "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -0000", "Mon, 01 Jan 0001 00:00:00 -0000", "Mon, 01 Jan 0001 00:00:00 +2359",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 99 Foo 2020 99:99:99 GMT",
    "Mon, 01 Jan 2030 00:00:00 +99999999999999", "Mon, 01 Jan 2030 00:00:00 -99999999999999",
)  # fmt: skip


@pytest.mark.parametrize("name", ["retry-after", "retry-after-ms"])
@pytest.mark.parametrize("told", AFTER)
def test_no_wait_that_a_provider_names_stops_its_error_from_being_read(name: str, told: str) -> None:
    failure = classify(of_status(429, "slow down", **{name: told}))
    assert failure.kind is ProviderTrouble.RATE_LIMITED
    assert failure.retry_after is None or failure.retry_after >= 0.0


def test_no_body_and_no_class_stops_an_error_from_being_read() -> None:
    class Wordless(RuntimeError):
        status_code = 429

        def __str__(self) -> str:
            raise ValueError("no words")

    class Broken(RuntimeError):
        @property
        def response(self) -> None:
            raise KeyError("no response")

    assert classify(Wordless()).kind is ProviderTrouble.RATE_LIMITED
    assert classify(Broken("x")).kind is ProviderTrouble.OTHER
    deep: Any = {}
    for _ in range(2000):
        deep = {"message": [deep]}
    for body in (deep, {"error": deep}, {"error": [1]}, {"error": {"type": [], "message": {}}}, [], "x", 7):
        error: Any = of_status(429, "x")
        error.body = body
        assert classify(error).detail


@pytest.mark.parametrize(
    "text", ["token count ", "'message': '", "sk-", "Bearer ", '"message": "', "exceeds ", " \n", "AIza"]
)
def test_a_long_error_is_read_in_no_time(text: str) -> None:
    """A text ten times as long as the part that is read: looked at as a whole, some of these take minutes."""
    long = text * (1_000_000 // len(text))
    began = time.thread_time()
    classify(of_status(400, long))
    error: Any = RuntimeError(long)
    error.status_code = 400
    classify(error)
    spoken(long)
    assert time.thread_time() - began < 5.0


def test_of_a_connection_that_failed_it_is_told_what_happened_to_it() -> None:
    def below(first: Exception, *causes: Exception) -> Exception:
        at = first
        for cause in causes:
            at.__cause__ = cause
            at = cause
        return first

    refused = ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 9)")
    error = below(
        RuntimeError("Connection error."), httpx.ConnectError("All connection attempts failed"), refused
    )
    assert classify(error).detail == f"ConnectionRefusedError: {refused}"
    dropped = httpx.RemoteProtocolError("peer closed connection")
    assert classify(below(RuntimeError("Connection error."), dropped)).detail == (
        "RemoteProtocolError: peer closed connection"
    )
    assert classify(RuntimeError("Connection error.")).detail == "RuntimeError: Connection error."
    assert classify(TimeoutError("no answer within 2 s")).detail == "TimeoutError: no answer within 2 s"
