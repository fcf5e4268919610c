"""OpenAI chat completions: requests read, answers written, whole or as a stream with its usage in the last chunk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provider_servers.answers import Answer, Cut, Message, Refuse, Say, Use
from provider_servers.bill import Usage

Json = dict[str, Any]


def parts(body: Json) -> list[Any]:
    """The parts of a request in the order in which they are cached."""
    return [body.get("tools", []), *body["messages"]]


def caches(body: Json) -> bool:
    """Prefixes are always cached."""
    return True


def read(body: Json) -> tuple[list[Message], list[str]]:
    """Messages and the names of the tools."""
    found = []
    for message in body["messages"]:
        content = message.get("content") or ""
        text = (
            content if isinstance(content, str) else "\n".join(str(part.get("text", "")) for part in content)
        )
        calls = tuple(call["function"]["name"] for call in message.get("tool_calls") or [])
        found.append(Message(message["role"], text, calls))
    return found, [tool["function"]["name"] for tool in body.get("tools", [])]


def _message(answer: Answer, number: int) -> tuple[Json, str]:
    """The message of an answer, and why it stopped."""
    match answer:
        case Say(text):
            return {"role": "assistant", "content": text}, "stop"
        case Refuse(text):
            return {"role": "assistant", "content": text}, "content_filter"
        case Cut(text, None):
            return {"role": "assistant", "content": text}, "length"
        case Cut(text, (name, arguments)):
            calls = [_call(name, json.dumps(arguments)[:-1], f"{number}_0")]
            return {"role": "assistant", "content": text, "tool_calls": calls}, "length"
        case Use(calls, text):
            used = [
                _call(name, json.dumps(given), f"{number}_{place}")
                for place, (name, given) in enumerate(calls)
            ]
            return {"role": "assistant", "content": text or None, "tool_calls": used}, "tool_calls"
    raise AssertionError(answer)


def _call(name: str, arguments: str, number: str) -> Json:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def whole(answer: Answer, number: int, usage: Usage) -> Json:
    """The answer in one piece."""
    message, stop = _message(answer, number)
    choice = {"index": 0, "message": message, "finish_reason": stop, "logprobs": None}
    return {**_head(number, usage, "chat.completion"), "choices": [choice], "usage": _usage(usage)}


def events(answer: Answer, number: int, usage: Usage) -> Iterator[tuple[str, Json]]:
    """The answer as a stream of chunks without names."""
    message, stop = _message(answer, number)
    head = _head(number, usage, "chat.completion.chunk")

    def chunk(delta: Json, finish: str | None = None) -> tuple[str, Json]:
        return "", {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "usage": None}

    yield chunk({"role": "assistant", "content": message["content"] or ""})
    for index, call in enumerate(message.get("tool_calls", [])):
        written = call["function"]["arguments"]
        half = len(written) // 2
        first = {
            **call,
            "index": index,
            "function": {"name": call["function"]["name"], "arguments": written[:half]},
        }
        yield chunk({"tool_calls": [first]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": written[half:]}}]})
    yield chunk({}, stop)
    yield "", {**head, "choices": [], "usage": _usage(usage)}


def _head(number: int, usage: Usage, kind: str) -> Json:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 0, "model": usage.model}


def _usage(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.context,
        "completion_tokens": usage.output,
        "total_tokens": usage.context + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
