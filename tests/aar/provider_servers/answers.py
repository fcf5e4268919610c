"""What a scripted researcher is told, and what it answers, in no provider's words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A message of a request: who said it, its text, and the names of the tools that it calls."""

    role: str
    text: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """A request: `number` counts the answers of this provider from 0, `key` is what the caller showed."""

    number: int
    model: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    most_output: int | None
    stream: bool
    key: str
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> str:
        """Text of the last message."""
        return self.messages[-1].text if self.messages else ""


@dataclass(frozen=True)
class Say:
    """Text alone."""

    text: str
    reasoning_tokens: int = 0


@dataclass(frozen=True)
class Use:
    """Tool calls, with a text before them."""

    calls: tuple[tuple[str, dict[str, Any]], ...]
    text: str = ""
    reasoning_tokens: int = 0

    @classmethod
    def one(cls, name: str, **arguments: Any) -> Use:
        """A single call."""
        return cls(((name, arguments),))


@dataclass(frozen=True)
class Refuse:
    """The provider's filter, or the model, declines."""

    text: str = "I can't help with that."


@dataclass(frozen=True)
class Cut:
    """A text, or the arguments of one call, that the limit on the output's length cut."""

    text: str = ""
    call: tuple[str, dict[str, Any]] | None = None


Answer = Say | Use | Refuse | Cut
Script = Callable[[Turn], Answer]


def script_of(*answers: Answer | Callable[[Turn], Answer], then: Answer | None = None) -> Script:
    """Answers one after the other; the last, or `then`, for ever after."""

    def script(turn: Turn) -> Answer:
        answer = answers[turn.number] if turn.number < len(answers) else (then or answers[-1])
        return answer(turn) if callable(answer) else answer

    return script
