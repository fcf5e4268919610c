"""Tokens of messages, estimated from their length by what the provider's own counts have taught.

Asking the provider costs a request for each turn, which fails when the provider does; Inspect's fallback downloads a
tokenizer from a third party.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage
    from inspect_ai.tool import ToolInfo

FIRST_RATE = 0.3
"""Tokens a character before anything is known: English text has about 0.25, code more."""
LEAST_RATE, MOST_RATE = 0.15, 1.0


class TokenCount:
    """Estimates of one model's tokens."""

    def __init__(self) -> None:
        self._rate = FIRST_RATE

    def of(self, input: str | list[ChatMessage], tools: list[ToolInfo] | None = None) -> int:
        """Tokens of a text, or of messages and the descriptions of tools.

        >>> TokenCount().of("ten letters")
        4
        """
        return math.ceil(self._rate * letters(input, tools))

    def learn(self, input: list[ChatMessage], tools: list[ToolInfo], tokens: int) -> None:
        """Take over what the provider counted for a request."""
        characters = letters(input, tools)
        if characters and tokens:
            self._rate = min(MOST_RATE, max(LEAST_RATE, tokens / characters))


def letters(input: str | list[ChatMessage], tools: list[ToolInfo] | None) -> int:
    """Letters of a text, or of messages and the descriptions of tools."""
    if isinstance(input, str):
        return len(input)
    described = sum(len(tool.model_dump_json(exclude_none=True)) for tool in tools or [])
    return described + sum(map(_of_message, input))


def _of_message(message: ChatMessage) -> int:
    calls: list[Any] = getattr(message, "tool_calls", None) or []
    parts = [] if isinstance(message.content, str) else message.content
    thought = sum(len(part.reasoning) for part in parts if part.type == "reasoning")
    called = sum(len(call.function) + len(json.dumps(call.arguments, default=str)) for call in calls)
    return len(message.text) + thought + called
