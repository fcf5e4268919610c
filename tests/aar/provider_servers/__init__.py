"""Local servers that speak the providers' protocols, with a scripted researcher behind them and an exact bill.

    with provider_servers.serve(Provider(script)) as url: ...

One port speaks Anthropic Messages (`/v1/messages`), OpenAI Responses (`/v1/responses`) and chat completions
(`/v1/chat/completions`), whole or as a stream, with what counts tokens beside them.
"""

from provider_servers.answers import Answer, Cut, Refuse, Say, Turn, Use
from provider_servers.bill import Bill, Usage
from provider_servers.faults import (
    BROKEN_OFF,
    DROPPED,
    HANG,
    OVERFLOW,
    SLOW,
    Fault,
    altered,
    error,
    error_within,
)
from provider_servers.server import ENVIRONMENT, Provider, serve

__all__ = [
    "BROKEN_OFF", "DROPPED", "ENVIRONMENT", "HANG", "OVERFLOW", "SLOW", "Answer", "Bill", "Cut", "Fault", "Provider",
    "Refuse", "Say", "Turn", "Usage", "Use", "altered", "error", "error_within", "serve",
]  # fmt: skip
