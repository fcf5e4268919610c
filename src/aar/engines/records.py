"""Requests to an engine and its answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from aar.run_records import RunEnd
from w2s.records import FloatArray, SplitName


@dataclass(frozen=True)
class RunSpec:
    """Identity of a run: a second request for the same run gets the first one's result.

    >>> spec = RunSpec("c0de", "mini-chat", "dev", pair_index=0, supervisor_seeds=(3,), student_seed=7)
    >>> spec.key() == RunSpec("c0de", "mini-chat", "dev", 0, (3,), 7).key()
    True
    """

    code_hash: str
    testbed: str
    split: SplitName
    pair_index: int
    supervisor_seeds: tuple[int, ...]
    student_seed: int
    intervention: str = "none"

    def key(self) -> str:
        """Content key: SHA-256 over every field, as 64 hexadecimal digits."""
        text = json.dumps({"run": 1, **asdict(self)}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Job:
    """One run for an engine. `practice` goes with the practice split, and only with it.

    It holds the code and the salt, which is secret. Its text shows neither; never log its fields or a pickle of it.

    >>> "secret" in repr(Job({"method.py": "secret"}, "mini-chat", "dev", (0,), 0, salt=b"secret", key="c0de"))
    False

    Attributes:
        code: Submitted files by name.
        testbed: Name of the testbed.
        split: Split to run on.
        supervisor_seeds: Seeds of the supervisors.
        student_seed: Seed of the students, drawn by the lab after the code was frozen.
        salt: Salt of its ids and draws, drawn by the lab after the code was frozen.
        practice: True for a practice run.
        intervention: Name of the intervention; "none" for a plain run.
        wall_seconds: Limit of wall-clock time, in seconds.
        memory_mb: Limit of memory, in MB.
        key: Name of the run in logs, as `lab.log` has it; nothing is computed from it.
    """

    code: Mapping[str, str] = field(repr=False)
    testbed: str
    split: SplitName
    supervisor_seeds: tuple[int, ...]
    student_seed: int
    salt: bytes = field(repr=False)
    practice: bool = False
    intervention: str = "none"
    wall_seconds: float = 120.0
    memory_mb: int = 2048
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """Outcome of a job; `end` goes unchanged to the run's row and the ledger.

    "ok" has arrays: `predictions` [n_test] in the split's own order, and the audited `targets` with their
    `target_weight`, over the unlabelled items, or over the test items if nothing was fine-tuned
    (`targets_on`). "method_failed" has an error: its type, its place in the submission, the rule in words, and on
    practice the method's own text. "lost" is nobody's fault and was tried as often as the engine tries; the
    error's rule says what happened, for operators.
    """

    status: Literal["ok", "method_failed", "lost"]
    end: RunEnd = field(default_factory=RunEnd)
    arrays: Mapping[str, FloatArray] = field(default_factory=dict, repr=False)
    targets_on: Literal["unlabelled", "test"] = "unlabelled"


class Folders(Protocol):
    """The part of a lab folder that an engine needs."""

    @property
    def service(self) -> Path:
        """Folder that student services read: items, weak labels, the places of models. No truth."""
        ...

    @property
    def logs(self) -> Path:
        """Folder for the output of the engine's processes."""
        ...


@dataclass(frozen=True)
class Setup:
    """Input for making an engine: the lab's folders and the settings that it may use.

    Attributes:
        folders: where the service's data lie and where logs go.
        testbed: the testbed whose runs it is given.
        slots: how many runs of this machine's cores the person asked for; an engine elsewhere may ignore it.
        sandbox: the provider that methods run in, by name; None: the first that works.
    """

    folders: Folders
    testbed: str
    slots: int
    sandbox: str | None = None


class Engine(Protocol):
    """A place where jobs run. What waits, whose turn it is and what a loss means are the lab's affair.

    Entry-point group `aar.engines`: a callable that is given a `Setup` and gives an `Engine`. Making it starts nothing.
    """

    @property
    def capacity(self) -> int:
        """Number of jobs that the engine can run at once, after it has started.

        The lab looks before it hands over each job and never hands over more. It may grow and shrink; the lab notices
        within seconds. 0 is allowed: nothing is handed over then.
        """
        ...

    async def start(self) -> None:
        """Make it ready; `EngineError` says what is missing."""
        ...

    async def run(self, job: Job) -> Outcome:
        """Run one job to its end; `EngineError` or `BadSnapshot` only for a job that no engine could run.

        The method's own failure is the outcome "method_failed"; anything else that went wrong is "lost", never an
        exception. Where the task that awaits this is cancelled, the run is killed and its place is free again.
        """
        ...

    async def stop(self) -> None:
        """End everything that runs; jobs in flight come back as "lost"."""
        ...
