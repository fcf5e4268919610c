"""A usage that cannot be believed, or that nobody told, is charged at its estimate at once; no call stays open."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from fake_lab import FakeLab
from provider_servers import BROKEN_OFF, Fault, Provider, Say, altered, error_within
from provider_servers.answers import script_of
from provider_servers.server import KEY
from test_researchers_calls import KEYS, MODELS, Asked, converse, failing

from aar.database.progress import ProviderTrouble
from aar.researchers.usage import Doubt, Told

CLAUDE, GPT, ANY = MODELS
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, KEY)


def using(**changes: Any) -> Change:
    """An answer with other counts in its usage; a dictionary changes what lies in it."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        usage = dict(answer["usage"])
        for name, value in changes.items():
            usage[name] = {**usage[name], **value} if isinstance(value, dict) and usage.get(name) else value
        return {**answer, "usage": usage}

    return change


def lost(asked: Asked) -> list[bool | None]:
    """Of each call whether it was charged at its estimate; None for one that is open."""
    return [call.used.lost if call.used else None for call in asked.lab.calls.by_id.values()]


IMPOSSIBLE = [
    (ANY, using(prompt_tokens_details={"cached_tokens": 10**6})),
    (ANY, using(completion_tokens=-1)),
    (ANY, using(prompt_tokens=10**9)),
    (ANY, using(prompt_tokens=10**30)),
    (ANY, using(completion_tokens_details={"reasoning_tokens": -7})),
    (GPT, using(output_tokens=-1)),
    (GPT, using(input_tokens_details={"cached_tokens": 10**6, "cache_write_tokens": 0})),
    (CLAUDE, using(cache_read_input_tokens=-5)),
    (CLAUDE, using(cache_creation_input_tokens=-5)),
    (CLAUDE, using(output_tokens=10**12)),
]


