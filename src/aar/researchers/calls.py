"""Every call of a session to its provider: opened and settled at the lab, and repeated until the provider answers.

The methods of one Inspect model's API are replaced, below everything that Inspect does with an answer. So compaction's
calls are seen as well, and there is one back-off: Inspect's and the SDK's own repetitions are off. A call that waits
adds nothing to the conversation.

Covered: any failure of a provider, for days; one that cannot heal by repetition ends the session after `MOST_TRIES`. A
call of which nothing is told, or nothing that can be believed (`aar.researchers.usage`), is settled at its estimate. A
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
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aar.database.progress import EndReason, ProviderTrouble
from aar.errors import OverBudget, ProviderDown, Refused
from aar.researchers import ending
from aar.researchers.answered import CONTEXT, MOST_TOKENS, Answered
from aar.researchers.inspect_models import watch_statuses, without_repetition
from aar.researchers.lab_client import LabClient
from aar.researchers.provider_errors import REPEATABLE, Failure, classify
from aar.researchers.tokens import TokenCount, letters
from aar.researchers.usage import Doubt, Told
from aar.researchers.waits import Waits

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelAPI, ModelOutput
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

_told: ContextVar[Told | None] = ContextVar("told", default=None)
"""The call that is under way."""


@dataclass(frozen=True)
class _Opened:
    """A call that the lab knows, and its estimate in tokens."""

    id: str
    read: int
    written: int


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
        self._doubts: set[Doubt] = set()
        self._told_of_trouble = True  # that of an earlier process, perhaps

    def attach(self, model: Model) -> None:
        """Put this between Inspect and the model's API."""
        from inspect_ai.model import ModelAPI

        api: Any = model.api
        without_repetition(api)
        watch_statuses(api, _note_status)
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
                if told := _told.get():
                    told.answer(result)
                return result

            if _told.get() is not None:
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
                told = _told.get()
                if usage is not None and told is not None and not told.usages:
                    told.usage(usage)
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
            told = Told(self._name, config.max_tokens or MOST_TOKENS, sent=letters(input, tools))
            token = _told.set(told)
            try:
                result = await self._in_time(once)
            except (
                NotImplementedError
            ):  # a provider that compacts nothing; it may have billed finding that out
                await self._settled(call, told, known=True)
                raise
            except Exception as error:  # providers' errors have no common root
                failure = classify(error)
                await self._settled(call, told, known=bool(told.usages) or not failure.cut_off)
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
                known = bool(told.usages) or told.refused(result)
                if not known:
                    told.doubt = Doubt.UNTOLD
                await self._settled(call, told, known=known)
                self._count.learn(input, tools, told.read)
                await self._healed()
                return result
            finally:
                _told.reset(token)

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

    async def _opened(self, input_tokens: int, output_tokens: int) -> _Opened:
        """A call that the lab allows."""
        call = uuid.uuid4().hex
        try:
            await self._client.open_call(
                call, model=self._name, input_tokens=input_tokens, output_tokens=output_tokens
            )
        except OverBudget as refusal:
            me = await self._client.me()
            self._end(ending.reason(me) if me.get("stop_reason") else EndReason.BUDGET, str(refusal))
        return _Opened(call, input_tokens, output_tokens)

    async def _settled(self, call: _Opened, told: Told, *, known: bool) -> None:
        """Say what a call used, or that nobody knows it: then its estimate is charged.

        An answer that is longer than was estimated is charged by its length, since the lab knows only the estimate.
        """
        if (
            known and told.doubt is None
        ) or self._longest:  # an answer that is not counted may be longer than it looks
            self._longest = max(self._longest, told.longest)
        if told.doubt is not None and told.doubt not in self._doubts:
            self._doubts.add(told.doubt)
            about = f" ({told.detail})" if told.detail else ""
            logger.warning(
                "%s tells %s%s: such calls are charged at their estimate",
                self._name, told.doubt.words, about,
            )  # fmt: skip
        used: dict[str, int] | None = None
        if known and told.doubt is None:
            used = told.counts()
        elif told.written > call.written:
            used = {"input_tokens": call.read, "output_tokens": told.written, CONTEXT: call.read}
        if used is not None:
            self._answered.note(call.id, used)
        try:
            await self._client.settle_call(call.id, used)
        except Refused as refusal:
            logger.warning("the lab does not take what a call has used: %s", refusal)
            await self._given_up(call)
        self._answered.forget(call.id)

    async def _given_up(self, call: _Opened) -> None:
        try:
            await self._client.settle_call(call.id, None)
        except Refused as refusal:  # it is settled, or stays open until this process has ended
            logger.warning("the lab does not take that a call is lost: %s", refusal)

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


async def _note_status(response: Any) -> None:
    if told := _told.get():
        told.status = response.status_code


def _overflow(model: str, words: str) -> ModelOutput:
    """The answer by which Inspect knows that the conversation has to become shorter."""
    from inspect_ai.model import ModelOutput

    return ModelOutput.from_content(model, words, stop_reason="model_length", error=words)
