from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from aar.database.progress import Activity
from aar.errors import LabUnreachable, NotAllowed, OverBudget, Refused
from aar.researchers.lab_client import LabClient


def ask(
    handler: Callable[[httpx.Request], httpx.Response], question: Callable[[LabClient], Awaitable[Any]]
) -> Any:
    async def main() -> Any:
        client = LabClient("http://lab", "t", patience_s=0.5, transport=httpx.MockTransport(handler))
        try:
            return await question(client)
        finally:
            await client.close()

    return asyncio.run(main())


def test_a_lab_that_comes_back_is_asked_the_same_request_again() -> None:
    bodies: list[bytes] = []

    def restarting(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ConnectError("refused")
        if len(bodies) == 2:
            return httpx.Response(503)
        return httpx.Response(200, json={"submission": "s1"})

    made = ask(
        restarting, lambda lab: lab.submit({"method.py": ""}, title="t", summary="", parents=[], claim="")
    )
    assert made == {"submission": "s1"}
    assert len(set(bodies)) == 1, "one request id, so the lab can tell that it is the same request"


def test_a_lab_that_stays_away_is_unreachable() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(LabUnreachable, match="aar run --resume"):
        ask(gone, lambda lab: lab.me())


@pytest.mark.parametrize(
    ("code", "kind", "error"),
    [
        (403, "NotAllowed", NotAllowed),
        (429, "OverBudget", OverBudget),
        (404, "NotFound", Refused),
        (500, "X", Refused),
    ],
)
def test_a_refusal_has_the_labs_own_words(code: int, kind: str, error: type[Exception]) -> None:
    def refusing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(code, json={"error": kind, "message": "because of this"})

    with pytest.raises(error, match="because of this"):
        ask(refusing, lambda lab: lab.me())


def test_progress_is_lost_without_harm() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    ask(gone, lambda lab: lab.progress(Activity.THINKING))


def test_the_token_goes_with_every_request_and_is_not_shown() -> None:
    def check(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"saw": request.headers["authorization"]})

    assert ask(check, lambda lab: lab.me()) == {"saw": "Bearer t"}
    assert "Bearer" not in repr(LabClient("http://lab", "t"))


def test_waiting_ends_with_the_verdict() -> None:
    answers = iter(["pending", "pending", "verified"])

    def slow(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status": next(answers)})

    assert ask(slow, lambda lab: lab.submission("s1", wait_s=5.0)) == {"status": "verified"}
