"""Whether a model can be used, before anything is trained: one cheap request, and what to do where it fails.

A provider that is only busy (rate limits, overload) is no obstacle: sessions wait for it. Nobody waits here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aar.database.progress import ProviderTrouble
from aar.errors import ModelError
from aar.researchers.inspect_models import ModelOptions, make, without_repetition
from aar.researchers.models import PROVIDERS, check_model
from aar.researchers.provider_errors import classify
from w2s.errors import Unavailable

if TYPE_CHECKING:
    from inspect_ai.model import ModelUsage

LOCAL = ("aar", "mockllm")
"""Providers that are asked nothing: they answer in this process."""
MOST_OUTPUT = 16
"""Tokens of the answer; OpenAI allows no fewer."""
MOST_SECONDS = 60.0
QUESTION = "Answer with the word: ready"
BUSY = (ProviderTrouble.RATE_LIMITED, ProviderTrouble.OVERLOADED)


@dataclass(frozen=True)
class Readiness:
    """Whether a model answers.

    Attributes:
        model: Name of the model.
        problem: What stands in the way and what to do, in one line; empty if nothing does.
        note: What a person may want to know though nothing stands in the way.
        usage: What the request used; None where none was answered.
    """

    model: str
    problem: str = ""
    note: str = ""
    usage: ModelUsage | None = None


def ask(models: Sequence[str], options: ModelOptions) -> list[Readiness]:
    """Ask each of the models once, all at the same time."""

    async def everybody() -> list[Readiness]:
        return await asyncio.gather(*(_ask(model, options) for model in dict.fromkeys(models)))

    return asyncio.run(everybody())


def refuse_unready(models: Sequence[str], options: ModelOptions) -> None:
    """`ModelError` with a line for each model that cannot be used."""
    problems = [found.problem for found in ask(models, options) if found.problem]
    if problems:
        raise ModelError("; ".join(problems))


async def _ask(name: str, options: ModelOptions) -> Readiness:
    try:
        check_model(name)
        if name.partition("/")[0] in LOCAL:
            return Readiness(name, note="asked nothing: it answers in this process")
        return await _answer(name, options)
    except (ModelError, Unavailable) as error:
        return Readiness(name, problem=str(error))


async def _answer(name: str, options: ModelOptions) -> Readiness:
    from inspect_ai.model import ChatMessageUser, GenerateConfig

    model = make(name, options)
    without_repetition(model.api)
    config = model.config.merge(GenerateConfig(max_tokens=MOST_OUTPUT))
    try:
        async with asyncio.timeout(MOST_SECONDS):
            result = await model.api.generate([ChatMessageUser(content=QUESTION)], [], "none", config)
            output = result[0] if isinstance(result, tuple) else result
            if isinstance(output, Exception):
                raise output
            return Readiness(name, usage=output.usage)
    except Exception as error:  # noqa: BLE001  providers' errors have no common root
        failure = classify(error)
        if failure.kind in BUSY:
            return Readiness(name, note=f"its provider is busy, and is waited for: {failure.detail}")
        return Readiness(
            name, problem=f"{name}: {_REMEDIES[failure.kind].format(key=_key(name))} ({failure.detail})"
        )
    finally:
        await model.api.aclose()


def _key(name: str) -> str:
    """The variables that hold the provider's key, in words."""
    provider = PROVIDERS.get(name.partition("/")[0])
    return " or ".join(provider.keys) if provider is not None and provider.keys else "its provider's key"


_REMEDIES = {
    ProviderTrouble.UNREACHABLE: "its provider does not answer; check the network, a proxy, and --base-url",
    ProviderTrouble.UNAUTHORISED: "its provider does not accept the key; check {key}",
    ProviderTrouble.NO_CREDIT: "there is no credit; buy some at the provider, or set another key in {key}",
    ProviderTrouble.UNKNOWN_MODEL: "its provider knows no such model; check the name, and --base-url",
    ProviderTrouble.REFUSED_REQUEST: "its provider takes no such request; check --effort, --temperature, --model-arg",
    ProviderTrouble.CONTEXT_OVERFLOW: "not even one sentence fits into it",
    ProviderTrouble.OTHER: "the request failed",
}
