"""One researcher's session: an Inspect AI evaluation with one sample, which the lab ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aar.errors import AarError, ProviderDown
from aar.researchers import brief
from aar.researchers.lab_client import LabClient
from aar.researchers.models import EMBEDDED, counts_tokens

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.agent import AgentState
    from inspect_ai.model import Model

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
SLACK_SECONDS = 120


@dataclass(frozen=True)
class Session:
    """Whose session, in which lab, and its limits (`tokens` and `messages` of the whole session)."""

    lab: Path
    researcher: str
    url: str
    model: str = EMBEDDED
    seed: int = 0
    tokens: int | None = None
    messages: int = 20_000
    most_cost: float = 3.0
    sandbox: str | None = None


def run(session: Session, token: str, *, model: Model | None = None) -> bool:
    """Work until the lab says that it is over; whether the session ended without an error.

    `model` replaces the named one (tests). Raises `LabUnreachable` if the lab is not there at all, and
    `ProviderDown` with what the provider said.
    """
    me = asyncio.run(_me(session, token))
    from inspect_ai import eval as evaluate

    client = LabClient(session.url, token)
    arguments: dict[str, Any] = {}
    if session.model == EMBEDDED:
        arguments = {"researcher": session.researcher, "seed": session.seed, "most_cost": session.most_cost}
    minutes = me.get("minutes_left")
    logs = evaluate(
        _task(session, client, me),
        model=model or session.model,
        model_args=arguments,
        display="none",
        log_level="warning",
        log_dir=str(session.lab / "inspect"),
        fail_on_error=False,
        score_on_error=True,
        max_samples=1,
        message_limit=session.messages,
        token_limit=session.tokens,
        time_limit=None if minutes is None else int(float(minutes) * 60) + SLACK_SECONDS,
        ctl_server=False,
    )
    log = logs[0]
    errors = [sample.error.message for sample in log.samples or [] if sample.error is not None]
    if log.error is not None:
        errors.append(log.error.message)
    if errors:
        kind = ProviderDown if session.model != EMBEDDED else AarError
        raise kind(f"the session of {session.researcher} ended early: {errors[0]} (log: {log.location})")
    return True


async def _me(session: Session, token: str) -> dict[str, Any]:
    client = LabClient(session.url, token)
    try:
        return await client.me()
    finally:
        await client.close()


def _task(session: Session, client: LabClient, me: dict[str, Any]) -> Task:
    from inspect_ai import Task
    from inspect_ai.agent import AgentPrompt, react
    from inspect_ai.dataset import Sample
    from inspect_ai.model import CompactionAuto
    from inspect_ai.util import SandboxEnvironmentSpec

    from aar.researchers.standing import standing
    from aar.researchers.tools import lab_tools, workspace_tools
    from aar.researchers.workspace_sandbox import WorkspaceConfig

    told = brief.compose(me)
    watch = _Watch(client)
    agent = react(
        prompt=AgentPrompt(instructions=told, handoff_prompt=None, assistant_prompt=None, submit_prompt=None),
        tools=[*workspace_tools(client), *lab_tools(client)],
        submit=False,
        on_continue=watch.go_on,
        compaction=CompactionAuto() if counts_tokens(session.model) else None,
        truncation="auto",
    )
    opening = "Begin. If /workspace/notebook has notes, go on where they end."
    return Task(
        name=f"research-{session.researcher}",
        dataset=[Sample(input=opening, id=session.researcher, metadata={"researcher": session.researcher})],
        solver=agent,
        scorer=standing(client),
        sandbox=SandboxEnvironmentSpec(
            "aar_workspace",
            WorkspaceConfig(lab=str(session.lab), researcher=session.researcher, provider=session.sandbox),
        ),
        metadata={"direction": me.get("direction"), "testbed": me.get("testbed")},
    )


class _Watch:
    """Called after every turn: reports tokens, and asks the lab now and then whether to go on."""

    def __init__(self, client: LabClient, clock: Callable[[], float] | None = None) -> None:
        import time

        self._client = client
        self._clock = clock or time.monotonic
        self._asked = -1e9
        self._stop = False
        self._last_turns = 0
        self._reported: dict[str, tuple[int, int]] = {}

    async def go_on(self, state: AgentState) -> bool | str:
        """Whether the loop continues; text is said to the model."""
        await self._report_tokens()
        if not self._stop and self._clock() - self._asked > CHECK_SECONDS:
            self._asked = self._clock()
            self._stop = _over(await self._client.me())
        calls = bool(state.output.message.tool_calls)
        if not self._stop:
            return True if calls else GO_ON
        self._last_turns += 1
        if self._last_turns == 1:
            return LAST
        if not calls or self._last_turns > LAST_TURNS:
            await self._client.finished()
            return False
        return True

    async def _report_tokens(self) -> None:
        # Compaction's own calls count as well, so this reads the sample's total and not the last answer's.
        from inspect_ai.model._model import sample_model_usage

        for model, usage in sample_model_usage().items():
            entered = usage.input_tokens + (usage.input_tokens_cache_read or 0)
            now = (entered + (usage.input_tokens_cache_write or 0), usage.output_tokens)
            before = self._reported.get(model, (0, 0))
            if now != before:
                await self._client.usage(
                    {"model": model, "input_tokens": now[0] - before[0], "output_tokens": now[1] - before[1]}
                )
                self._reported[model] = now


def _over(me: dict[str, Any]) -> bool:
    """Whether to stop: the lab says so, and no own submission still waits for its verdict."""
    waiting = any(one.get("status") == "pending" for one in me.get("submissions", []))
    return bool(me.get("stop")) and not waiting
