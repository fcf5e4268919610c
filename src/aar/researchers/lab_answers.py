"""The lab's answers over HTTP: an object, or a refusal with the lab's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aar.errors import BadRequest, BadSnapshot, NotAllowed, NotNow, OverBudget, Refused

if TYPE_CHECKING:
    import httpx

Json = dict[str, Any]

_REFUSALS: Mapping[str, type[Refused]] = {
    "NotAllowed": NotAllowed,
    "BadRequest": BadRequest,
    "BadSnapshot": BadSnapshot,
    "OverBudget": OverBudget,
    "NotNow": NotNow,
}


def answer_of(response: httpx.Response) -> Json:
    """The object that was answered; raises the `Refused` that the lab's code names."""
    try:
        content = response.json()
    except ValueError:
        content = None
    if response.is_success and isinstance(content, dict):
        return content
    body = content if isinstance(content, dict) else {}
    kind = str(body.get("code", ""))
    message = str(body.get("detail", response.text[:300] or f"HTTP {response.status_code}"))
    if response.status_code in (401, 403):
        raise NotAllowed(message)
    raise _REFUSALS.get(kind, Refused)(message)
