"""What went wrong with a provider's call: one kind, one line, and whether it heals by itself.

Providers' errors have no common root, so they are told apart by HTTP status, by the words that providers use for two
conditions without a status of their own (no credit, too long a context), and by the names of network errors.

Covered: the SDKs of Anthropic, OpenAI and those made like them, google-genai, botocore, httpx; whatever a provider puts
into headers and bodies, however long. Not covered: a provider that answers an error with the status of another one.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from aar.database.progress import ProviderTrouble

MOST_DETAIL = 300
MOST_READ = 10_000
"""Letters of an error that are looked at; a provider may send any number."""

_CONTEXT = re.compile(
    r"prompt is too long|input is too long|context.length|context.window|maximum context"
    r"|exceeds? the (maximum )?context|exceed context limit|too many (input )?tokens|token count [^\n]{0,100}exceeds",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"credit balance|insufficient.(quota|funds|credit|balance)|exceeded your current quota|billing_error|out of credits"
    r"|payment required|spend(ing)? limit",
    re.IGNORECASE,
)
_KEYS = re.compile(r"\b(sk|pk|xai|gsk|AIza|r8|hf|nvapi)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|Bearer \S+")
_NETWORK = (
    "ConnectionError", "ConnectError", "Timeout", "TimeoutError", "ReadError", "WriteError", "ProtocolError",
    "NoStreamDataError", "IncompleteRead",
)  # fmt: skip
_SAYS_NOTHING = ("Connection error.", "Request timed out.", "All connection attempts failed")
_MESSAGE = re.compile(r"""['"]message['"]: (['"])""")
"""Where a provider's message begins within the text of an error that holds its answer."""
_STREAM = "text/event-stream"
_OF_TYPE = {
    "overloaded_error": ProviderTrouble.OVERLOADED,
    "api_error": ProviderTrouble.OVERLOADED,
    "server_error": ProviderTrouble.OVERLOADED,
    "rate_limit_error": ProviderTrouble.RATE_LIMITED,
    "rate_limit_exceeded": ProviderTrouble.RATE_LIMITED,
    "timeout_error": ProviderTrouble.UNREACHABLE,
}
"""What an answer turns out to be that had begun well."""
_SOCKETS = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
_BEFORE_IT_WAS_SENT = ("ConnectError", "ConnectTimeout", "ConnectionRefusedError", "gaierror", "PoolTimeout")
_OF_STATUS = {
    401: ProviderTrouble.UNAUTHORISED,
    402: ProviderTrouble.NO_CREDIT,
    403: ProviderTrouble.UNAUTHORISED,
    404: ProviderTrouble.UNKNOWN_MODEL,
    408: ProviderTrouble.UNREACHABLE,
    409: ProviderTrouble.OVERLOADED,
    425: ProviderTrouble.OVERLOADED,
    429: ProviderTrouble.RATE_LIMITED,
}
PERMANENT = frozenset(
    {ProviderTrouble.UNAUTHORISED, ProviderTrouble.NO_CREDIT, ProviderTrouble.UNKNOWN_MODEL}
)
"""A person has to do something before these heal."""
REPEATABLE = PERMANENT | {
    ProviderTrouble.RATE_LIMITED,
    ProviderTrouble.OVERLOADED,
    ProviderTrouble.UNREACHABLE,
}
"""The same call may succeed later; one of the others fails again, since it is the call itself that is wrong."""


@dataclass(frozen=True)
class Failure:
    """A call that failed.

    Attributes:
        kind: What it was.
        detail: The provider's own words, one line without keys.
        retry_after: Seconds that the provider asks to wait; None where it did not say.
        cut_off: Whether it may have been billed although no usage was told: all that was sent, unless the answer was an
            HTTP status of 400 or more.
    """

    kind: ProviderTrouble
    detail: str
    retry_after: float | None = None
    cut_off: bool = False

    @property
    def permanent(self) -> bool:
        """True if it does not heal by itself."""
        return self.kind in PERMANENT


def classify(error: BaseException) -> Failure:
    """The failure that an exception of a provider's client stands for; raises nothing, whatever the provider sent.

    >>> classify(ConnectionRefusedError("nobody listens")).kind.value
    'unreachable'
    """
    try:
        return _classified(error)
    except Exception:  # noqa: BLE001  what an error consists of is the provider's
        return Failure(ProviderTrouble.OTHER, type(error).__name__[:MOST_DETAIL], cut_off=True)


def _classified(error: BaseException) -> Failure:
    chain = list(_chain(error))
    status = next((found for found in map(_status, chain) if found is not None), None)
    text = " ".join(f"{_words(each)} {_message(each)}" for each in chain)
    refused = next((found for found in map(_refused, chain) if found is not None), False)
    unsent = any(type(each).__name__ in _BEFORE_IT_WAS_SENT for each in chain)
    return Failure(
        _kind(status, text, chain),
        _detail(chain, status),
        next((found for found in map(_retry_after, chain) if found is not None), None),
        cut_off=not refused and not unsent,
    )


