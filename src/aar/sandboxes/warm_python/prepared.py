"""A process that was started in advance, in an ordinary sandbox, and waits for the one call that it serves."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from aar.errors import SandboxError, SandboxLost
from aar.sandboxes.profile import Limits, Profile
from aar.sandboxes.provider import Provider
from aar.sandboxes.warm_python.protocol import ANSWER_SECONDS, Streams, WarmCall, await_ready, launch, send
from aar.sandboxes.watch.process import SandboxProcess

IMPORTS_MB = 4096
"""Room for the imports of a prepared process, before its call."""


class Prepared:
    """A process that waits for its one call, and another one as soon as that has begun."""

    def __init__(self, provider: Provider, profile: Profile, modules: Sequence[str]) -> None:
        """Returns when the first one is ready."""
        self._provider, self._modules = provider, modules
        # the imports must fit as well; each call then lowers its own limits
        memory_mb = IMPORTS_MB + profile.limits.memory_mb
        roomy = replace(profile.limits, memory_mb=memory_mb, cpu_seconds=None, wall_seconds=None)
        self._profile = replace(profile, limits=roomy)
        self._closed = False
        self._launched: SandboxProcess | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._spare = self._executor.submit(self._prepare)
        try:
            self._spare.result()
        except SandboxError:
            self._executor.shutdown()
            raise

    def start(
        self,
        call: WarmCall,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """See `Warm.start`; waits until the next process is ready if the call before was short."""
        process, control = self._spare.result()
        process.begin(limits)
        with control, Streams(stdout, stderr) as streams:
            own_end, process_end = socket.socketpair()
            try:
                with own_end, process_end:
                    socket.send_fds(control, [b"call"], [process_end.fileno()])
                    send(own_end, call, limits, None, [*streams.inside, *pass_fds])
            except OSError as error:
                process.kill()
                raise SandboxLost("a prepared process ended before its call; start another one") from error
            process.stdout, process.stderr = streams.kept()
        try:
            self._spare = self._executor.submit(self._prepare)
        except RuntimeError as error:
            process.kill()
            raise SandboxLost("no call is started any more") from error
        return process

    @property
    def alive(self) -> bool:
        """True if a process is ready or gets ready."""
        if self._closed or not self._spare.done():
            return not self._closed
        return self._spare.exception() is None and self._spare.result()[0].poll() is None

    def close(self) -> None:
        """End the process that waits; one whose call has begun is its caller's."""
        self._closed = True
        if self._launched is not None:
            self._launched.kill()
        with contextlib.suppress(SandboxError):
            process, control = self._spare.result()
            process.kill()
            control.close()
        self._executor.shutdown()

    def _prepare(self) -> tuple[SandboxProcess, socket.socket]:
        process, control, errors = launch("once", self._modules, self._profile, self._provider.start)
        self._launched = process
        if self._closed:
            process.kill()
        await_ready(process, control, errors)
        self._launched = None
        control.settimeout(ANSWER_SECONDS)
        return process, control
