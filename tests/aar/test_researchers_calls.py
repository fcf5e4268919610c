"""Every call to a provider is counted at the lab, and a provider that fails is waited for, for as long as it takes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fake_lab import FakeLab, serve
from provider_servers import DROPPED, HANG, OVERFLOW, Bill, Fault, Provider, Say, Use, error
from provider_servers import serve as provide
from provider_servers.answers import script_of
from provider_servers.server import KEY

from aar.database.progress import EndReason, ProviderTrouble
from aar.errors import ProviderDown
from aar.researchers.answered import Answered
from aar.researchers.calls import Calls
from aar.researchers.inspect_models import ModelOptions, make
from aar.researchers.lab_client import LabClient
from aar.researchers.waits import Waits

MODELS = ("anthropic/claude-opus-4-5", "openai/gpt-5", "openai-api/local/any")
OPUS = (5.0, 25.0, 0.5, 6.25)
SHORT = Waits(first=0.01, most=0.05, permanent_first=0.02, permanent_most=0.1, attempt=60.0)
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "LOCAL_API_KEY")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, KEY)


@dataclass
class Asked:
    """What came of a conversation."""

    lab: FakeLab
    provider: Provider
    answers: list[Any] = field(default_factory=list)
    ended: EndReason | None = None


def converse(
    provider: Provider,
    *texts: str,
    model: str = MODELS[0],
    lab: FakeLab | None = None,
    waits: Waits = SHORT,
    logs: Path | None = None,
    stream: bool = False,
    do: Callable[[Any, list[Any]], Any] | None = None,
) -> Asked:
    """Say one text after the other through metered calls; `do` does something else with the model."""
    from inspect_ai.model import ChatMessageUser, GenerateConfig

    lab = lab or FakeLab(minutes=30, minutes_a_look=0)
    asked = Asked(lab, provider)

    async def speak(url: str, base: str) -> None:
        client = LabClient(url, "token")
        answered = Answered(logs or Path("/dev/null"), "r1")
        calls = Calls(client, name=model, waits=waits, rng=random.Random(1), answered=answered)
        url = base if model.startswith("anthropic") else f"{base}/v1"
        option = "stream" if model.startswith("openai-api") else "streaming"
        found = make(model, ModelOptions(base_url=url, args={option: True} if stream else {}))
        calls.attach(found)
        messages: list[Any] = []
        try:
            for text in texts:
                messages.append(ChatMessageUser(content=text))
                answer = await (
                    do(found, messages)
                    if do
                    else found.generate(messages, config=GenerateConfig(max_tokens=500))
                )
                asked.answers.append(answer)
                if do is None:
                    messages.append(answer.message)
        finally:
            asked.ended = calls.ended
            await client.close()

    with serve(lab, {"token": "r1"}) as url, provide(provider) as base:
        asyncio.run(speak(url, base))
    return asked


def failing(*faults: Fault) -> Callable[[int, float], Fault | None]:
    """These faults, one a request, and then none."""
    return lambda number, seconds: faults[number] if number < len(faults) else None


@pytest.mark.parametrize("model", MODELS)
def test_the_lab_counts_what_the_provider_bills(model: str) -> None:
    provider = Provider(
        script_of(Say("one " * 30, reasoning_tokens=7), Say("two"), Say("three")),
        bill=Bill(writes=model == MODELS[0]),
    )
    asked = converse(provider, "hello " * 200, "and", "so on " * 100, model=model)
    told = [
        (used.input_tokens, used.cache_read_tokens, used.cache_write_tokens, used.output_tokens)
        for used in asked.lab.calls.used()
    ]
    billed = [(one.uncached, one.cache_read, one.cache_write, one.output) for one in provider.bill.calls]
    assert told == billed
    assert len(billed) == 3
    assert [used.context_tokens for used in asked.lab.calls.used()] == [
        one.context for one in provider.bill.calls
    ]
    opened = [call.opened for call in asked.lab.calls.by_id.values()]
    assert {one.model for one in opened} == {model}
    assert opened[0].output_tokens == 500, "at first it may write all that it may"
    assert 0.8 < opened[-1].input_tokens / provider.bill.calls[-1].context < 1.25, (
        "it learns how long tokens are"
    )
    if model != MODELS[0]:
        assert asked.lab.calls.used()[0].reasoning_tokens == 7
    assert provider.counted == 0, "tokens are not asked for"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("fault", "kind", "permanent"),
    [
        (error(429), "rate_limited", False),
        (error(500), "overloaded", False),
        (error(529), "overloaded", False),
        (error(401), "unauthorised", True),
        (error(403), "unauthorised", True),
        (error(404), "unknown_model", True),
        (error(402), "no_credit", True),
        (error(400, credit=True), "no_credit", True),
    ],
)
def test_a_failure_is_told_waited_for_and_told_again_when_it_heals(
    model: str, fault: Fault, kind: str, permanent: bool
) -> None:
    provider = Provider(script_of(Say("back")), fault=failing(fault, fault, fault))
    asked = converse(provider, "hello", model=model)
    assert asked.answers[0].completion == "back"
    assert len(provider.requests) == 4, "neither Inspect nor the SDK repeats by itself"
    *troubles, healed = [trouble for _, trouble, _ in asked.lab.calls.troubles]
    assert [(one.kind, one.permanent) for one in troubles] == [(ProviderTrouble(kind), permanent)] * 3
    assert healed.kind is None
    assert fault.message in troubles[0].detail
    assert str(fault.status) in troubles[0].detail
    calls = list(asked.lab.calls.by_id.values())
    assert len(calls) == 4
    assert [call.used.output_tokens > 0 for call in calls if call.used] == [False, False, False, True]
    assert not any(call.used.lost for call in calls if call.used), "what was refused cost nothing"


def test_nobody_listens_and_then_somebody_does() -> None:
    dropped = Provider(script_of(Say("word " * 40)), fault=failing(DROPPED, DROPPED))
    asked = converse(dropped, "hello", model=MODELS[2])
    assert asked.answers[0].completion.strip().startswith("word")
    kinds = [trouble.kind for _, trouble, _ in asked.lab.calls.troubles]
    assert kinds == [ProviderTrouble.UNREACHABLE, ProviderTrouble.UNREACHABLE, None]
    assert [call.used.lost for call in asked.lab.calls.by_id.values() if call.used] == [True, True, False]


def test_a_call_that_hangs_is_cut_off_and_counted_as_lost() -> None:
    asked = converse(
        Provider(script_of(Say("at last")), fault=failing(HANG)),
        "hello",
        waits=Waits(attempt=1.0, first=0.01),
    )
    assert asked.answers[0].completion == "at last"
    assert [call.used.lost for call in asked.lab.calls.by_id.values() if call.used] == [True, False]


def test_a_provider_that_names_a_wait_is_not_asked_before() -> None:
    provider = Provider(script_of(Say("now")), fault=failing(error(429, retry_after=1.5)))
    asked = converse(provider, "hello")
    (first, _), (second, _) = provider.requests
    assert second - first >= 1.5
    assert asked.lab.calls.troubles[0][1].next_try_seconds >= 1.5


def test_waits_grow_to_their_bound_and_are_not_alike() -> None:
    rng = random.Random(7)
    passing = [Waits().after_failure(n, permanent=False, told=None, rng=rng) for n in range(1, 60)]
    lasting = [Waits().after_failure(n, permanent=True, told=None, rng=rng) for n in range(1, 60)]
    assert passing[0] <= 2.0
    assert 150.0 <= min(passing[10:]) <= max(passing[10:]) <= 300.0
    assert 15.0 <= lasting[0] <= 30.0
    assert 300.0 <= min(lasting[10:]) <= max(lasting[10:]) <= 600.0
    assert len(set(passing[10:])) > 40


def test_a_request_that_the_provider_takes_for_malformed_is_not_repeated_for_ever() -> None:
    provider = Provider(script_of(Say("never")), fault=lambda *_: error(400))
    with pytest.raises(ProviderDown, match="at least one message is required") as raised:
        converse(provider, "hello")
    assert len(provider.requests) == 4
    assert len(str(raised.value)) < 300, "one line, without the request"


def test_a_call_that_the_budget_forbids_ends_the_session_and_the_one_before_is_the_last() -> None:
    from inspect_ai.util import LimitExceededError

    lab = FakeLab(minutes=30, minutes_a_look=0)
    lab.calls.prices, lab.calls.usd = {MODELS[0]: OPUS}, 0.001
    provider = Provider(script_of(Say("word " * 100)))
    with pytest.raises(LimitExceededError, match="budget is spent"):
        converse(provider, "one " * 100, "two", "three", lab=lab)
    assert len(provider.requests) == 1, "hard to within one call"
    assert lab.calls.cost() == pytest.approx(provider.bill.usd({"claude-opus-4-5": OPUS}), abs=1e-12)


def test_a_lab_that_is_over_is_not_kept_waiting_by_a_provider_that_is_down() -> None:
    from inspect_ai.util import LimitExceededError

    lab = FakeLab(minutes=30, minutes_a_look=0)

    def down(number: int, seconds: float) -> Fault:
        lab.stopped = "time"
        return error(529)

    with pytest.raises(LimitExceededError, match="over before"):
        converse(
            Provider(script_of(Say("x")), fault=down), "hello", lab=lab, waits=Waits(first=600.0, most=600.0)
        )
    assert len(lab.calls.by_id) == 1


@pytest.mark.parametrize("model", MODELS)
def test_a_conversation_that_does_not_fit_is_an_answer_and_no_trouble(model: str) -> None:
    asked = converse(Provider(script_of(Say("x")), fault=lambda *_: OVERFLOW), "hello", model=model)
    assert asked.answers[0].stop_reason == "model_length"
    assert all(trouble.kind is None for _, trouble, _ in asked.lab.calls.troubles)
    assert [call.used.lost for call in asked.lab.calls.by_id.values() if call.used] == [False], (
        "it cost nothing"
    )


def test_a_native_compaction_that_does_nothing_is_billed_once() -> None:
    async def compact(model: Any, messages: list[Any]) -> Any:
        try:
            return await model.compact(messages, [])
        except NotImplementedError as error:
            return error

    provider = Provider(script_of(Say("no compaction here")))
    asked = converse(provider, "hello " * 100, do=compact)
    assert isinstance(asked.answers[0], NotImplementedError)
    (billed,), (call,) = provider.bill.calls, asked.lab.calls.by_id.values()
    assert call.used is not None
    assert call.used.output_tokens == billed.output > 0


def test_reasoning_that_is_counted_beside_the_output_is_output() -> None:
    from inspect_ai.model import ModelUsage

    from aar.researchers.usage import _written

    assert (
        _written(ModelUsage(input_tokens=32, output_tokens=9, reasoning_tokens=94, total_tokens=135)) == 103
    )
    assert (
        _written(ModelUsage(input_tokens=32, output_tokens=103, reasoning_tokens=94, total_tokens=135)) == 103
    )


def test_a_call_is_taken_for_the_longest_answer_until_it_is_there() -> None:
    async def ask(model: Any, messages: list[Any]) -> Any:
        from inspect_ai.model import GenerateConfig

        return await model.generate(messages, config=GenerateConfig(max_tokens=30_000))

    asked = converse(Provider(script_of(Say("word " * 4000), Say("x"))), "1", "2", "3", do=ask)
    opened = [call.opened.output_tokens for call in asked.lab.calls.by_id.values()]
    assert opened == [30_000, 5000, 5000]


def test_tools_are_passed_on() -> None:
    asked = converse(Provider(script_of(Use.one("look", place="x"))), "hello")
    assert asked.answers[0].message.tool_calls[0].function == "look"


def test_a_count_is_kept_from_the_answer_until_the_lab_has_taken_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever kills the session, or the lab, in between leaves it there."""
    seen: list[tuple[Any, Any]] = []
    settle = LabClient.settle_call

    async def watched(client: LabClient, call: str, used: Any) -> None:
        seen.append((Answered(tmp_path, "r1").find(call), used))
        await settle(client, call, used)

    monkeypatch.setattr(LabClient, "settle_call", watched)
    converse(Provider(script_of(Say("one"), Say("two"))), "a", "b", logs=tmp_path)
    assert len(seen) == 2
    for found, used in seen:
        assert {**vars(found[0]), "context_tokens": found[1]} == used
        assert used["output_tokens"] > 0
    assert not list(tmp_path.rglob("*.json"))


def test_a_count_that_cannot_be_kept_is_told_all_the_same() -> None:
    provider = Provider(script_of(Say("one")))
    asked = converse(provider, "a", logs=Path("/dev/null"))
    assert len(asked.lab.calls.used()) == len(provider.bill.calls) == 1
