"""One researcher's session: an Inspect AI evaluation with one sample, which the lab ends."""

from __future__ import annotations

import logging
import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aar.database.progress import Activity, EndReason
from aar.errors import AarError, ProviderDown
from aar.folder import LabFolder
from aar.researchers import ending, running
from aar.researchers.answered import Answered
from aar.researchers.calls import Calls
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_models import ModelOptions, make
from aar.researchers.lab_client import LabClient
from aar.researchers.models import EMBEDDED, POLICIES
from aar.researchers.provider_errors import spoken
from aar.researchers.stopping import Stop
from aar.researchers.tools import TOOLS
from aar.researchers.turns import Turns
from aar.researchers.waits import Waits
from aar.researchers.watching import GO_ON, Watch

if TYPE_CHECKING:
    from inspect_ai import Task
    from inspect_ai.log import EvalLog, EvalSample
    from inspect_ai.model import Model


logger = logging.getLogger(__name__)

LET_GO_ON = "its last turns were over when a person let it go on"


@dataclass(frozen=True)
class Session:
    """A researcher's session in a lab, with its limits.

    Attributes:
        lab: Folder of the lab.
        researcher: Name of the researcher.
        url: URL of the lab.
        model: Name of the model that chooses the calls.
        options: What the model is asked with.
        seed: Seed of the model's draws.
        messages: Limit of messages of the whole session.
        most_cost: Highest cost of a method of the embedded policy, in fine-tunes.
        sandbox: Name of the sandbox provider; None for the first that works.
        waits: Lengths of its waits.
    """

    lab: Path
    researcher: str
    url: str
    model: str = EMBEDDED
    options: ModelOptions = field(default_factory=ModelOptions)
    seed: int = 0
    messages: int = 20_000
    most_cost: float = 3.0
    sandbox: str | None = None
    waits: Waits = field(default_factory=Waits)

    @property
    def thinks(self) -> bool:
        """True if its model is asked over a network, is paid, and may lose its way."""
        return self.model not in POLICIES


def run(session: Session, token: str, *, model: Model | None = None, stop: Stop | None = None) -> ExitCode:
    """Work until the lab says that it is over (`OK`), or while the session lasts (`ENDED_EARLY`, `ENDED_FOR_GOOD`).

    `model` replaces the named one (tests); `stop` is what signals do to this process. Raises `LabUnreachable` if
    the lab is not there, `ProviderDown` with what the provider said to a call that cannot succeed, `ModelError` or
    `MissingPackage` for a model that cannot be made, and `Stopped` once a signal was obeyed.
    """
    return (stop or Stop()).run(_research(session, token, model))


async def _research(session: Session, token: str, model: Model | None) -> ExitCode:
    client = LabClient(session.url, token)
    try:
        me = await client.me()
        await client.progress(Activity.STARTING)
        calls = Calls(
            client,
            name=session.model,
            waits=session.waits,
            rng=random.Random(),
            answered=Answered(LabFolder(session.lab).inspect_logs, session.researcher),
        )
        turns = Turns({tool.schema.name: _takes(tool.schema.parameters) for tool in TOOLS}, go_on=GO_ON)
        watch = Watch(client, turns=turns if session.thinks else None, waits=session.waits)
        model = model or _model(session)
        if session.thinks:
            calls.attach(model)
        with running.session(LabFolder(session.lab).inspect_logs, session.researcher) as process:
            task = _task(session, client, watch, me, process, brief=await client.brief())
            if session.thinks:
                await client.progress(Activity.THINKING)
            log = await _evaluate(session, task, model)
        if log is None or log.status == "cancelled":
            return ExitCode.STOPPED
        if calls.failed is not None:
            raise calls.failed
        errors = [sample.error.message for sample in log.samples or [] if sample.error is not None]
        if log.error is not None:
            errors.append(log.error.message)
        if errors:
            kind = ProviderDown if session.thinks else AarError
            raise kind(f"the session of {session.researcher} ended early: {errors[0]} (log: {log.location})")
        (sample,) = log.samples or []
        return await _ended(client, calls, watch, sample, got_anywhere=turns.effective > 0)
    finally:
        await client.close()


