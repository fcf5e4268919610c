"""Every call of a session to its provider: opened and settled at the lab, and repeated until the provider answers.

The methods of one Inspect model's API are replaced, below everything that Inspect does with an answer. So compaction's
calls are seen as well, and there is one back-off: Inspect's and the SDK's own repetitions are off. A call that waits
adds nothing to the conversation.

Covered: any failure of a provider, for days; one that cannot heal by repetition ends the session after `MOST_TRIES`. A
call that the lab does not allow ends it with `EndReason.BUDGET`, and one that waits for a provider when the lab is over
ends it, too. Not covered: what an API asks besides `generate` and `compact`; of Inspect's providers OpenAI's does (a
probe for summaries of reasoning), which `models.make` turns off.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from aar.database.progress import EndReason, ProviderTrouble
from aar.errors import OverBudget, ProviderDown, Refused
from aar.prices import Tokens
from aar.researchers import ending
from aar.researchers.answered import CONTEXT, Answered
from aar.researchers.inspect_models import without_repetition
from aar.researchers.lab_client import LabClient
from aar.researchers.provider_errors import REPEATABLE, Failure, classify
from aar.researchers.tokens import TokenCount
from aar.researchers.waits import Waits

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelAPI, ModelOutput, ModelUsage
    from inspect_ai.tool import ToolChoice, ToolInfo

logger = logging.getLogger(__name__)

MOST_TRIES = 4
"""Tries of a call that fails in a way which repetition does not heal."""
MOST_OUTPUT = 32_000
"""Tokens that an answer may have where nothing bounds it."""
LEAST_OUTPUT = 1_000
"""Tokens for which an answer is taken at least until it is there."""
BRIEF_SECONDS = 5.0
"""A shorter wait does not ask the lab whether it is over."""

_usages: ContextVar[list[ModelUsage] | None] = ContextVar("usages", default=None)
"""Usages that are told within one call; a compaction may be made of a `generate`."""


class Calls:
    """The calls of one session.

    `ended` is why it may make no more, `failed` what it could not recover from; None while it may go on.
    """

    def __init__(
        self, client: LabClient, *, name: str, waits: Waits, rng: random.Random, answered: Answered
    ) -> None:
        """`name` is the model's, as the lab prices it; `answered` keeps what the lab has not been told yet."""
        self.ended: EndReason | None = None
        self.failed: ProviderDown | None = None
        self._longest = 0
        self._client = client
        self._name = name
        self._waits = waits
        self._rng = rng
        self._answered = answered
        self._count = TokenCount()
        self._told_of_trouble = True  # that of an earlier process, perhaps

    def attach(self, model: Model) -> None:
        """Put this between Inspect and the model's API."""
        from inspect_ai.model import ModelAPI

        api: Any = model.api
        without_repetition(api)
        api.generate = self._generating(api.generate)
        if type(api).compact is not ModelAPI.compact:
            api.compact = self._compacting(api, api.compact)
        api.count_tokens = self._counting
        api.should_retry = lambda error: False

    def _generating(self, generate: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(
            input: list[ChatMessage],
            tools: list[ToolInfo],
            tool_choice: ToolChoice,
            config: GenerateConfig,
        ) -> Any:
            async def once() -> Any:
                result = await generate(input=input, tools=tools, tool_choice=tool_choice, config=config)
                output = result[0] if isinstance(result, tuple) else result
                if isinstance(output, Exception):
                    raise output
                _note(output)
                return result

            if _usages.get() is not None:
                return await once()
            try:
                result = await self._until_answered(once, input, tools, config)
            except _TooLong as error:
                return _overflow(self._name, str(error))
            return result

        return call

    def _compacting(
        self, api: ModelAPI, compact: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        async def call(
            input: list[ChatMessage],
            tools: list[ToolInfo],
            config: GenerateConfig,
            instructions: str | None = None,
        ) -> Any:
            async def once() -> Any:
                messages, usage = await compact(input, tools, config, instructions)
                noted = _usages.get()
                if usage is not None and not noted and noted is not None:
                    noted.append(usage)
                return messages, usage

            return await self._until_answered(once, input, tools, config)

        return call

    async def _counting(self, input: str | list[ChatMessage], config: GenerateConfig | None = None) -> int:
        return self._count.of(input)

    async def _until_answered(
        self,
        once: Callable[[], Awaitable[Any]],
        input: list[ChatMessage],
        tools: list[ToolInfo],
        config: GenerateConfig,
    ) -> Any:
        failures = tries = 0
        while True:
            call = await self._opened(self._count.of(input, tools), self._about(config))
            usages: list[ModelUsage] = []
            token = _usages.set(usages)
            try:
                result = await self._in_time(once)
            except (
                NotImplementedError
            ):  # a provider that compacts nothing; it may have billed finding that out
                await self._settled(call, usages, told=True)
                raise
            except Exception as error:  # providers' errors have no common root
                failure = classify(error)
                await self._settled(call, usages, told=not failure.cut_off)
                if failure.kind is ProviderTrouble.CONTEXT_OVERFLOW:
                    raise _TooLong(failure.detail) from error
                failures, tries = failures + 1, tries + (failure.kind not in REPEATABLE)
                if tries >= MOST_TRIES:
                    self.failed = ProviderDown(
                        f"{self._name} fails ({failure.kind.value.replace('_', ' ')}): {failure.detail}"
                    )
                    raise self.failed from error
                await self._wait(failure, failures)
            else:
                await self._settled(call, usages, told=bool(usages) or _declined(result))
                if usages:
                    self._count.learn(input, tools, _read(usages[0]))
                    self._longest = max(self._longest, *map(_written, usages))
                await self._healed()
                return result
            finally:
                _usages.reset(token)

    async def _in_time(self, once: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(self._waits.attempt):
                return await once()
        except TimeoutError as error:
            raise TimeoutError(f"no answer within {self._waits.attempt:g} s") from error

    def _about(self, config: GenerateConfig) -> int:
        """Tokens for which an answer is taken until it is there: the longest one's, at first all that it may have.

        A call that is cut off is charged so many, and the limit is a hundred times what most answers have.
        """
        most = config.max_tokens or MOST_OUTPUT
        return min(most, max(self._longest, LEAST_OUTPUT)) if self._longest else most

    async def _opened(self, input_tokens: int, output_tokens: int) -> str:
        """The name of a call that the lab allows."""
        call = uuid.uuid4().hex
        try:
            await self._client.open_call(
                call, model=self._name, input_tokens=input_tokens, output_tokens=output_tokens
            )
        except OverBudget as refusal:
            me = await self._client.me()
            self._end(ending.reason(me) if me.get("stop_reason") else EndReason.BUDGET, str(refusal))
        return call

    async def _settled(self, call: str, usages: list[ModelUsage], *, told: bool) -> None:
        """Say what a call used, or that nobody told: an answer without its usage counts as its estimate."""
        context = max((_read(usage) for usage in usages), default=0)
        used = {**vars(tokens_of(usages)), CONTEXT: context} if told or usages else None
        if used is not None:
            self._answered.note(call, used)
        try:
            await self._client.settle_call(call, used)
        except Refused as refusal:  # it stays open, and the lab settles it when this process has ended
            logger.warning("the lab does not take the usage of a call: %s", refusal)
        else:
            self._answered.forget(call)

    async def _wait(self, failure: Failure, failures: int) -> None:
        """Say what is wrong, then wait for the next try; ends the session if the lab is over meanwhile."""
        seconds = self._waits.after_failure(
            failures, permanent=failure.permanent, told=failure.retry_after, rng=self._rng
        )
        logger.warning(
            "%s fails (%s), next try in %.0f s: %s", self._name, failure.kind, seconds, failure.detail
        )
        self._told_of_trouble = True
        await self._client.trouble(
            failure.kind, failure.detail, permanent=failure.permanent, next_try_seconds=seconds
        )
        end = time.monotonic() + seconds
        me = await self._client.me() if seconds > BRIEF_SECONDS else {}
        while (left := end - time.monotonic()) > BRIEF_SECONDS:
            if ending.over(me):
                self._end(ending.reason(me), f"the lab was over before {self._name} answered again")
            me = await self._client.news(wait_s=left)
        await asyncio.sleep(max(0.0, left))

    async def _healed(self) -> None:
        if self._told_of_trouble:
            await self._client.trouble(None)
            self._told_of_trouble = False

    def _end(self, reason: EndReason, words: str) -> None:
        from inspect_ai.util import LimitExceededError

        self.ended = reason
        raise LimitExceededError("custom", value=1, limit=1, message=words)


class _TooLong(Exception):
    """The provider says that the conversation does not fit into the model."""


def _note(output: ModelOutput) -> None:
    noted = _usages.get()
    if noted is not None and output.usage is not None:
        noted.append(output.usage)


def _declined(result: Any) -> bool:
    """True for an answer that Inspect made of a refused request, such as one that is too long: it cost nothing."""
    output = result[0] if isinstance(result, tuple) else result
    refused = getattr(output, "stop_reason", None) in ("model_length", "content_filter")
    return refused or getattr(output, "error", None) is not None


def _read(usage: ModelUsage) -> int:
    """All that was read."""
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def tokens_of(usages: Sequence[ModelUsage]) -> Tokens:
    """Tokens of a call whose provider told these usages, as they are billed."""
    return Tokens(
        input_tokens=sum(usage.input_tokens for usage in usages),
        cache_read_tokens=sum(usage.input_tokens_cache_read or 0 for usage in usages),
        cache_write_tokens=sum(usage.input_tokens_cache_write or 0 for usage in usages),
        output_tokens=sum(map(_written, usages)),
        reasoning_tokens=sum(min(usage.reasoning_tokens or 0, _written(usage)) for usage in usages),
    )


def _written(usage: ModelUsage) -> int:
    """All that was written. Some providers (xAI) count reasoning beside the output, which their total tells."""
    beside = usage.total_tokens - _read(usage) - usage.output_tokens
    return usage.output_tokens + (beside if 0 < beside <= (usage.reasoning_tokens or 0) else 0)


def _overflow(model: str, words: str) -> ModelOutput:
    """The answer by which Inspect knows that the conversation has to become shorter."""
    from inspect_ai.model import ModelOutput

    return ModelOutput.from_content(model, words, stop_reason="model_length", error=words)
