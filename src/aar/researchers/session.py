"""One researcher's session: an Inspect AI evaluation with one sample, which the lab ends."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity
from aar.errors import AarError, ProviderDown
from aar.folder import LabFolder
from aar.researchers import running
from aar.researchers.exits import ExitCode
from aar.researchers.lab_client import LabClient
from aar.researchers.models import EMBEDDED, POLICIES, counts_tokens
from aar.researchers.stopping import Stop
from aar.researchers.watching import Watch

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog
    from inspect_ai.model import Model

SLACK_SECONDS = 120


@dataclass(frozen=True)
class Session:
    """A researcher's session in a lab, with its limits.

    Attributes:
        lab: Folder of the lab.
        researcher: Name of the researcher.
        url: URL of the lab.
        model: Name of the model that chooses the calls.
        seed: Seed of the model's draws.
        tokens: Limit of tokens of the whole session; None without a limit.
        messages: Limit of messages of the whole session.
        most_cost: Highest cost of a method of the embedded policy, in fine-tunes.
        sandbox: Name of the sandbox provider; None for the first that works.
    """

    lab: Path
    researcher: str
    url: str
    model: str = EMBEDDED
    seed: int = 0
    tokens: int | None = None
    messages: int = 20_000
    most_cost: float = 3.0
    sandbox: str | None = None


def run(session: Session, token: str, *, model: Model | None = None, stop: Stop | None = None) -> ExitCode:
    """Work until the lab says that it is over; `OK`, or `ENDED_EARLY` where the session did not last that long.

    `model` replaces the named one (tests); `stop` is what signals do to this process. Raises `LabUnreachable` if
    the lab is not there, `ProviderDown` with what the provider said, and `Stopped` once a signal was obeyed.
    """
    return (stop or Stop()).run(_research(session, token, model))


async def _research(session: Session, token: str, model: Model | None) -> ExitCode:
    client = LabClient(session.url, token)
    try:
        me = await client.me()
        await client.progress(Activity.STARTING)
        thinks = session.model not in POLICIES
        watch = Watch(client, thinks=thinks)
        with running.session(LabFolder(session.lab).inspect_logs, session.researcher) as process:
            task = _task(session, client, watch, me, process, brief=await client.brief())
            if thinks:
                await client.progress(Activity.THINKING)
            log = await _evaluate(session, task, me, model)
        if log is None or log.status == "cancelled":
            return ExitCode.STOPPED
        errors = [sample.error.message for sample in log.samples or [] if sample.error is not None]
        if log.error is not None:
            errors.append(log.error.message)
        if errors:
            kind = ProviderDown if session.model not in POLICIES else AarError
            raise kind(f"the session of {session.researcher} ended early: {errors[0]} (log: {log.location})")
        if not watch.over and not (await client.me()).get("stop"):
            return ExitCode.ENDED_EARLY
        await client.finished()
        return ExitCode.OK
    finally:
        await client.close()


async def _evaluate(session: Session, task: Task, me: dict[str, Any], model: Model | None) -> EvalLog | None:
    """The log of the session; None if it was cancelled, for then Inspect has written it but does not give it."""
    from inspect_ai import eval_async

    os.environ["INSPECT_DISPLAY"] = "none"  # read at the first evaluation of a process
    arguments: dict[str, Any] = {}
    if session.model in POLICIES:
        arguments = {"researcher": session.researcher, "seed": session.seed, "most_cost": session.most_cost}
    minutes = me.get("minutes_left")
    logs = await eval_async(
        task,
        model=model or session.model,
        model_args=arguments,
        log_level="warning",
        log_dir=str(LabFolder(session.lab).inspect_logs),
        # Each event is in the buffer before the next begins, so a process killed at any moment loses none.
        log_realtime=True,
        fail_on_error=False,
        score_on_error=True,
        max_samples=1,
        message_limit=session.messages,
        token_limit=session.tokens,
        time_limit=None if minutes is None else int(float(minutes) * 60) + SLACK_SECONDS,
        ctl_server=False,
    )
    return logs[0] if logs else None


def _task(
    session: Session, client: LabClient, watch: Watch, me: dict[str, Any], process: str, *, brief: str
) -> Task:
    from inspect_ai import Task
    from inspect_ai.agent import AgentPrompt, react
    from inspect_ai.dataset import Sample
    from inspect_ai.model import CompactionAuto
    from inspect_ai.util import SandboxEnvironmentSpec

    from aar.researchers.inspect_tools import SampleFiles, as_inspect
    from aar.researchers.standing import standing
    from aar.researchers.tools import TOOLS, ToolContext
    from aar.researchers.workspace_sandbox import WorkspaceConfig

    context = ToolContext(client, SampleFiles())
    agent = react(
        prompt=AgentPrompt(
            instructions=brief, handoff_prompt=None, assistant_prompt=None, submit_prompt=None
        ),
        tools=[as_inspect(tool, context) for tool in TOOLS],
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
        metadata={
            "direction": me.get("direction"),
            "testbed": me.get("testbed"),
            running.PROCESS: process,
        },
    )
