"""The runtime of a researcher: which program runs for it, and what the lab expects of that program.

Covered: the launcher starts the program, starts it again when it dies, asks it to stop, and ends it. The lab holds the
budgets: a program that goes on although it was told to stop is refused. Not covered: what the program does with its
token, with the network, and with what its model asks it to run. A runtime must run that in a sandbox
(`aar.sandboxes.Workspace`), as the one named "inspect" does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from aar.researchers.inspect_models import ModelOptions
from w2s.plugins import Seam


@dataclass(frozen=True)
class Assignment:
    """Command line of a researcher's program. The token is no part of it: see `Runtime`.

    Attributes:
        folder: the run folder. The researcher's own files are in `workspaces/NAME` and outlive its process.
        name: the researcher, as the lab knows it.
        url: where the lab answers, such as http://127.0.0.1:8000.
        model: who chooses the next call, as the person wrote it; its meaning is the runtime's.
        seed: the seed of the researchers' choices.
        sandbox: the provider for the workspace, by name; None: the first that works.
        model_args: what the model's provider is told beside its name; no secret.
        effort: how much reasoning the model is asked for; None: its provider's default.
        temperature: temperature that the model is asked with; None: its provider's default.
        base_url: where the model's provider answers; None: its own place.
    """

    folder: Path
    name: str
    url: str
    model: str
    seed: int
    sandbox: str | None = None
    model_args: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    effort: str | None = None
    temperature: float | None = None
    base_url: str | None = None


class Runtime(Protocol):
    """A program that researches: one process for each researcher.

    Entry-point group `aar.runtimes`: a callable without arguments that gives a `Runtime`.

    The launcher starts the process with the command that `command` gives, in the folder `/`, with the whole environment
    of `aar run` (providers' keys are in it) and with its output appended to `logs/NAME.log`. The process must

    1. read its token: the first line of its standard input, which then ends. Nobody else may learn it;
    2. send the token with each request: `Authorization: Bearer TOKEN`;
    3. say what it does whenever that changes: `POST /v1/progress` (`aar.database.progress.Activity`);
    4. be patient: the lab may be away for some minutes while it is started again;
    5. take no turn while `GET /v1/me` says `paused`; read its `messages`, if it can read, and say so
       (`POST /v1/messages/read`);
    6. go on until `GET /v1/me` answers `stop` and none of its submissions is undecided (where its own hours are the
       reason, without waiting for these); then say so (`POST /v1/state` with `{"state": "finished"}`) and end with
       the code 0;
    7. end within ten seconds of SIGTERM or SIGINT;
    8. end with another code (`ExitCode`) in every other case, with the reason as the last line of its output: people
       see it. The launcher starts it again after a pause that grows, unless it died too often within an hour
       (`aar.launch.restarts`), or ended with the code 4: then a start would not help, and it is given up;
    9. go on where it was when it is started again: with its workspace and with what the lab knows of it.
    """

    def check(self, models: Sequence[str], options: ModelOptions | None = None) -> None:
        """Raise what stands in the way of using these models, before anything is started.

        A `ModelError` says what to do. Whoever calls this goes on for as long as the run: what it needs much memory for
        is better done in a process of its own.
        """
        ...

    def command(self, assignment: Assignment) -> Sequence[str]:
        """The command that does this assignment; arguments can be seen by every user of the machine."""
        ...


@runtime_checkable
class Hosted(Protocol):
    """A runtime that need not start each process anew: one process, its host, is there for all researchers of a run.

    A host imports once what all need, and forks. It is started as a researcher is, but its standard input is a socket
    (`AF_UNIX`, `SOCK_SEQPACKET`) on which one packet comes for each process that it shall start: a JSON object with
    "name", the researcher, and "command", what `Runtime.command` gave, and with it three descriptors: the answers, and
    the new process's input and output. The host must

    1. start a process that is as if that command had been started anew with these two streams, in a session of its
       own: it shares no descriptor, no random state and no signal handler with others, and dies with the host;
    2. send, on the answers (a socket of the same kind), the packet `started` with a pidfd of the process, and once
       it has ended and is reaped, four bytes: its exit code, or minus the signal that killed it, big-endian;
    3. end when its standard input ends.

    The launcher starts a host that died again, and its researchers with it, at the same rate as a researcher. It kills
    one that owes one of these packets for a minute, or the first one for five (`aar.launch.hosting`).
    """

    def host(self, models: Sequence[str]) -> Sequence[str]:
        """The command of a host for researchers with these models."""
        ...


RUNTIMES: Seam[[], Runtime] = Seam(
    "runtime",
    "aar.runtimes",
    {"inspect": "aar.researchers.inspect_runtime:InspectRuntime"},
    protocol="aar.researchers:Runtime",
    suite="tests/conformance/test_runtime.py --runtime {} --model MODEL",
)
"""Runtimes by name."""