async def _ended(
    client: LabClient, calls: Calls, watch: Watch, sample: EvalSample, *, got_anywhere: bool
) -> ExitCode:
    """Tell the lab why the loop ended; the code by which the launcher knows whether another start helps."""
    me = await client.me()
    reason = calls.ended or watch.over or (ending.reason(me) if me.get("stop") else None)
    if reason is EndReason.LAB_OVER and not me.get("stop"):
        # between its last look and its end; what it says last is what the launcher shows people
        await client.state("working")
        print(LET_GO_ON, file=sys.stderr)
        return ExitCode.ENDED_EARLY
    if reason is not None:
        logger.info("the session ends: %s", reason)
        await client.state("finished", reason, ending.why(me) if reason is EndReason.BUDGET else "")
        return ExitCode.OK
    reason, detail = _own_end(sample)
    # A fresh conversation cures what a long one has come to, but not a task that its model refuses or cannot hold.
    for_good = reason in (EndReason.REFUSALS, EndReason.CONTEXT) and not got_anywhere
    await client.state("stopped" if for_good else "working", reason, detail)
    # The last line that is printed is what the launcher shows people.
    print(ending.too_soon(reason, detail), file=sys.stderr)
    return ExitCode.ENDED_FOR_GOOD if for_good else ExitCode.ENDED_EARLY


def _own_end(sample: EvalSample) -> tuple[EndReason, str]:
    """Why a loop ended that nobody ended, and a line about it."""
    if sample.limit is not None:
        return EndReason.MESSAGE_LIMIT, f"{len(sample.messages)} messages"
    words = spoken(sample.output.error or sample.output.completion)[:200]
    if sample.output.stop_reason == "model_length":
        return EndReason.CONTEXT, f"summed up, too ({words})"
    if sample.output.stop_reason == "content_filter":
        return EndReason.REFUSALS, f"several times in a row ({words})"
    return EndReason.OWN_STOP, words


def _takes(parameters: Mapping[str, Any]) -> list[str]:
    """The parameters of a tool, with their types, for a model."""
    return [
        f"{name} ({described.get('type', 'any')})" for name, described in parameters["properties"].items()
    ]


def _model(session: Session) -> Model:
    if session.thinks:
        return make(session.model, session.options)
    return make(
        session.model,
        session.options,
        researcher=session.researcher,
        seed=session.seed,
        most_cost=session.most_cost,
    )


async def _evaluate(session: Session, task: Task, model: Model) -> EvalLog | None:
    """The log of the session; None if it was cancelled, for then Inspect has written it but does not give it."""
    from inspect_ai import eval_async
    from inspect_ai.util._display import init_display_type

    # else it shows its progress on the output, which is the log that people read; `eval_async` asks neither an
    # argument nor the environment
    init_display_type("none")
    logs = await eval_async(
        task,
        model=model,
        log_level="warning",
        log_dir=str(LabFolder(session.lab).inspect_logs),
        # Each event is in the buffer before the next begins, so a process killed at any moment loses none.
        log_realtime=True,
        fail_on_error=False,
        score_on_error=True,
        max_samples=1,
        # Time, money and tokens are the lab's to count, so that an outage of days ends no session.
        message_limit=session.messages,
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
    from aar.researchers.tools import ToolContext
    from aar.researchers.workspace_sandbox import WorkspaceConfig

    context = ToolContext(client, SampleFiles())
    agent = react(
        prompt=AgentPrompt(
            instructions=brief, handoff_prompt=None, assistant_prompt=None, submit_prompt=None
        ),
        tools=[as_inspect(tool, context) for tool in TOOLS],
        submit=False,
        on_continue=watch.go_on,
        compaction=CompactionAuto(),
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
