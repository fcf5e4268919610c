"""Refusals as HTTP answers, as RFC 9457 has them (`application/problem+json`) with the lab's `code`.

Programs act on the code, people read the `detail`.
"""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from aar.errors import BadRequest, TooOften
from aar.lab.refusals import Code, Refusal
from w2s.errors import NotFound, W2SError

logger = logging.getLogger(__name__)

STATUS: Mapping[Code, int] = {
    Code.NOT_FOUND: 404,
    Code.NOT_ALLOWED: 403,
    Code.OVER_BUDGET: 429,
    Code.NOT_NOW: 429,
    Code.BAD_REQUEST: 400,
    Code.BAD_SNAPSHOT: 400,
    Code.REFUSED: 400,
    Code.FAILED: 500,
}
TOO_LARGE, MALFORMED = 413, 422
LATER_SECONDS = 5.0
"""After so long a client may ask again where the lab does not know a time."""
MEDIA_TYPE = "application/problem+json"


class Problem(Refusal):
    """Answer to a request that was declined, as RFC 9457 describes problems."""

    type: Literal["about:blank"] = "about:blank"
    """There is no page on each kind: the code says which it is."""
    title: str
    """The status in words."""
    status: int


DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in sorted({*STATUS.values(), TOO_LARGE, MALFORMED})
}
"""Responses of every route besides its answer, for the description of the interface."""


def refusal(error: W2SError, status: int | None = None) -> Response:
    """The answer that says why nothing was done."""
    refused = Refusal.of(error)
    status = status or STATUS[refused.code]
    problem = Problem(title=HTTPStatus(status).phrase, status=status, **vars(refused))
    later = error.seconds if isinstance(error, TooOften) else LATER_SECONDS
    headers = {"Retry-After": str(math.ceil(later))} if refused.code is Code.NOT_NOW else None
    return JSONResponse(problem.model_dump(mode="json"), status, headers, media_type=MEDIA_TYPE)


def _described(interface: dict[str, Any]) -> dict[str, Any]:
    """The description of the interface with the media type that refusals have; FastAPI names that of answers."""
    for verbs in interface["paths"].values():
        for route in verbs.values():
            for status in map(str, DESCRIBED):
                content = route["responses"].get(status, {}).get("content", {})
                if "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return interface


def explain_refusals(app: FastAPI) -> None:
    """Have every refusal of the lab, and every malformed request, answered and described in the one form."""
    describe = app.openapi
    app.openapi = lambda: _described(describe())  # type: ignore[method-assign]

    @app.exception_handler(W2SError)
    async def refused(request: Request, error: W2SError) -> Response:
        logger.debug("%s %s is declined: %s", request.method, request.url.path, type(error).__name__)
        return refusal(error)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        """No such route, another method, a body that is no JSON."""
        kind = NotFound if error.status_code == STATUS[Code.NOT_FOUND] else BadRequest
        return refusal(kind(f"{request.method} {request.url.path}: {error.detail}"), error.status_code)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refusal(BadRequest(f"{where}: {first['msg']}"), MALFORMED)