@pytest.mark.parametrize(("model", "change"), IMPOSSIBLE)
def test_counts_that_no_call_can_have_are_charged_at_the_estimate_and_told_once(
    model: str, change: Change, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider(script_of(Say("word " * 20)), fault=lambda *_: altered(change))
    with caplog.at_level(logging.WARNING, logger="aar"):
        asked = converse(provider, "hello", "and", "so on", model=model)
    assert len(asked.answers) == len(provider.requests) == 3, "the answers are taken"
    assert lost(asked) == [True] * 3
    said = [
        record.getMessage()
        for record in caplog.records
        if "counts that no call can have" in record.getMessage()
    ]
    assert len(said) == 1
    assert "tokens" in said[0].partition("(")[2], "it says which"
    estimates = [call.opened.input_tokens for call in asked.lab.calls.by_id.values()]
    assert max(estimates) < 1000, "nothing is learnt from it"


@pytest.mark.parametrize(
    ("model", "change", "doubt"),
    [
        (ANY, using(prompt_tokens=0, completion_tokens=0, total_tokens=0, prompt_tokens_details=None), Doubt.NOTHING),
        (CLAUDE, using(input_tokens=0, output_tokens=0, cache_creation_input_tokens=0), Doubt.NOTHING),
        (ANY, using(completion_tokens=0), Doubt.NOTHING),
        (ANY, using(completion_tokens=1), Doubt.TOO_FEW),
        (ANY, using(completion_tokens=True), Doubt.TOO_FEW),
        (ANY, using(prompt_tokens=True, prompt_tokens_details=None), Doubt.TOO_FEW),
        (CLAUDE, using(input_tokens=1, cache_creation_input_tokens=0), Doubt.TOO_FEW),
        (ANY, lambda answer: {**answer, "usage": None}, Doubt.UNTOLD),
        (GPT, lambda answer: {**answer, "usage": None}, Doubt.UNTOLD),
        (
            ANY,
            lambda answer: {
                **answer,
                "usage": None,
                "choices": [{**answer["choices"][0], "finish_reason": "content_filter"}],
            },
            Doubt.UNTOLD,
        ),
    ],
)  # fmt: skip
def test_an_answer_that_is_said_to_have_cost_nothing_is_charged_at_its_estimate_and_told_once(
    model: str, change: Change, doubt: Doubt, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider(script_of(Say("word " * 60)), fault=lambda *_: altered(change))
    with caplog.at_level(logging.WARNING, logger="aar"):
        asked = converse(provider, "hello " * 20, "and", model=model)
    assert lost(asked) == [True] * 2
    assert sum(doubt.words in record.getMessage() for record in caplog.records) == 1


def test_what_an_answer_says_is_charged_where_it_is_longer_than_its_estimate() -> None:
    def first_short(number: int, seconds: float) -> Fault | None:
        return altered(using(completion_tokens=1)) if number else None

    def ask(model: Any, messages: list[Any]) -> Any:
        from inspect_ai.model import GenerateConfig

        return model.generate(messages, config=GenerateConfig(max_tokens=30_000))

    provider = Provider(script_of(Say("x"), Say("word " * 16_000)), fault=first_short)
    asked = converse(provider, "hello", "and", model=ANY, do=ask)
    call = list(asked.lab.calls.by_id.values())[1]
    assert call.opened.output_tokens < 20_000
    assert call.used is not None
    assert call.used.output_tokens == 20_000
    assert call.used.input_tokens == call.opened.input_tokens


def test_plausible_counts_are_believed() -> None:
    def odd_but_well(answer: dict[str, Any]) -> dict[str, Any]:
        answer["usage"] |= {
            "cost": 0.25,
            "is_byok": False,
            "queue_time": 1.5,
            "tier": "x",
            "other_tokens": None,
        }
        answer["usage"]["completion_tokens"] = float(answer["usage"]["completion_tokens"])
        answer["choices"][0]["finish_reason"] = None
        return answer

    provider = Provider(script_of(Say("word " * 60)), fault=lambda *_: altered(odd_but_well))
    asked = converse(provider, "hello", model=ANY)
    assert lost(asked) == [False]
    assert asked.lab.calls.used()[0].output_tokens == provider.bill.calls[0].output


def test_nobody_bills_the_embedded_models() -> None:
    from inspect_ai.model import ModelUsage

    told = Told("mockllm/model", most=100)
    told.usage(ModelUsage(), letters=500)
    assert told.doubt is None


def test_an_answer_without_any_content_is_charged_by_its_usage_and_asked_again() -> None:
    provider = Provider(script_of(Say("word")), fault=failing(altered(unreadable("choices", []))))
    asked = converse(provider, "hello", model=ANY)
    assert [answer.completion for answer in asked.answers] == ["word"]
    assert lost(asked) == [False, False]
    assert [used.output_tokens for used in asked.lab.calls.used()] == [
        each.output for each in provider.bill.calls
    ]


def test_an_answer_that_breaks_off_teaches_nothing_of_how_long_answers_are() -> None:
    provider = Provider(script_of(Say("x")), fault=failing(BROKEN_OFF, BROKEN_OFF))
    asked = converse(provider, "hello", stream=True)
    assert [call.opened.output_tokens for call in asked.lab.calls.by_id.values()] == [500] * 3


def unreadable(name: str, value: Any) -> Change:
    return lambda answer: {**answer, name: value}


def _not_utf8(answer: dict[str, Any]) -> bytes:
    import json

    return json.dumps(answer).replace("word", "\xff\xfe").encode("latin-1")


def _nan(answer: dict[str, Any]) -> dict[str, Any]:
    return using(output_tokens=float("nan"))(answer)


UNREADABLE = [
    (ANY, using(prompt_tokens=None, completion_tokens=None, total_tokens=None)),
    (ANY, using(prompt_tokens=10000.5)),
    (ANY, using(prompt_tokens_details={"cached_tokens": "many"})),
    (ANY, unreadable("usage", [1])),
    (ANY, unreadable("usage", "much")),
    (ANY, unreadable("usage", {})),
    (ANY, unreadable("choices", None)),
    (ANY, _not_utf8),
    (ANY, lambda _: b""),
    (ANY, lambda _: b"<html>sign in</html>"),
    (ANY, lambda _: {"error": {"message": "rate limited", "code": 429}}),
    (CLAUDE, using(input_tokens="10000", output_tokens="5")),
    (CLAUDE, unreadable("usage", None)),
    (CLAUDE, unreadable("usage", {})),
    (CLAUDE, unreadable("content", None)),
    (CLAUDE, _not_utf8),
    (CLAUDE, _nan),
    (CLAUDE, lambda _: b""),
    (CLAUDE, lambda _: [1]),
    (CLAUDE, unreadable("content", [{"type": "tool_use", "id": "t", "name": "look", "input": [1]}])),
]


@pytest.mark.parametrize(("model", "change"), UNREADABLE)
def test_an_answer_that_cannot_be_read_was_billed(model: str, change: Change) -> None:
    provider = Provider(script_of(Say("word")), fault=failing(altered(change)))
    asked = converse(provider, "hello", model=model)
    assert lost(asked) in ([True], [True, False]), "whether it is asked again or taken"
    assert asked.answers


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        (BROKEN_OFF, {"unreachable", "other"}),
        (error_within(529), {"overloaded", "other"}),
        (error_within(429), {"rate_limited", "other"}),
    ],
)
def test_a_stream_without_its_end_is_asked_again_and_charged(
    model: str, fault: Fault, kinds: set[str]
) -> None:
    provider = Provider(script_of(Say("half an answer " * 40), Say("whole")), fault=failing(fault))
    asked = converse(provider, "hello", model=model, stream=True)
    assert [answer.completion for answer in asked.answers] == ["whole"]
    assert lost(asked) == [True, False]
    assert asked.lab.calls.troubles[0][1].kind in {ProviderTrouble(kind) for kind in kinds}
    if model == CLAUDE:
        assert asked.lab.calls.troubles[0][1].kind is not ProviderTrouble.OTHER, "it may last for days"


def test_counts_that_the_lab_does_not_take_leave_no_call_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def strange(told: Told) -> dict[str, int]:
        return {"input_tokens": 1, "output_tokens": 1, "context_tokens": -1}

    monkeypatch.setattr(Told, "counts", strange)
    lab = FakeLab(minutes=30, minutes_a_look=0)
    asked = converse(Provider(script_of(Say("word"))), "hello", lab=lab)
    assert lost(asked) == [True]
