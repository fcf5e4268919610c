"""OpenAI Responses: requests read, answers written, whole or as a stream of events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provider_servers.answers import Answer, Cut, Message, Refuse, Say, Use
from provider_servers.bill import Usage

Json = dict[str, Any]


def parts(body: Json) -> list[Any]:
    """The parts of a request in the order in which they are cached."""
    given = body.get("input", [])
    return [
        body.get("tools", []),
        body.get("instructions") or "",
        *(given if isinstance(given, list) else [given]),
    ]


def caches(body: Json) -> bool:
    """Prefixes are always cached."""
    return True


def read(body: Json) -> tuple[list[Message], list[str]]:
    """Messages and the names of the tools."""
    given = body.get("input", [])
    if isinstance(given, str):
        return [Message("user", given)], []
    found = []
    for item in given:
        kind = item.get("type", "message")
        if kind == "function_call":
            found.append(Message("assistant", "", (item["name"],)))
        elif kind == "function_call_output":
            found.append(Message("tool", _text(item["output"])))
        elif kind == "message":
            found.append(Message(item["role"], _text(item["content"])))
    return found, [tool["name"] for tool in body.get("tools", []) if "name" in tool]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content)


def _items(answer: Answer, number: int) -> tuple[list[Json], str | None]:
    """Items of the output, and why it is incomplete."""
    match answer:
        case Say(text):
            return [_message(text, number)], None
        case Refuse(text):
            return [_message(text, number)], "content_filter"
        case Cut(text, None):
            return [_message(text, number)], "max_output_tokens"
        case Cut(_, (name, arguments)):
            call = _call(name, json.dumps(arguments)[:-1], f"{number}_0")
            return [{**call, "status": "incomplete"}], "max_output_tokens"
        case Use(calls, text):
            used = [_call(name, json.dumps(given), f"{number}_{i}") for i, (name, given) in enumerate(calls)]
            return [*([_message(text, number)] if text else []), *used], None
    raise AssertionError(answer)


def _message(text: str, number: int) -> Json:
    said = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "status": "completed",
        "content": [said],
    }


def _call(name: str, arguments: str, number: str) -> Json:
    return {
        "type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": name,
        "arguments": arguments, "status": "completed",
    }  # fmt: skip


def whole(answer: Answer, number: int, usage: Usage) -> Json:
    """The answer in one piece."""
    output, incomplete = _items(answer, number)
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "status": "incomplete" if incomplete else "completed",
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "error": None,
        "instructions": None,
        "metadata": {},
        "model": usage.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "top_p": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": usage.context,
            "input_tokens_details": {"cached_tokens": usage.cache_read, "cache_write_tokens": 0},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.context + usage.output,
        },
    }


def events(answer: Answer, number: int, usage: Usage) -> Iterator[tuple[str, Json]]:
    """The answer as a stream: names and data of events; the last one has all of it."""
    response = whole(answer, number, usage)
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield "response.created", {"response": begun, "sequence_number": 0}
    count = 1
    for index, item in enumerate(response["output"]):
        for name in ("response.output_item.added", "response.output_item.done"):
            yield name, {"output_index": index, "item": item, "sequence_number": count}
            count += 1
    end = "response.incomplete" if response["incomplete_details"] else "response.completed"
    yield end, {"response": response, "sequence_number": count}
