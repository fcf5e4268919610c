"""Errors of providers' clients, whatever their classes, are one kind and one line without keys."""

from __future__ import annotations

import email.utils
import socket
import time
from typing import Any

import httpx
import pytest

from aar.database.progress import ProviderTrouble
from aar.researchers.provider_errors import MOST_DETAIL, classify


def of_status(status: int, message: str, **headers: str) -> Exception:
    """An error as SDKs make it: a status, a response with headers, and the body that came."""
    error: Any = RuntimeError(f"Error code: {status}")
    error.status_code = status
    error.response = httpx.Response(status, headers=headers)
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


def test_only_what_was_sent_and_cut_off_may_have_been_billed() -> None:
    refused: Exception = httpx.ConnectError("refused")
    refused.__cause__ = ConnectionRefusedError("nobody listens")
    assert not classify(refused).cut_off
    assert classify(httpx.RemoteProtocolError("peer closed connection")).cut_off
    assert not classify(of_status(529, "Overloaded")).cut_off


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
