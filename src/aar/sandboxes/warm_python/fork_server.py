"""A fork server: one trusted process with everything imported, from which each call is forked into its own sandbox."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

from aar.errors import SandboxLost
from aar.sandboxes.profile import Limits, Profile
from aar.sandboxes.provider import Forking
from aar.sandboxes.syscalls import call_name
from aar.sandboxes.warm_python.protocol import ANSWER_SECONDS, Streams, WarmCall, await_ready, launch, send
from aar.sandboxes.watch.process import SandboxProcess

UNBOUNDED_MB = 1 << 20
ANSWER, DENIED = struct.Struct("!i?"), struct.Struct("!HH")
MOST_NAMES = 100


class ForkServer:
    """One process that forks all calls, one after the other; it runs none of their code."""

    def __init__(self, provider: Forking, profile: Profile, modules: Sequence[str]) -> None:
        """Raises `SandboxRefused` with the reason if nothing can be forked here."""
        assert profile.uid is not None
        self._uid = profile.uid
        self._starting = threading.Lock()
        # what it forks is watched one by one
        unbounded = replace(profile.limits, memory_mb=UNBOUNDED_MB, cpu_seconds=None, wall_seconds=None)
        self._process, self._control, errors = launch(
            "fork", modules, replace(profile, limits=unbounded), provider.start_fork_server
        )
        await_ready(self._process, self._control, errors)
        self._control.settimeout(ANSWER_SECONDS)

    def start(
        self,
        call: WarmCall,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """See `Warm.start`; the call before must have ended."""
        with self._starting, Streams(stdout, stderr) as streams:
            own_end, server_end = socket.socketpair()
            handles: list[int] = []
            try:
                with server_end:
                    socket.send_fds(self._control, [b"call"], [server_end.fileno()])
                send(own_end, call, limits, self._uid, [*streams.inside, *pass_fds])
                _, handles, _, _ = socket.recv_fds(self._control, 16, 1)
                if not handles:
                    raise EOFError
                pid = _number_of(handles[0])
                self._control.send(b"seen")
            except (OSError, EOFError) as error:
                own_end.close()
                for handle in handles:
                    os.close(handle)
                self.close()
                raise SandboxLost(
                    "the fork server ended or did not answer; it has to be started again"
                ) from error
            handle, child = handles[0], _Forked(pid, own_end, *streams.kept())

        def end() -> None:  # the kernel ends its whole namespace before it is gone
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

        return SandboxProcess(child, limits, end, handle=handle, denied=child.denied)

    @property
    def alive(self) -> bool:
        """True if the server runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the server and what it forked."""
        self._process.kill()
        self._control.close()


class _Forked:
    """A forked process, which is not our child: its status comes over the socket of its call."""

    def __init__(
        self, pid: int, answers: socket.socket, stdout: IO[bytes] | None, stderr: IO[bytes] | None
    ) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.stdin: IO[bytes] | None = None
        self._answers, self._lock = answers, threading.Lock()
        self._status: int | None = None
        self._denied: Mapping[str, int] | None = None
        answers.settimeout(None)

    def poll(self) -> int | None:
        with self._lock:
            if self._status is None:
                try:
                    answer = self._answers.recv(ANSWER.size + MOST_NAMES * DENIED.size, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return None
                except OSError:
                    answer = b""
                # without an answer the server is gone, and the kernel ended everything with it
                self._status = -signal.SIGKILL
                if len(answer) >= ANSWER.size:  # one message, whole or not at all
                    self._status, known = ANSWER.unpack_from(answer)
                    self._denied = _named(answer[ANSWER.size :]) if known else None
            return self._status

    def denied(self) -> Mapping[str, int] | None:
        return self._denied

    def wait(self) -> int:
        ready = select.poll()
        ready.register(self._answers, select.POLLIN)
        while (status := self.poll()) is None:
            ready.poll()
        return status

    def kill(self) -> None:
        """Nothing is left to do: the handle of the process has been signalled."""


def _named(pairs: bytes) -> Mapping[str, int]:
    return {call_name(number): times for number, times in DENIED.iter_unpack(pairs)}


def _number_of(handle: int) -> int:
    """This namespace's number of the process behind a handle, from the kernel; it is not reaped yet."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:") and int(line.split()[1]) > 0:
            return int(line.split()[1])
    raise OSError(f"handle {handle} is of no process here")
