"""A researcher's line to the lab: patient while the lab restarts, and nothing is asked for twice."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity, EndReason, ProviderTrouble
from aar.errors import LabUnreachable, NotNow
from aar.researchers.lab_answers import Json, answer_of

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)

LONGEST_POLL_S = 60.0
"""Time that one request may wait for a change; longer waits are made of several."""
WITHOUT_VERSIONS_S = 5.0
"""Interval between requests for news to a lab that cannot tell whether there are any."""
SHORTEST_POLL_S, LONGEST_PAUSE_S = 0.5, 5.0
"""A lab that answers at once instead of when something changes is asked at this pace, slower each time."""

PAGE = 1000
"""Posts of one answer."""
SAY_SECONDS = 2.0
"""Time for something that the lab only shows."""
_RESTARTING = (502, 503, 504)
_STUMBLES = 3
_FIRST_PAUSE_S, _LONGEST_RETRY_S = 0.1, 2.0
"""Pauses between two tries of a request that a lab which is away did not answer."""


class _Away(Exception):
    """The lab did not answer as a lab does: it restarts, or is gone. The message is what came instead."""


class LabClient:
    """The lab's interface for one researcher.

    Reads are repeated and writes carry a `request_id`, so that a restart of the lab in the middle of a
    call costs time only. `patience_s` is how long the lab may be away before `LabUnreachable` is raised.
    A request that the lab declines, or fails on three times, raises `Refused` (or `NotAllowed`, `OverBudget`,
    `BadRequest`, `NotNow`) with the lab's own words.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        patience_s: float = 120.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        import httpx

        self.url = url
        self.patience_s = patience_s
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(LONGEST_POLL_S + 20.0, connect=5.0),
            transport=transport,
            trust_env=False,
        )
        self._me: Json = {}
        self._me_at = -math.inf
        self._doing: tuple[Activity, str] | None = None

    def __repr__(self) -> str:
        return f"LabClient({self.url!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _request(
        self, verb: str, path: str, *, params: Mapping[str, str] | None = None, body: Json | None = None
    ) -> Json:
        import stamina

        stumbles = 0

        async def once() -> Json:
            nonlocal stumbles
            response = await self._sent(verb, path, params=params, json=body)
            stumbles += response.status_code == 500
            if response.status_code in _RESTARTING or 0 < stumbles < _STUMBLES:
                raise _Away(f"HTTP {response.status_code}")
            return answer_of(response)

        try:
            return await once()
        except _Away as away:
            logger.info("the lab is away (%s); %s %s is asked again", away, verb, path)
            # patience begins with the first trouble: the request may have hung for a minute before, as it should
            await asyncio.sleep(_FIRST_PAUSE_S)
        try:
            async for attempt in stamina.retry_context(
                on=_Away,
                attempts=None,
                timeout=self.patience_s,
                wait_initial=_FIRST_PAUSE_S,
                wait_max=_LONGEST_RETRY_S,
                wait_jitter=_FIRST_PAUSE_S,
            ):
                with attempt:
                    return await once()
        except _Away as away:
            raise LabUnreachable(
                f"the lab at {self.url} did not answer {verb} {path} in {self.patience_s:.0f} s "
                f"({away}); start it again with `aar run --resume RUN`"
            ) from away
        raise AssertionError("unreachable: every attempt returns or raises")

    async def _sent(self, verb: str, path: str, **content: Any) -> httpx.Response:
        import httpx

        try:
            return await self._http.request(verb, path, **content)
        except httpx.TransportError as error:
            raise _Away(f"{type(error).__name__}: {error}") from error

    async def me(self) -> Json:
        """The researcher's name, its remaining budget, and the request to stop."""
        return self._noted(await self._request("GET", "/v1/me"))

    async def brief(self) -> str:
        """The researcher's brief as Markdown."""
        return str((await self._request("GET", "/v1/brief"))["text"])

    async def recent_me(self, *, seconds: float) -> Json:
        """The same, as it was answered last if that is not longer ago than `seconds`."""
        return self._me if time.monotonic() - self._me_at <= seconds else await self.me()

    async def news(self, *, wait_s: float) -> Json:
        """Answer of `me` as soon as it differs from the last one, or after `wait_s` seconds."""
        known = (self._me or await self.me()).get("version")
        if known is None:
            await asyncio.sleep(min(wait_s, WITHOUT_VERSIONS_S))
            return await self.me()

        async def ask(seconds: float) -> Json:
            params = {"wait": f"{seconds:.1f}", "after": str(known)}
            return self._noted(await self._request("GET", "/v1/me", params=params))

        return await _until(lambda me: me.get("version") != known, ask, wait_s)

    def _noted(self, me: Json) -> Json:
        self._me, self._me_at = me, time.monotonic()
        return me

    async def leaderboard(self) -> Json:
        """The record and the ranks, in words."""
        return await self._request("GET", "/v1/leaderboard")

    async def forum(self, after: int = 0) -> Json:
        """Posts with an id above `after`, page by page: one holds `PAGE` at most."""
        posts: list[Json] = []
        while True:
            params = {"after": str(after), "limit": str(PAGE)}
            page = list((await self._request("GET", "/v1/forum", params=params)).get("posts", []))
            posts += page
            if len(page) < PAGE:
                return {"posts": posts}
            after = int(page[-1]["id"])

    async def post(self, kind: str, title: str, body: str, submissions: list[str]) -> Json:
        """Publish a finding; -> {"id"}."""
        content = {"kind": kind, "title": title, "body": body, "submissions": submissions}
        return await self._request("POST", "/v1/forum", body={**content, "request_id": uuid.uuid4().hex})

    async def comment(self, post: int, body: str) -> Json:
        """Comment on a post."""
        content = {"body": body, "request_id": uuid.uuid4().hex}
        return await self._request("POST", f"/v1/forum/{post}/comments", body=content)

    async def vote(self, post: int, value: int) -> Json:
        """Vote +1 or -1 on a post; a later vote replaces the earlier one."""
        return await self._request("POST", f"/v1/forum/{post}/vote", body={"value": value})

    async def practice(self, files: Mapping[str, str]) -> str:
        """Start a practice run; -> its name."""
        body = {"files": dict(files), "request_id": uuid.uuid4().hex}
        return str((await self._request("POST", "/v1/practice", body=body))["run"])

    async def practice_result(self, run: str, *, wait_s: float) -> Json:
        """State of a practice run, after waiting up to `wait_s` seconds for its end."""
        return await self._wait(f"/v1/practice/{run}", wait_s, lambda answer: not _still(answer.get("state")))

    async def submit(
        self, files: Mapping[str, str], *, title: str, summary: str, parents: list[str], claim: str
    ) -> Json:
        """Hand a method in for scoring; -> {"submission", "status", "reply"}."""
        body: Json = {"files": dict(files), "title": title, "summary": summary, "parents": parents}
        return await self._request(
            "POST", "/v1/submissions", body={**body, "claim": claim, "request_id": uuid.uuid4().hex}
        )

    async def submission(self, name: str, *, wait_s: float = 0.0) -> Json:
        """A submission's status word, after waiting up to `wait_s` seconds for its verdict."""
        return await self._wait(
            f"/v1/submissions/{name}", wait_s, lambda answer: answer.get("status") != "pending"
        )

    async def withdraw(self, name: str) -> Json:
        """End an own submission that is not decided yet; -> its status and reply."""
        return await self._request("DELETE", f"/v1/submissions/{name}")

    async def submission_files(self, name: str) -> Json:
        """The code of anyone's submission; -> {"files", "title", "researcher", "parents"}."""
        return await self._request("GET", f"/v1/submissions/{name}/files")

    async def open_call(self, call: str, *, model: str, input_tokens: int, output_tokens: int) -> None:
        """Announce a call to a provider, with what it reads, about, and may write at most; or `OverBudget`.

        Returns once the lab takes it: a person may have paused this researcher in the middle of a turn.
        """
        body = {"call": call, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        while True:
            try:
                await self._request("POST", "/v1/calls", body=body)
            except NotNow:
                await asyncio.sleep(SHORTEST_POLL_S)
                await self.news(wait_s=LONGEST_POLL_S)
            else:
                return

    async def settle_call(self, call: str, used: Mapping[str, int] | None) -> None:
        """Say what a call used; None for one that was cut off, of which nobody told."""
        body: Json = {"lost": True} if used is None else dict(used)
        await self._request("POST", f"/v1/calls/{call}", body=body)

    async def trouble(
        self,
        kind: ProviderTrouble | None,
        detail: str = "",
        *,
        permanent: bool = False,
        next_try_seconds: float = 0.0,
    ) -> None:
        """Say that the provider fails and when it is asked again; None: it answers."""
        told = {"detail": detail, "permanent": permanent, "next_try_seconds": next_try_seconds}
        await self._say("/v1/trouble", {"kind": kind, **(told if kind else {})})

    async def state(self, state: str, reason: EndReason | None = None, detail: str = "") -> None:
        """Say where this researcher is: `working`, `resting`, `waiting` for its next start, or `finished`, and why."""
        told = {} if reason is None else {"reason": reason, "detail": detail[:300]}
        await self._say("/v1/state", {"state": state, **told})

    async def read_messages(self, *, up_to: int) -> None:
        """Say that the messages up to this id were read."""
        await self._request("POST", "/v1/messages/read", body={"up_to": up_to})

    async def _say(self, path: str, body: Json) -> None:
        """Tell the lab what it only shows: lost without harm when it is away."""
        import httpx

        with contextlib.suppress(httpx.TransportError):
            await self._http.post(path, json=body, timeout=SAY_SECONDS)

    async def progress(self, activity: Activity, text: str = "") -> None:
        """Say what is being done, for the live display, where it is not what was said last.

        Lost without harm when the lab is away.
        """
        import httpx

        doing = (activity, text[:200])
        if doing == self._doing:
            return
        body = {"activity": activity.value, "text": doing[1]}
        try:
            answer = await self._http.post("/v1/progress", json=body, timeout=SAY_SECONDS)
        except httpx.TransportError:
            return
        self._doing = doing if answer.is_success else None

    async def _wait(self, path: str, wait_s: float, done: Callable[[Json], bool]) -> Json:
        async def ask(seconds: float) -> Json:
            return await self._request("GET", path, params={"wait": f"{seconds:.1f}"})

        return await _until(done, ask, wait_s)


async def _until(
    done: Callable[[Json], bool], ask: Callable[[float], Awaitable[Json]], wait_s: float
) -> Json:
    """Ask, each time with the seconds that the lab may take to answer, until the answer is enough or time is over."""
    end = time.monotonic() + wait_s
    pause = SHORTEST_POLL_S
    while True:
        started = time.monotonic()
        left = max(0.0, end - started)
        answer = await ask(min(left, LONGEST_POLL_S))
        time_s = time.monotonic()
        if done(answer) or time_s >= end:
            return answer
        if time_s - started < pause:
            await asyncio.sleep(min(pause - (time_s - started), end - time_s))
            pause = min(LONGEST_PAUSE_S, pause * 1.7)


def _still(state: object) -> bool:
    return state in ("queued", "running")
