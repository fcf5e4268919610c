"""Refusals as HTTP answers: `{"error": code, "message": text}`; programs act on the code, people read the text."""

import logging
import math
from collections.abc import Mapping
from typing import Any

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
DESCRIBED: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal} for status in sorted({*STATUS.values(), TOO_LARGE, MALFORMED})
}
"""Responses of every route besides its answer, for the description of the interface."""


def refusal(error: W2SError, status: int | None = None) -> Response:
    """The answer that says why nothing was done."""
    answer = Refusal.of(error)
    later = error.seconds if isinstance(error, TooOften) else LATER_SECONDS
    headers = {"Retry-After": str(math.ceil(later))} if answer.error is Code.NOT_NOW else None
    return JSONResponse(answer.model_dump(mode="json"), status or STATUS[answer.error], headers)


def explain_refusals(app: FastAPI) -> None:
    """Have every refusal of the lab, and every malformed request, answered in the one form."""

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
