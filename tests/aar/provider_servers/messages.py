"""Anthropic Messages: requests read, answers written, whole or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provider_servers.answers import Answer, Cut, Message, Refuse, Say, Use
from provider_servers.bill import Usage

Json = dict[str, Any]


def parts(body: Json) -> list[Any]:
    """The parts of a request in the order in which they are cached."""
    return [body.get("tools", []), body.get("system", ""), *_plain(body["messages"])]


def caches(body: Json) -> bool:
    """Whether the request asks for its prefix to be cached."""
    return "cache_control" in json.dumps(body)


def _plain(messages: list[Json]) -> list[Any]:
    """Messages without the marks of the cache, which move from request to request."""
    text = json.dumps(messages)
    return json.loads(
        text, object_hook=lambda found: {k: v for k, v in found.items() if k != "cache_control"}
    )


def read(body: Json) -> tuple[list[Message], list[str]]:
    """Messages and the names of the tools."""
    system = body.get("system", "")
    found = [Message("system", _text(system))] if system else []
    for message in body["messages"]:
        content = message["content"]
        blocks = content if isinstance(content, list) else []
        calls = tuple(block["name"] for block in blocks if block["type"] == "tool_use")
        found.append(Message(message["role"], _text(content), calls))
    return found, [tool["name"] for tool in body.get("tools", [])]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(
        block["text"] if block["type"] == "text" else _text(block.get("content", ""))
        for block in content
        if block["type"] in ("text", "tool_result")
    )


def content(answer: Answer, number: int) -> tuple[list[Json], str]:
    """Blocks of an answer, and why it stopped."""
    match answer:
        case Say(text):
            return [{"type": "text", "text": text}], "end_turn"
        case Refuse(text):
            return [{"type": "text", "text": text}], "refusal"
        case Cut(text, None):
            return [{"type": "text", "text": text}], "max_tokens"
        case Cut(text, (name, arguments)):
            return [*_said(text), _call(name, arguments, f"{number}_0")], "max_tokens"
        case Use(calls, text):
            used = [_call(name, given, f"{number}_{place}") for place, (name, given) in enumerate(calls)]
            return [*_said(text), *used], "tool_use"
    raise AssertionError(answer)


def _said(text: str) -> list[Json]:
    return [{"type": "text", "text": text}] if text else []


def _call(name: str, arguments: Json, number: str) -> Json:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}


def whole(answer: Answer, number: int, usage: Usage) -> Json:
    """The answer in one piece."""
    blocks, stop = content(answer, number)
    return {**_head(number, usage), "content": blocks, "stop_reason": stop, "usage": _usage(usage)}


def events(answer: Answer, number: int, usage: Usage) -> Iterator[tuple[str, Json]]:
    """The answer as a stream: names and data of events."""
    blocks, stop = content(answer, number)
    yield (
        "message_start",
        {"message": {**_head(number, usage), "usage": {**_usage(usage), "output_tokens": 1}}},
    )
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            empty, pieces = {"type": "text", "text": ""}, [{"type": "text_delta", "text": block["text"]}]
        else:
            empty = {**block, "input": {}}
            written = json.dumps(block["input"])
            if stop == "max_tokens":
                written = written[:-1]
            half = len(written) // 2
            pieces = [
                {"type": "input_json_delta", "partial_json": each}
                for each in (written[:half], written[half:])
            ]
        yield "content_block_start", {"index": index, "content_block": empty}
        for piece in pieces:
            yield "content_block_delta", {"index": index, "delta": piece}
        yield "content_block_stop", {"index": index}
    delta = {"stop_reason": stop, "stop_sequence": None}
    yield "message_delta", {"delta": delta, "usage": {"output_tokens": usage.output}}
    yield "message_stop", {}


def _head(number: int, usage: Usage) -> Json:
    return {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": usage.model, "content": [],
        "stop_reason": None, "stop_sequence": None,
    }  # fmt: skip


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.uncached,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": usage.output,
    }
