"""The providers' stand-ins answer the real clients in their own protocols, and bill what these are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from provider_servers import DROPPED, OVERFLOW, SLOW, Bill, Cut, Provider, Refuse, Say, Use, error, serve
from provider_servers.answers import script_of
from provider_servers.server import KEY

MODELS = ("anthropic/claude-opus-4-5", "openai/gpt-5", "openai-api/local/any")


def model(name: str, url: str, *, stream: bool, key: str = KEY) -> Any:
    from inspect_ai.model import get_model

    base = url if name.startswith("anthropic") else f"{url}/v1"
    option = "stream" if name.startswith("openai-api") else "streaming"
    found = get_model(name, base_url=base, api_key=key, memoize=False, **{option: stream})
    found.api.client.max_retries = 0
    return found


def tools() -> list[Any]:
    from inspect_ai.tool import ToolDef

    async def look(place: str) -> str:
        """Look at a place.

        Args:
            place: Where.
        """
        return place

    return [ToolDef(look, name="look")]


def ask(provider: Provider, name: str, *texts: str, stream: bool = False, key: str = KEY) -> list[Any]:
    """The answers to a conversation in which each text is said after the answer before it."""
    from inspect_ai.model import ChatMessageUser, GenerateConfig

    async def converse(url: str) -> list[Any]:
        asked, answers, messages = model(name, url, stream=stream, key=key), [], []
        for text in texts:
            messages.append(ChatMessageUser(content=text))
            # a summary of reasoning would be asked for by a request of its own
            config = GenerateConfig(max_tokens=1000, max_retries=0, reasoning_summary="none")
            answers.append(await asked.generate(messages, tools=tools(), config=config))
            messages.append(answers[-1].message)
        return answers

    with serve(provider) as url:
        return asyncio.run(converse(url))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_told_is_what_is_billed(name: str, stream: bool) -> None:
    provider = Provider(
        script_of(Say("first " * 50, reasoning_tokens=0), Say("second")),
        bill=Bill(writes=name.startswith("anthropic")),
    )
    answers = ask(provider, name, "a question " * 100, "another one", stream=stream)
    assert [answer.completion.strip() for answer in answers] == [("first " * 50).strip(), "second"]
    told = [answer.usage for answer in answers]
    assert [
        (
            one.input_tokens,
            one.input_tokens_cache_read or 0,
            one.input_tokens_cache_write or 0,
            one.output_tokens,
        )
        for one in told
    ] == [(one.uncached, one.cache_read, one.cache_write, one.output) for one in provider.bill.calls]
    assert provider.bill.calls[1].cache_read > 100, "the second request finds the first one's prefix"
    assert bool(provider.bill.calls[0].cache_write) == name.startswith("anthropic")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_calls_refusals_and_cuts_come_as_such(name: str, stream: bool) -> None:
    provider = Provider(
        script_of(
            Use.one("look", place="here"),
            Refuse(),
            Cut("half a"),
            Cut(call=("look", {"place": "a long place"})),
        )
    )
    called = ask(provider, name, "1", stream=stream)[0]
    assert [(call.function, call.arguments) for call in called.message.tool_calls] == [
        ("look", {"place": "here"})
    ]
    refused, cut, cut_call = (ask(provider, name, "x", stream=stream)[0] for _ in range(3))
    assert refused.stop_reason == "content_filter"
    assert (cut.stop_reason, cut.completion) == ("max_tokens", "half a")
    (call,) = cut_call.message.tool_calls
    assert cut_call.stop_reason == "max_tokens" or call.parse_error, (
        "Responses give what was cut as a broken call"
    )
    assert provider.turns[0].tools == ("look",)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("status", [401, 404, 429, 500, 529])
def test_a_status_reaches_the_caller(name: str, status: int) -> None:
    provider = Provider(script_of(Say("x")), fault=lambda number, seconds: error(status))
    with pytest.raises(Exception) as raised:  # noqa: PT011  the class is the provider's own
        ask(provider, name, "x")
    found = getattr(raised.value, "status_code", None) or getattr(raised.value.__cause__, "status_code", None)
    assert found == status
    assert provider.requests[0][1] == status
    assert not provider.bill.calls


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_key_and_a_full_window(name: str) -> None:
    with pytest.raises(Exception, match="401"):
        ask(Provider(script_of(Say("x"))), name, "x", key="wrong")
    for provider in (
        Provider(script_of(Say("x")), window=10),
        Provider(script_of(Say("x")), fault=lambda *_: OVERFLOW),
    ):
        assert ask(provider, name, "long " * 100)[0].stop_reason == "model_length"


@pytest.mark.parametrize("name", MODELS)
def test_a_dropped_connection_is_billed_in_part_and_a_slow_stream_is_whole(name: str) -> None:
    dropped = Provider(script_of(Say("word " * 40)), fault=lambda *_: DROPPED)
    with pytest.raises(Exception):  # noqa: B017, PT011  the class is the provider's own
        ask(dropped, name, "x", stream=True)
    (billed,) = dropped.bill.calls
    assert not billed.whole
    assert 0 < billed.output < 50
    slow = Provider(script_of(Say("word " * 40)), fault=lambda *_: SLOW)
    assert ask(slow, name, "x", stream=True)[0].completion.strip() == ("word " * 40).strip()
