"""Runs on this machine: one student service a slot, one sandboxed process a run, and no run left without an end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from aar.engines.records import Folders, Job, Outcome, Setup
from aar.engines.slot import Attempt, ServiceDied, Slot
from aar.errors import EngineError, SandboxError
from aar.run_records import RunEnd, RunError
from aar.sandboxes import Provider, choose, lab_user, open_w2s, refuse_shown
from aar.students.control import RunRequest
from aar.submissions.source import check
from w2s import errors
from w2s.contract import log_names

TRIES = 3
_KILLED = 128 + 9


def local(setup: Setup) -> LocalEngine:
    """The engine named "local". Raises `NoSandbox` where no provider works, `NotFound` for one that is not there."""
    return LocalEngine(choose(setup.sandbox), setup.folders, slots=setup.slots, testbed=setup.testbed)


class LocalEngine:
    """`slots` runs at once on this machine's cores, each in a sandbox of `provider`."""

    def __init__(
        self,
        provider: Provider,
        folders: Folders,
        *,
        slots: int,
        testbed: str,
    ) -> None:
        self._provider, self._folders, self._testbed = provider, folders, testbed
        self._slots_wanted = slots
        self._slots: list[Slot] = []
        self._free: asyncio.Queue[Slot] = asyncio.Queue()
        self._stopping = False
        self._in_flight = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._executor = ThreadPoolExecutor(max_workers=4 * slots + 2, thread_name_prefix="engine")
        self._packages: tempfile.TemporaryDirectory[str] | None = None

    @property
    def capacity(self) -> int:
        """The number of slots."""
        return self._slots_wanted

    async def start(self) -> None:
        """Start every slot and wait until all are ready; `EngineError` or `SandboxError` with its last words."""
        refuse_shown(self._folders.service)
        self._packages = tempfile.TemporaryDirectory(prefix="open-w2s-")
        packages = Path(self._packages.name)
        open_w2s(packages)
        packages.chmod(0o755)
        self._folders.logs.mkdir(parents=True, exist_ok=True)
        share_with_services(self._folders.service)
        self._slots = [
            Slot(
                number,
                self._provider,
                data=self._folders.service,
                log=self._folders.logs / f"students-{number}.log",
                packages=packages,
                executor=self._executor,
            )
            for number in range(self._slots_wanted)
        ]
        results = await asyncio.gather(*(slot.ready() for slot in self._slots), return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            await self.stop()
            raise failed[0]
        for slot in self._slots:
            self._free.put_nowait(slot)

    async def run(self, job: Job) -> Outcome:
        """Run `job` in the next free slot, up to three times if what is lost is nobody's fault.

        Cancelling it kills the method and its service; the slot starts a fresh one for the next job. Raises
        `EngineError` for another testbed or a split that the lab lacks, `BadSnapshot` for files that no
        submission may have.
        """
        if job.testbed != self._testbed:
            raise EngineError(f"this engine serves {self._testbed!r}, the job asks for {job.testbed!r}")
        check(job.code)
        slot = await self._free.get()
        self._in_flight += 1
        self._quiet.clear()
        try:
            return await self._in(slot, job)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._quiet.set()
            self._free.put_nowait(slot)

    async def stop(self) -> None:
        """End every process of this engine; when this returns none is left."""
        self._stopping = True
        while True:
            await asyncio.gather(*(asyncio.to_thread(slot.kill) for slot in self._slots))
            if self._quiet.is_set():
                break
            with contextlib.suppress(TimeoutError):  # one that was just starting is ended in the next round
                await asyncio.wait_for(self._quiet.wait(), 0.2)
        self._executor.shutdown(wait=False)
        if self._packages is not None:
            self._packages.cleanup()

    async def _in(self, slot: Slot, job: Job) -> Outcome:
        request = RunRequest(
            testbed=job.testbed,
            split=job.split,
            supervisor_seeds=job.supervisor_seeds,
            student_seed=job.student_seed,
            salt=job.salt,
            practice=job.practice,
            intervention=job.intervention,
            deadline_s=job.wall_seconds,
            files=tuple(job.code),
            log_names=log_names(job.code),
        )
        outcome = lost("the engine was stopped")
        kills = 0
        for _ in range(TRIES):
            if self._stopping:
                return lost("the engine was stopped", outcome.end)
            try:
                await slot.ready()
                if self._stopping:
                    continue
                attempt = await slot.attempt(request, job.code, memory_mb=job.memory_mb)
            except (ServiceDied, SandboxError) as error:
                outcome = lost(str(error))
                continue
            outcome = outcome_of(job, attempt, kills=kills)
            if outcome.status != "lost":
                return outcome
            kills += attempt.report.greeted and attempt.status == _KILLED
        return outcome


def lost(rule: str, end: RunEnd | None = None) -> Outcome:
    """A run that was lost, with what happened in words."""
    return Outcome("lost", replace(end or RunEnd(), error=RunError(rule=rule)))


def outcome_of(job: Job, attempt: Attempt, *, kills: int = 0) -> Outcome:
    """Outcome of one attempt: the side at fault, and the rule in words.

    `kills` earlier attempts ended with the method's process killed. One such end may come from outside and
    is repeated; if every try ends so it is the method's own doing, since it can choose its exit status.

    Raises `EngineError` if the service refused the job itself.
    """
    report = attempt.report
    measured = replace(report.end, core_seconds=attempt.core_seconds, denied=attempt.denied)
    end = replace(measured, logged={} if job.split == "sealed" else measured.logged)
    if report.status == "finished":
        return Outcome("ok", end, arrays=dict(report.arrays), targets_on=report.targets_on)
    if report.status == "refused":
        reason = report.end.error.message if report.end.error is not None else ""
        raise EngineError(f"the student service refused the run: {reason}")
    error = _fault(job, attempt, kills=kills)
    if error is not None:
        return Outcome("method_failed", replace(end, error=error))
    if attempt.status == _KILLED:
        rule = "the method's process was killed from outside"
    else:
        detail = f": {attempt.output.splitlines()[-1]}" if attempt.output else ""
        rule = f"the sandbox ended before the method began{detail}"
    return lost(rule, replace(measured, logged={}))


def _fault(job: Job, attempt: Attempt, *, kills: int) -> RunError | None:
    """Error of the method itself; None where its process was lost."""
    report = attempt.report
    too_big = f"used more than {job.memory_mb} MB of memory"
    if report.status == "timeout" or attempt.reason in ("time", "cpu"):
        return RunError("TimeoutError", rule=f"took longer than {job.wall_seconds:g} s")
    if attempt.reason == "disk":
        return RunError("OSError", rule="filled more of the disk than it may")
    if attempt.reason == "memory":
        return RunError("MemoryError", rule=too_big)
    if report.status == "failed":
        raised = report.end.error or RunError()
        rule = too_big if raised.type == "MemoryError" else rule_of(raised.type or "")
        return replace(raised, rule=rule, message=raised.message if job.practice else None)
    if report.status == "bad":
        rule = "its process sent something that is not a request; use only the bench that run(bench) is given"
        return RunError("BadMethod", rule=rule)
    if not report.greeted:
        return None
    if attempt.status == _KILLED:
        if kills + 1 < TRIES:
            return None
        rule = f"its process was killed {TRIES} times; a method ends by returning or raising"
        return RunError("BadMethod", rule=rule)
    rule = f"its process ended (exit status {attempt.status}) before run(bench) returned"
    return RunError("SystemExit", rule=rule)


def rule_of(error_type: str) -> str | None:
    """The rule that an error of `w2s.errors` stands for, None for Python's own errors.

    >>> rule_of("WrongIds")
    'Predictions name items that were not asked for, or miss some.'
    """
    kind = getattr(errors, error_type, None)
    return (kind.__doc__ or "").splitlines()[0] if isinstance(kind, type) else None


def share_with_services(folder: Path) -> None:
    """Let the services' user read `folder`, and nobody else but its owner; only where we are root.

    Links are left alone: in a folder that came from elsewhere they may lead anywhere.
    """
    uid = lab_user(folder.parent, "students")
    if uid is None or folder.is_symlink() or not folder.is_dir():
        return
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink():
            continue
        os.lchown(path, -1, uid)
        path.chmod(0o2750 if path.is_dir() else 0o640)
