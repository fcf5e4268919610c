"""`python -m aar.researchers.asking`: one short question to each model, in a process that then gives its memory back.

Nobody waits here: a provider that is only busy is said to be so.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from aar.database.progress import ProviderTrouble
from aar.errors import ModelError
from aar.researchers.inspect_models import ModelOptions, make, without_repetition
from aar.researchers.models import PROVIDERS
from aar.researchers.preflight import Readiness
from aar.researchers.provider_errors import classify
from aar.researchers.usage import tokens_of
from w2s.errors import Unavailable

MOST_OUTPUT = 16
"""Tokens of the answer; OpenAI allows no fewer."""
MOST_SECONDS = 60.0
QUESTION = "Answer with the word: ready"
BUSY = (ProviderTrouble.RATE_LIMITED, ProviderTrouble.OVERLOADED)


def ask_here(models: Sequence[str], options: ModelOptions) -> list[Readiness]:
    """Ask each of the models once, all at the same time, in this process."""

    async def everybody() -> list[Readiness]:
        return await asyncio.gather(*(_ask(model, options) for model in models))

    return asyncio.run(everybody())


async def _ask(name: str, options: ModelOptions) -> Readiness:
    try:
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
            return Readiness(name, used=None if output.usage is None else tokens_of([output.usage]))
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


def main() -> int:
    """Read what to ask as JSON, and print what came of it on the last line, also as JSON."""
    asked = json.load(sys.stdin)
    found = ask_here(asked["models"], ModelOptions(**asked["options"]))
    print(json.dumps([asdict(one) for one in found]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
