"""After every turn of a session: report its tokens, and ask the lab now and then whether to go on."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity
from aar.researchers.evolution import STOPPED_KEY
from aar.researchers.lab_client import LabClient

if TYPE_CHECKING:
    from inspect_ai.agent import AgentState

GO_ON = (
    "The lab's time is not over. Go on: look at the forum and the leaderboard, think of the next method, try it in "
    "practice, submit it. Keep your notebook."
)
LAST_TURNS = 10
LAST = (
    "The lab takes no further submissions. Post what others should know, bring your notebook up to date, and "
    "stop calling tools."
)
CHECK_SECONDS = 2.0
"""Highest age of an answer of the lab that decides whether a session goes on."""


class Watch:
    """Decides whether a session goes on; `over` once the lab has said that it is over."""

    def __init__(self, client: LabClient, *, thinks: bool) -> None:
        """`thinks`: the next call takes its model long enough to be shown."""
        self.over = False
        self._client = client
        self._thinks = thinks
        self._last_turns = 0
        self._reported: dict[str, Counter[str]] = {}

    async def go_on(self, state: AgentState) -> bool | str:
        """True if the loop continues; a text is a message to the model."""
        from inspect_ai.util import store

        await self._report_tokens()
        calls = bool(state.output.message.tool_calls)
        if not self.over:
            # One that stops calling tools has its reasons: it is told what is true now.
            me = await self._client.recent_me(seconds=CHECK_SECONDS) if calls else await self._client.me()
            self.over = _over(me)
        if self.over:
            store().set(STOPPED_KEY, True)
            self._last_turns += 1
            if self._last_turns > 1 and (not calls or self._last_turns > LAST_TURNS):
                return False
        if self._thinks:
            await self._client.progress(Activity.THINKING)
        if self.over:
            return LAST if self._last_turns == 1 else True
        return True if calls else GO_ON

    async def _report_tokens(self) -> None:
        # Compaction's own calls count as well, so this reads the sample's total and not the last answer's. Inspect
        # has no public name for it: its hook `on_model_usage` is not told of a provider's own compaction.
        from inspect_ai.model._model import sample_model_usage

        for model, usage in sample_model_usage().items():
            tokens = Counter(
                input_tokens=usage.input_tokens,
                cache_read_tokens=usage.input_tokens_cache_read or 0,
                cache_write_tokens=usage.input_tokens_cache_write or 0,
                output_tokens=usage.output_tokens,
                reasoning_tokens=usage.reasoning_tokens or 0,
            )
            used = tokens - self._reported.get(model, Counter())
            if used:
                read = used["input_tokens"] + used["cache_read_tokens"] + used["cache_write_tokens"]
                id = uuid.uuid4().hex
                await self._client.open_call(
                    id, model=model, input_tokens=read, output_tokens=used["output_tokens"]
                )
                await self._client.settle_call(
                    id, {name: used[name] for name in tokens} | {"context_tokens": read}
                )
                self._reported[model] = tokens


def _over(me: dict[str, Any]) -> bool:
    """True if the session should stop: the lab says so, and no own submission still waits for its verdict."""
    waiting = any(submission.get("status") == "pending" for submission in me.get("submissions", []))
    return bool(me.get("stop")) and not waiting
