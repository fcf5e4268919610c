"""Refusals as HTTP answers: `{"error": code, "message": text}`; programs act on the code, people read the text."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from aar.errors import BadRequest, NotAllowed, NotNow, OverBudget, Refused
from w2s.errors import NotFound, W2SError

logger = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[W2SError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (OverBudget, 429),
    (NotNow, 429),
    (Refused, 400),
)


def refusal(error: W2SError, status: int | None = None) -> Response:
    """The answer that says why nothing was done."""
    if status is None:
        status = next((number for kind, number in _STATUS if isinstance(error, kind)), 500)
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status_code=status)


def explain_refusals(app: FastAPI) -> None:
    """Have every refusal of the lab, and every malformed request, answered in the one form."""

    @app.exception_handler(W2SError)
    async def refused(request: Request, error: W2SError) -> Response:
        logger.debug("%s %s is declined: %s", request.method, request.url.path, type(error).__name__)
        return refusal(error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return refusal(BadRequest(f"{where}: {first['msg']}"), 422)
