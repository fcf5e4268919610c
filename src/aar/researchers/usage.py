"""What a call has used as its provider tells it, and whether that can be believed.

Covered: no usage; counts below zero, beyond what any call uses, or no whole numbers; an answer for which nothing was
read or written; a request or an answer far longer than its tokens; a stream that a gateway closed as if it were whole,
in the protocols of Anthropic and of chat completions. Not covered: wrong counts that a call could have.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aar.prices import FREE, Tokens
from aar.researchers.answered import CONTEXT, MOST_TOKENS

if TYPE_CHECKING:
    from inspect_ai.model import ModelOutput, ModelUsage

LETTERS_A_TOKEN = 4
FAR_LETTERS_A_TOKEN = 16
"""Tokens are longer than that in no text of words or code."""
FAR_LETTERS = 40
"""In a shorter text they may be."""


class Doubt(StrEnum):
    """Why a usage is not believed."""

    UNTOLD = "untold"
    IMPOSSIBLE = "impossible"
    NOTHING = "nothing"
    TOO_FEW = "too_few"

    @property
    def words(self) -> str:
        """For people: what the provider tells."""
        return _WORDS[self]


_WORDS = {
    Doubt.UNTOLD: "nothing of what its answers use",
    Doubt.IMPOSSIBLE: "counts that no call can have",
    Doubt.NOTHING: "that nothing was read, or that an answer with text has no tokens",
    Doubt.TOO_FEW: "far fewer tokens than its requests or answers have",
}


class AnswerBrokenOff(ConnectionError):
    """An answer came without its end, although the connection was closed as it should be."""


@dataclass
class Told:
    """What a provider tells within one call; a compaction may be made of a `generate`.

    Attributes:
        model: Name of the model, as the lab prices it.
        most: Highest number of tokens that an answer may have.
        sent: Letters of the request.
        usages: Usages of its answers.
        written: Tokens that its answers have at least, by their length.
        doubt: Why the usages are not believed; None if they are.
        detail: What was told, if it is not believed.
        status: Status of the last HTTP answer; None where none was seen.
    """

    model: str
    most: int
    sent: int = 0
    usages: list[ModelUsage] = field(default_factory=list)
    written: int = 0
    doubt: Doubt | None = None
    detail: str = ""
    status: int | None = None

    def answer(self, result: Any) -> None:
        """Take an answer in, as an API of Inspect gives it; raises `AnswerBrokenOff` for one without its end,
        and `ValueError` for one that has nothing, not even an empty text.
        """
        output, call = result if isinstance(result, tuple) else (result, None)
        if output.usage is None and self.refused(result):
            return
        raw = getattr(call, "response", None) or {}
        letters = _letters(output)
        self.written += min(self.most, math.ceil(letters / LETTERS_A_TOKEN))
        streamed = bool((getattr(call, "request", None) or {}).get("stream"))
        if output.choices and output.stop_reason == "unknown" and _has_no_end(raw, streamed=streamed):
            raise AnswerBrokenOff("the answer came without its end")
        if output.usage is not None:
            self.usage(output.usage, letters=letters, raw=raw.get("usage"))
        if not output.choices:
            raise ValueError("the answer has no content")

    def usage(self, usage: ModelUsage, *, letters: int = 0, raw: Any = None) -> None:
        """Take the usage of an answer with so many letters in; `raw` is what the provider sent for it."""
        self.usages.append(usage)
        if self.model.partition("/")[0] in FREE:
            return
        written = _written(usage)
        if odd := next(_impossible(usage, raw), ""):
            self.doubt, self.detail = Doubt.IMPOSSIBLE, odd
        elif not _read(usage) or (letters and not written):
            self.doubt, self.detail = Doubt.NOTHING, f"{_read(usage)} read, {written} written"
        elif written < self.most and _far(letters, written):
            self.doubt, self.detail = Doubt.TOO_FEW, f"{written} for {letters} letters"
        elif _far(self.sent, _read(usage)):
            self.doubt, self.detail = Doubt.TOO_FEW, f"{_read(usage)} for {self.sent} letters"

    def refused(self, result: Any) -> bool:
        """True for an answer that Inspect made of a refused request, such as one that is too long: it cost nothing."""
        output, call = result if isinstance(result, tuple) else (result, None)
        if self.status is not None:
            return self.status >= 400
        if getattr(call, "response", None) and not getattr(call, "error", None):
            return False
        if not getattr(output, "choices", None):
            return False
        return output.stop_reason in ("model_length", "content_filter") or output.error is not None

    def counts(self) -> dict[str, int]:
        """What the lab is told: the tokens of `aar.prices.Tokens`, and `context_tokens`."""
        return {**vars(tokens_of(self.usages)), CONTEXT: max(map(_read, self.usages), default=0)}

    @property
    def read(self) -> int:
        """All that the first answer read; 0 if that is unknown."""
        return _read(self.usages[0]) if self.usages and self.doubt is None else 0

    @property
    def longest(self) -> int:
        """Tokens of the longest answer; 0 if none is known."""
        counted = map(_written, self.usages) if self.doubt is None else ()
        return max(self.written, *counted, 0)


def tokens_of(usages: Sequence[ModelUsage]) -> Tokens:
    """Tokens of a call whose provider told these usages, as they are billed."""
    return Tokens(
        input_tokens=sum(usage.input_tokens for usage in usages),
        cache_read_tokens=sum(usage.input_tokens_cache_read or 0 for usage in usages),
        cache_write_tokens=sum(usage.input_tokens_cache_write or 0 for usage in usages),
        output_tokens=sum(map(_written, usages)),
        reasoning_tokens=sum(min(usage.reasoning_tokens or 0, _written(usage)) for usage in usages),
    )


def _read(usage: ModelUsage) -> int:
    """All that was read."""
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def _written(usage: ModelUsage) -> int:
    """All that was written. Some providers (xAI) count reasoning beside the output, which their total tells."""
    beside = usage.total_tokens - _read(usage) - usage.output_tokens
    return usage.output_tokens + (beside if 0 < beside <= (usage.reasoning_tokens or 0) else 0)


def _far(letters: int, tokens: int) -> bool:
    return letters >= FAR_LETTERS and letters > FAR_LETTERS_A_TOKEN * tokens


def _impossible(usage: ModelUsage, raw: Any) -> Iterator[str]:
    """Counts that no call can have, as the lab would be told them and as the provider sent them."""
    for name, count in {**vars(tokens_of([usage])), CONTEXT: _read(usage)}.items():
        if not 0 <= count <= MOST_TOKENS:
            yield f"{name} {_short(count)}"
    yield from _no_counts(raw)


def _no_counts(raw: Any) -> Iterator[str]:
    """What a provider sent for a number of tokens that is none; prices, times and tiers may stand beside it."""
    for name, value in raw.items() if isinstance(raw, Mapping) else ():
        if isinstance(value, Mapping):
            yield from _no_counts(value)
        elif str(name).endswith("tokens") and value is not None:
            whole = type(value) is int or (isinstance(value, float) and value.is_integer())
            if not whole or value < 0:
                yield f"{name} {_short(value)}"


def _short(value: Any) -> str:
    """A value that a provider sent, on one short line."""
    text = f"{value:.3g}" if isinstance(value, int) and abs(value) > MOST_TOKENS else repr(value)
    return " ".join(text.split())[:40]


def _letters(output: ModelOutput) -> int:
    """Letters that were written for an answer and that can be seen; reasoning may be a summary, or sealed."""
    if not output.choices:
        return 0
    message = output.choices[0].message
    calls = (
        call.function + json.dumps(call.arguments, default=str, ensure_ascii=False)
        for call in message.tool_calls or []
    )
    return len(message.text) + sum(map(len, calls))


def _has_no_end(raw: Mapping[str, Any], *, streamed: bool) -> bool:
    """True if a provider's answer does not say why it ended.

    Anthropic says it always. Of chat completions one that comes whole is whole, whatever its server leaves out.
    """
    if "stop_reason" in raw:
        return raw["stop_reason"] is None
    choices = raw.get("choices")
    if not streamed or not isinstance(choices, list):
        return False
    return not any(isinstance(each, Mapping) and each.get("finish_reason") for each in choices)
