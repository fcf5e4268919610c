"""The lab's HTTP interface, put together: researchers', forum's, operator's and status routes over one lab.

Each request carries a bearer token of its own. Answers to researchers hold words; a figure of a scored run only where
the study's feedback tells one. Bodies are bounded.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.routing import Route

from aar.api import forum, operators, people, researchers, status
from aar.api.door import Door
from aar.api.mcp.server import PATH, Mcp
from aar.api.refusals import DESCRIBED, TOO_LARGE, explain_refusals, refusal
from aar.api.writes import Writes
from aar.errors import BadRequest
from aar.lab.conductor import Phase
from aar.lab.intake import Lab
from aar.lab.news import News
from aar.lab.waiters import Waiters

MOST_BODY_BYTES = 256 * 1024


def create_app(lab: Lab, news: News, *, operator_token: str, phase: Callable[[], Phase]) -> FastAPI:
    """The application over one lab; `news` tells who waits of changes, `phase` where the run stands."""
    app = FastAPI(title="Automated Alignment Researchers: the lab", docs_url=None, redoc_url=None)
    app.state.door = Door(lab, news, Waiters(news), operator_token, phase)
    for router in (
        researchers.router,
        researchers.settlements,
        forum.router,
        people.router,
        operators.router,
        status.router,
    ):
        app.include_router(router, prefix="/v1", responses=DESCRIBED)
    app.router.routes.append(Route(PATH, Mcp(app)))
    app.middleware("http")(_bounded)
    app.middleware("http")(partial(_noted, Writes(lab.folder.logs / "writes.jsonl")))
    explain_refusals(app)
    return app


async def _noted(writes: Writes, request: Request, proceed: Callable[[Request], Any]) -> Response:
    """Keep who wrote what, whatever came of it."""
    answer: Response = await proceed(request)
    if (
        request.method not in ("GET", "HEAD") and request.url.path != PATH
    ):  # what a tool asks for comes here, too
        caller = getattr(request.state, "caller", None)
        await asyncio.to_thread(writes.note, caller, request.method, request.url.path, answer.status_code)
    return answer


async def _bounded(request: Request, proceed: Callable[[Request], Any]) -> Response:
    """Refuse a body without its length or beyond the bound, before it is read.

    With `Transfer-Encoding` the server would read chunks and pass over the length, so it is refused.
    """
    if "transfer-encoding" in request.headers:
        return refusal(BadRequest("send the body whole, with its Content-Length"), TOO_LARGE)
    length = request.headers.get("content-length", "0")
    if request.method == "POST" and (not length.isdigit() or int(length) > MOST_BODY_BYTES or length == "0"):
        return refusal(
            BadRequest(f"a body of 1 to {MOST_BODY_BYTES} bytes with its length is needed"), TOO_LARGE
        )
    answer: Response = await proceed(request)
    return answer
