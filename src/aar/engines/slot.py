"""One slot of the local engine: a student service that is kept alive, and one method process at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aar import logs
from aar.engines.methods import ONE_THREAD, Methods
from aar.errors import EngineError, SandboxError
from aar.sandboxes import Limits, Mount, Profile, Provider, SandboxProcess, lab_user
from aar.students.control import RunReport, RunRequest, recv_report, send_run
from aar.students.data import model_folders
from w2s import wire

T = TypeVar("T")
logger = logging.getLogger(__name__)
READY_SECONDS = 120.0
SERVICE_GRACE_SECONDS = 30.0
SERVICE_MEMORY_MB = 16_384
EXIT_SECONDS = 5.0
_STDERR_BYTES = 2000


class ServiceDied(EngineError):
    """The student service ended or did not answer; the run may be repeated with a fresh one."""


@dataclass(frozen=True)
class Attempt:
    """One try of one run: the service's report, how the method's process ended, and what it was denied."""

    report: RunReport
    reason: str | None
    status: int | None
    core_seconds: float
    output: str
    denied: Mapping[str, int] | None = None


class Slot:
    """A student service on its own control connection, started when needed, replaced when it died."""

    def __init__(
        self, number: int, provider: Provider, *, data: Path, log: Path, packages: Path, executor: Executor
    ) -> None:
        self._number, self._provider, self._data, self._log = number, provider, data, log
        self._executor = executor
        self._service: SandboxProcess | None = None
        self._control: socket.socket | None = None
        self._method: SandboxProcess | None = None
        self.uid = lab_user(data.parent, f"method {number}")
        self._methods = Methods(provider, packages=packages, uid=self.uid)

    @property
    def service_pid(self) -> int | None:
        """The host's number of the service's outermost process, None while there is none."""
        return None if self._service is None else self._service.pid

    async def ready(self) -> None:
        """Have a service that waits for a run, and a method process that starts at once.

        Raises `ServiceDied` with the service's last words if it does not come up, `SandboxError` if no sandbox does.
        """
        ended = await asyncio.gather(
            self._call(self._methods.ready), self._service_ready(), return_exceptions=True
        )
        for error in ended:
            if error is not None:
                raise error

    async def attempt(self, request: RunRequest, code: Mapping[str, str], *, memory_mb: int) -> Attempt:
        """Run the submission `code` once; the slot must be `ready`.

        Raises `ServiceDied` if the service is lost on the way and `SandboxError` if no sandbox starts. Where it is
        cancelled the method is killed, and the service kept if it notices in time.
        """
        control, service = self._control, self._service
        assert control is not None
        assert service is not None
        spent, served = service.usage().cpu_seconds, False
        service_end, method_end = socket.socketpair()
        try:
            with service_end, method_end:
                method = await self._call(lambda: self._methods.start(code, method_end, memory_mb=memory_mb))
                self._method = method
                await self._call(lambda: send_run(control, request, service_end))
            words = Words(method)
            served = True
            coming = asyncio.ensure_future(self._report(control, method, request.deadline_s))
            try:
                report = await asyncio.shield(coming)
            except asyncio.CancelledError:
                await self._end_method(method, coming)
                raise
            if report.status == "vanished":
                with contextlib.suppress(TimeoutError):
                    await self._call(lambda: method.wait(EXIT_SECONDS))
            reason, status = method.reason, method.poll()
            spent = method.usage().cpu_seconds + service.usage().cpu_seconds - spent
            await self._call(method.kill)  # before its end nobody knows what it was denied
            return Attempt(report, reason, status, max(0.0, spent), words.text, method.denied)
        except (wire.WireError, OSError) as error:
            self._end_service()
            logger.warning("student service %d was lost: %s", self._number, type(error).__name__)
            raise ServiceDied(f"student service {self._number} was lost: {self._last_words()}") from error
        except asyncio.CancelledError:
            if not served:
                self._end_service()  # it may have been given half a run
            raise
        finally:
            method_started, self._method = self._method, None
            if method_started is not None:
                await self._call(method_started.kill)

    def kill(self) -> None:
        """End everything of this slot at once; whatever waits for it is told that it died."""
        self._end_service()
        self._methods.close()

    async def _service_ready(self) -> None:
        if self._service is not None and self._service.poll() is None:
            return
        self._end_service()
        try:
            await self._call(self._start_service)
        except (SandboxError, OSError) as error:
            raise ServiceDied(f"student service {self._number} did not start: {error}") from error
        control = self._control
        assert control is not None
        try:
            await self._call(lambda: wire.recv(control, deadline=time.monotonic() + READY_SECONDS))
        except (wire.WireError, TimeoutError, OSError) as error:
            self._end_service()
            raise ServiceDied(
                f"student service {self._number} did not come up: {self._last_words()}"
            ) from error

    def _end_service(self) -> None:
        """End the service, and the method that it serves."""
        for process in (self._method, self._service):
            if process is not None:
                process.kill()
        if self._control is not None:
            self._control.close()
        self._service = self._control = None

    async def _end_method(self, method: SandboxProcess, coming: asyncio.Future[RunReport]) -> None:
        """Kill a method that nobody waits for, and wait until the service is through with it, or end that too.

        To the service it looks like a method that went away by itself, after which it starts from nothing.
        """
        try:
            await self._call(method.kill)
            await coming
        except (wire.WireError, OSError, asyncio.CancelledError):
            self._end_service()

    async def _report(self, control: socket.socket, method: SandboxProcess, deadline_s: float) -> RunReport:
        """The service's report; its own deadline comes first, ours only if it does not keep it."""
        limit = time.monotonic() + deadline_s + SERVICE_GRACE_SECONDS
        report = asyncio.ensure_future(self._call(lambda: recv_report(control, deadline=limit)))
        ended = asyncio.ensure_future(method.ended())
        try:
            await asyncio.wait([report, ended], return_when=asyncio.FIRST_COMPLETED)
            if not report.done():
                await ended  # it has, or it cannot be known
                await asyncio.wait([report], timeout=SERVICE_GRACE_SECONDS)
        finally:
            ended.cancel()
        if report.done():
            return report.result()
        # computing for a method that is gone: a fresh service is cheaper than to wait
        self._end_service()
        await asyncio.wait([report])
        report.exception()
        return RunReport(status="vanished", greeted=True)

    def _start_service(self) -> None:
        models = [Mount(folder, str(folder)) for folder in model_folders(self._data)]
        engine_end, service_end = socket.socketpair()
        profile = Profile(
            mounts=(Mount(self._data, "/service"), *models),
            env={**ONE_THREAD, logs.VARIABLE: logs.level()},
            uid=lab_user(self._data.parent, "students"),
            limits=Limits(memory_mb=SERVICE_MEMORY_MB, open_files=1024),
            trusted=True,
        )
        argv = [
            sys.executable,
            "-P",
            "-m",
            "aar.students",
            "--control",
            str(service_end.fileno()),
            "--data",
            "/service",
        ]
        with service_end, self._log.open("ab") as log:
            self._service = self._provider.start(
                argv, profile, pass_fds=(service_end.fileno(),), stderr=log.fileno()
            )
        self._control = engine_end
        logger.info("student service %d is started", self._number)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return lines[-1][-300:]
        return f"it left nothing in {self._log}"

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class Words:
    """The first few thousand bytes that a method's process wrote to its error stream; the rest is dropped."""

    def __init__(self, process: SandboxProcess) -> None:
        self._kept = b""
        threading.Thread(target=self._drain, args=(process,), daemon=True).start()

    @property
    def text(self) -> str:
        """Text read so far."""
        return self._kept.decode(errors="replace").strip()

    def _drain(self, process: SandboxProcess) -> None:
        stream = process.stderr
        if stream is None:
            return
        with stream:
            while part := stream.read1(4096):  # type: ignore[attr-defined]
                self._kept = (self._kept + part)[:_STDERR_BYTES]
