from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fake_lab import FakeLab, serve

from aar.database.progress import Activity
from aar.errors import LabUnreachable, NotAllowed, OverBudget, Refused
from aar.researchers import lab_client
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
        return httpx.Response(code, json={"code": kind, "detail": "because of this"})

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


def test_what_is_done_is_said_once() -> None:
    said: list[bytes] = []

    def hear(request: httpx.Request) -> httpx.Response:
        said.append(request.content)
        return httpx.Response(200, json={})

    async def work(lab: LabClient) -> None:
        for activity in (Activity.RESTING, Activity.RESTING, Activity.READING, Activity.RESTING):
            await lab.progress(activity)

    ask(hear, work)
    assert len(said) == 3


def in_lab(lab: FakeLab, question: Callable[[LabClient], Awaitable[Any]]) -> Any:
    async def main(url: str) -> Any:
        client = LabClient(url, "t")
        try:
            return await question(client)
        finally:
            await client.close()

    with serve(lab, {"t": "r1"}) as url:
        return asyncio.run(main(url))


def test_news_come_with_one_request_as_soon_as_there_are_any() -> None:
    lab = FakeLab(researchers=("r1",), minutes=60, minutes_a_look=0)

    async def wait(client: LabClient) -> float:
        await client.me()
        asyncio.get_running_loop().call_later(0.5, lab.posts.append, {"id": 1})
        started = time.monotonic()
        await client.news(wait_s=30)
        return time.monotonic() - started

    assert 0.4 < in_lab(lab, wait) < 3
    assert [what for what, _ in lab.requests] == ["GET /v1/me"] * 2


def test_what_changed_before_one_waits_is_news_at_once() -> None:
    lab = FakeLab(researchers=("r1",), minutes=60, minutes_a_look=0)

    async def wait(client: LabClient) -> Any:
        await client.me()
        lab.posts.append({"id": 1})
        return await asyncio.wait_for(client.news(wait_s=30), 3)

    in_lab(lab, wait)


def test_without_news_a_wait_ends_when_its_time_is_over() -> None:
    async def wait(client: LabClient) -> float:
        started = time.monotonic()
        await client.news(wait_s=1.0)
        return time.monotonic() - started

    assert 0.9 < in_lab(FakeLab(researchers=("r1",), minutes=60, minutes_a_look=0), wait) < 4
    assert 0.9 < in_lab(FakeLab(researchers=("r1",), minutes=60, minutes_a_look=0, versions=False), wait) < 4


def test_a_lab_that_does_not_hold_a_request_is_asked_ever_more_slowly() -> None:
    asked = 0

    def hasty(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"version": "1"})

    ask(hasty, lambda lab: lab.news(wait_s=4.0))
    assert asked < 8


def test_patience_begins_with_the_first_trouble_and_not_with_a_request_that_hung_for_long() -> None:
    asked = 0

    async def hanging(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.sleep(0.7)  # longer than the client's patience of half a second
        if asked < 3:
            raise httpx.ReadError("the lab restarts")
        return httpx.Response(200, json={"version": "1"})

    assert ask(hanging, lambda lab: lab.me()) == {"version": "1"}  # type: ignore[arg-type]
    assert asked == 3


@pytest.mark.parametrize(("code", "kind"), [(429, "NotNow"), (400, "BadRequest"), (403, "NotAllowed")])
def test_what_the_lab_declines_is_not_asked_again(code: int, kind: str) -> None:
    asked: list[str] = []

    def refusing(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(code, json={"code": kind, "detail": "no"})

    with pytest.raises(Refused):
        ask(refusing, lambda lab: lab.me())
    assert asked == ["/v1/me"]


def test_a_long_forum_is_read_to_its_newest_post(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_client, "PAGE", 2)

    def forum(request: httpx.Request) -> httpx.Response:
        after, limit = (int(request.url.params[name]) for name in ("after", "limit"))
        return httpx.Response(200, json={"posts": [{"id": i} for i in range(after + 1, 6)][:limit]})

    for after, expected in ((0, [1, 2, 3, 4, 5]), (3, [4, 5]), (5, [])):
        told = ask(forum, lambda client, after=after: client.forum(after))
        assert [post["id"] for post in told["posts"]] == expected