def spoken(text: str) -> str:
    """What a text says on one line; of an error's text that holds a provider's answer, its message.

    >>> spoken("Error code: 400 - {'error': {'type': 'x', 'message': 'prompt is too long'}}")
    'prompt is too long'
    """
    text = text[:MOST_READ]
    if begin := _MESSAGE.search(text):
        end = re.compile(f"{begin[1]}[,}}]").search(text, begin.end() + 1)
        text = text[begin.end() : end.start()] if end else text
    return " ".join(text.split())


def _kind(status: int | None, text: str, chain: list[BaseException]) -> ProviderTrouble:
    if status is None or 400 <= status < 500:
        if _CREDIT.search(text) and status is not None:
            return ProviderTrouble.NO_CREDIT
        if status in (400, 413, 422) and _CONTEXT.search(text):
            return ProviderTrouble.CONTEXT_OVERFLOW
    if status is not None and status >= 400:
        if status in _OF_STATUS:
            return _OF_STATUS[status]
        return ProviderTrouble.OVERLOADED if status >= 500 else ProviderTrouble.REFUSED_REQUEST
    if kind := next((found for found in map(_of_type, chain) if found is not None), None):
        return kind
    if any(isinstance(each, _SOCKETS) for each in chain):
        return ProviderTrouble.UNREACHABLE
    if any(type(each).__name__.endswith(_NETWORK) for each in chain):
        return ProviderTrouble.UNREACHABLE
    return ProviderTrouble.OTHER


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what caused it."""
    found: BaseException | None = error
    for _ in range(6):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__


def _of_type(error: BaseException) -> ProviderTrouble | None:
    """What the body of an error calls itself."""
    body: Any = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, Mapping) else None
    kind = inner.get("type") if isinstance(inner, Mapping) else None
    return _OF_TYPE.get(kind) if isinstance(kind, str) else None


def _refused(error: BaseException) -> bool | None:
    """True for an HTTP status of 400 or more, False for another answer; None where the error knows of no answer.

    Inspect gives an error within a stream the status that it would have had as an answer of its own; the stream itself
    had begun with 200, and is billed.
    """
    response: Any = getattr(error, "response", None)
    if response is None or isinstance(response, Mapping):
        found = _status(error) if isinstance(response, Mapping) else getattr(error, "status_code", None)
    else:
        headers = getattr(response, "headers", None)
        if isinstance(headers, Mapping) and _STREAM in str(headers.get("content-type", "")).lower():
            return False
        found = getattr(response, "status_code", getattr(response, "status", None))
    return found >= 400 if isinstance(found, int) else None


def _status(error: BaseException) -> int | None:
    """HTTP status of an error; None for one without."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):  # botocore
        metadata = response.get("ResponseMetadata", {})
        candidates = [metadata.get("HTTPStatusCode") if isinstance(metadata, Mapping) else None]
    else:
        candidates = [getattr(error, name, None) for name in ("status_code", "code", "status")]
        candidates.append(getattr(response, "status_code", None))
    return next((each for each in candidates if isinstance(each, int) and 400 <= each < 1000), None)


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the provider asks to wait."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None or isinstance(headers, str):
        return None
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        told = headers.get("retry-after")
        if told is None:
            return None
        try:
            return max(0.0, float(told))
        except ValueError:
            return max(0.0, parsedate_to_datetime(told).timestamp() - time.time())
    except Exception:  # noqa: BLE001  parsers of dates raise many kinds
        return None


def _detail(chain: list[BaseException], status: int | None) -> str:
    """One line: the provider's message if it sent one, else the error and its cause."""
    message = next((found for found in map(_message, chain) if found), "")
    if not message:
        # SDKs say "Connection error." of all that happens to a connection; what did happen stands below it
        said = [(type(each).__name__, _words(each)) for each in chain if _words(each)]
        said = said or [(type(chain[0]).__name__, "")]
        name, words = next((each for each in said if each[1] not in _SAYS_NOTHING), said[0])
        message = f"{name}: {words}"
        if said[-1] != (name, words) and said[-1][1] not in message:
            message += f" ({said[-1][0]}: {said[-1][1]})"
    line = " ".join(_KEYS.sub("[key]", message).split())
    line = "".join(letter for letter in line if letter.isprintable())
    return (line if status is None else f"HTTP {status}: {line}")[:MOST_DETAIL]


def _words(error: BaseException) -> str:
    """The beginning of what an error says."""
    try:
        return str(error)[:MOST_READ]
    except Exception:  # noqa: BLE001  an error that cannot even be put in words
        return ""


def _message(error: BaseException) -> str:
    body: Any = getattr(error, "body", None)
    if isinstance(body, Mapping):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, Mapping) else inner
        return str(message)[:MOST_READ] if message else ""
    return ""
