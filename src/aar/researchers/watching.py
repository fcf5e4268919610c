"""After every turn of a session: whether it goes on, what its model has to know, and a rest where it gets nowhere."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity, EndReason
from aar.researchers import ending
from aar.researchers.evolution import STOPPED_KEY
from aar.researchers.lab_client import LabClient
from aar.researchers.turns import IdleTurn, Turns
from aar.researchers.waits import Waits

if TYPE_CHECKING:
    from inspect_ai.agent import AgentState

GO_ON = (
    "The lab's time is not over. Go on: look at the forum and the leaderboard, think of the next method, try it in "
    "practice, submit it. Keep your notebook."
)
LET_GO_ON = (
    "The person who runs the lab lets you go on: you are stopped no longer, and the lab takes methods again."
)
RESTED = "You have rested. Look at your status and at the forum, and take another way than before."
LAST_TURNS = 10
COSTS = 6
"""Turns over which the cost of a turn is averaged."""
BRIEF_SECONDS = 5.0
"""A shorter wait does not ask the lab for news."""
TOLD = "A person who has a say in this lab tells you:"
PAUSED = "paused by a person"
CHECK_SECONDS = 2.0
"""Highest age of an answer of the lab that decides whether a session goes on."""


class Watch:
    """Decides whether a session goes on; `over` is why the lab ends it, as long as it does."""

    def __init__(self, client: LabClient, *, turns: Turns | None, waits: Waits) -> None:
        """`turns` looks for turns without effect; None for a model that answers at once and has none."""
        self.over: EndReason | None = None
        self._client = client
        self._turns = turns
        self._waits = waits
        self._last_turns = 0
        self._spent: deque[tuple[float, float]] = deque(maxlen=COSTS)
        self._warned = False

    async def go_on(self, state: AgentState) -> bool | str:
        """True if the loop continues; a text is a message to the model."""
        calls = bool(state.output.message.tool_calls)
        # One that stops calling tools has its reasons: it is told what is true now.
        me = await self._client.recent_me(seconds=CHECK_SECONDS) if calls else await self._client.me()
        me = await self._while_paused(me)
        was_over = self.over is not None
        self._decide(me)
        if self.over is not None:
            return await self._last(calls)
        if was_over:
            return await self._goes_on()
        if said := await self._messages(me):
            await self._thinking()
            return said
        help: bool | str = True if calls else GO_ON
        if self._turns is not None:
            idle = self._turns.look(state.messages, state.output)
            if idle is not None:
                help = await self._slowed(idle)
                if self.over is not None:
                    return await self._last(calls)
            else:
                help = self._nearly_spent(me) or help
        await self._thinking()
        return help

    async def _while_paused(self, me: dict[str, Any]) -> dict[str, Any]:
        """Wait as long as a person has paused this researcher; what the lab says of it then."""
        while me.get("paused") and not ending.over(me):
            await self._client.progress(Activity.RESTING, PAUSED)
            me = await self._client.news(wait_s=self._waits.rest)
        return me

    async def _messages(self, me: dict[str, Any]) -> str:
        """What a person has told this researcher since its last turn; a policy reads nothing."""
        messages = me.get("messages", []) if self._turns is not None else []
        if not messages:
            return ""
        await self._client.read_messages(up_to=max(int(one["id"]) for one in messages))
        return "\n\n".join([TOLD, *(str(one["text"]) for one in messages)])

    async def _last(self, calls: bool) -> bool | str:
        """Whether one of the turns that are left when the lab is over follows; the first is told why."""
        from inspect_ai.util import store

        store().set(STOPPED_KEY, True)
        self._last_turns += 1
        if self._last_turns > 1 and (not calls or self._last_turns > LAST_TURNS):
            return False
        await self._thinking()
        return ending.last_words(await self._client.me()) if self._last_turns == 1 else True

    async def _goes_on(self) -> str:
        """A person lets it go on in the middle of its last turns: there are as many when it ends again."""
        from inspect_ai.util import store

        store().set(STOPPED_KEY, False)
        self._last_turns = 0
        await self._client.state("working")
        await self._thinking()
        return LET_GO_ON

    async def _slowed(self, idle: IdleTurn) -> str:
        """Wait after a turn without effect, and rest after many; what the model is told then."""
        if not idle.rests:
            await self._until_news(self._waits.after_turn(idle.in_a_row), least=math.inf)
            return idle.help
        assert self._turns is not None
        counts = ", ".join(
            f"{kind.words} {'once' if count == 1 else f'{count} times'}"
            for kind, count in self._turns.counts.most_common()
        )
        await self._client.progress(Activity.RESTING)
        await self._client.state("resting", EndReason.NO_EFFECT, counts)
        self._decide(await self._client.me())
        await self._until_news(self._waits.rest, least=self._waits.least_rest)
        await self._client.state("working")
        self._turns.rested()
        return f"{idle.help} {RESTED}"

    async def _until_news(self, seconds: float, *, least: float) -> None:
        """Wait until anything changes after `least` seconds, until the lab is over, or until `seconds` have passed."""
        started = time.monotonic()
        while self.over is None and (left := started + seconds - time.monotonic()) > 0:
            if seconds <= BRIEF_SECONDS:
                await asyncio.sleep(left)
                return
            asked = time.monotonic()
            me = await self._client.news(wait_s=left)
            self._decide(me)
            now = time.monotonic()
            changed = now - asked < left
            if changed and now - started >= least:
                return

    def _decide(self, me: dict[str, Any]) -> None:
        self.over = ending.reason(me) if ending.over(me) else None

    def _nearly_spent(self, me: dict[str, Any]) -> str | None:
        """What a model is told once when its budget lasts for few turns more."""
        spending = me.get("spending") or {}
        self._spent.append((float(spending.get("usd", 0.0)), float(spending.get("tokens", 0.0))))
        if self._warned or len(self._spent) < 2:
            return None
        turns = math.inf
        for place, left in enumerate((spending.get("usd_left"), spending.get("tokens_left"))):
            a_turn = (self._spent[-1][place] - self._spent[0][place]) / (len(self._spent) - 1)
            if left is not None and a_turn > 0:
                turns = min(turns, float(left) / a_turn)
        if turns > LAST_TURNS:
            return None
        self._warned = True
        return ending.spending_words(me, int(turns))

    async def _thinking(self) -> None:
        if self._turns is not None:
            await self._client.progress(Activity.THINKING)
