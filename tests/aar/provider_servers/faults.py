"""Faults of a provider, each as its protocol words it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any


class Way(Enum):
    """How a request goes wrong other than by a status."""

    STATUS = auto()
    DROPPED = auto()
    """The connection ends in the middle of the answer."""
    HANG = auto()
    """Nothing comes, for as long as the server lives or the caller waits."""
    SLOW = auto()
    """The answer comes piece by piece with pauses; it is whole in the end."""
    BROKEN_OFF = auto()
    """A stream ends before its answer does, and is closed as one that is whole; an error may be its last event."""
    ALTERED = auto()
    """The answer, in one piece, is another one than was made and billed."""


@dataclass(frozen=True)
class Fault:
    """What happens instead of an answer: an error with a status, or another way."""

    way: Way = Way.STATUS
    status: int = 500
    kind: str = "api_error"
    message: str = "internal server error"
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    alter: Callable[[dict[str, Any]], Any] = lambda answer: answer
    """What becomes of an answer; bytes are sent as they are."""

    def body(self, protocol: str) -> dict[str, Any]:
        """The error as the protocol words it."""
        if protocol == "messages":
            return {"type": "error", "error": {"type": self.kind, "message": self.message}}
        return {"error": {"message": self.message, "type": self.kind, "code": self.code, "param": None}}


BROKEN_OFF = Fault(Way.BROKEN_OFF, status=200)
DROPPED, HANG, SLOW = Fault(Way.DROPPED), Fault(Way.HANG), Fault(Way.SLOW)
OVERFLOW = Fault(
    status=400,
    kind="invalid_request_error",
    message="prompt is too long: 250000 tokens > 200000 maximum",
    code="context_length_exceeded",
)
_KNOWN = {
    400: ("invalid_request_error", "messages: at least one message is required", None),
    401: ("authentication_error", "invalid x-api-key", "invalid_api_key"),
    402: (
        "billing_error",
        "Your credit balance is too low to access the API. Please go to Plans & Billing.",
        "insufficient_quota",
    ),
    403: ("permission_error", "your key may not use this model", None),
    404: ("not_found_error", "model: no such model", "model_not_found"),
    429: ("rate_limit_error", "rate limit reached", "rate_limit_exceeded"),
    500: ("api_error", "internal server error", None),
    503: ("api_error", "service unavailable", None),
    529: ("overloaded_error", "Overloaded", None),
}


def error(status: int, *, retry_after: float | None = None, credit: bool = False) -> Fault:
    """The usual error of a status; `credit`: a 400 that says that there is no credit left, as Anthropic words it."""
    kind, message, code = _KNOWN[status]
    if credit:
        kind, (_, message, _) = "invalid_request_error", _KNOWN[402]
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return Fault(status=status, kind=kind, message=message, code=code, headers=headers)


def altered(alter: Callable[[dict[str, Any]], Any]) -> Fault:
    """An answer of which something else is made."""
    return Fault(Way.ALTERED, status=200, alter=alter)


def error_within(status: int) -> Fault:
    """A stream that ends with the error that would have had this status."""
    kind, message, code = _KNOWN[status]
    return Fault(Way.BROKEN_OFF, status=status, kind=kind, message=message, code=code)
