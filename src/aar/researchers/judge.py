"""A language model sorts ideas into families: one short question for each code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from aar.ideas.families import Family
from aar.ideas.judging import ANSWER_TOKENS, family_in, question
from aar.prices import Tokens
from aar.researchers.inspect_models import ModelOptions, make
from aar.researchers.usage import tokens_of

AT_ONCE = 4
"""Questions under way."""


def judge(
    model: str,
    options: ModelOptions,
    codes: Mapping[str, Mapping[str, str]],
    told: Callable[[str, Family | None, Tokens], None],
) -> None:
    """Ask `model` about each code (name to files); `told` gets a name, the answer, and what it used, as each comes.

    Inspect waits for a provider that is busy, as long as it takes. Raises what the provider raised otherwise.
    """

    async def everything() -> None:
        from inspect_ai.model import GenerateConfig

        judging, room = make(model, options), asyncio.Semaphore(AT_ONCE)
        config = GenerateConfig(max_tokens=ANSWER_TOKENS if options.effort is None else None)

        async def one(name: str, files: Mapping[str, str]) -> None:
            async with room:
                output = await judging.generate(question(files), config=config)
            told(name, family_in(output.completion), tokens_of([output.usage] if output.usage else []))

        try:
            async with asyncio.TaskGroup() as group:
                for name, files in codes.items():
                    group.create_task(one(name, files))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        finally:
            await judging.api.aclose()

    asyncio.run(everything())
