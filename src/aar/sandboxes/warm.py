"""Pythons that have imported everything before they are needed; each call gets a process of its own, which then ends.

Where root and bubblewrap are, one fork server forks a fresh sandbox for each call. Elsewhere a process waits in an
ordinary sandbox for the one call that it serves, and the next one gets ready meanwhile.

Covered: calls are apart as fresh sandboxes are (see `warm_daemon` for what a forked one gets anew), a call's
files and descriptors reach its own process only, limits count what a call uses and not what was imported.
Not covered: without a fork server the processor time of the imports, which is spent for every call; addresses,
which the calls of one fork server share.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Protocol

from aar.errors import SandboxLost, SandboxRefused
from aar.sandboxes.bubblewrap import Bubblewrap
from aar.sandboxes.process import SandboxProcess
from aar.sandboxes.profile import Limits, Mount, Profile, Provider
from aar.sandboxes.syscalls import seccomp_filter

DAEMON = Path(__file__).with_name("warm_daemon.py")
DAEMON_TARGET = "/sandbox/warm_daemon.py"
READY_SECONDS = 120.0
ANSWER_SECONDS = 30.0
UNBOUNDED_MB = 1 << 20
IMPORTS_MB = 4096
"""Room for the imports of a prepared process, before its call."""


@dataclass(frozen=True)
class Call:
    """What a process does: `main([*arguments, folder])` of `module`, with `files` in that folder.

    `module` is one of those imported in advance, or one of the files.
    """

    module: str
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Warm(Protocol):
    """Where calls are started without waiting for imports."""

    def start(
        self,
        call: Call,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """Run `call` in a process of its own, in which `pass_fds` are the descriptors 3, 4, ...

        Without a fork server, files and processes are bounded by the profile, too. Raises `SandboxLost` if
        none can be started.
        """
        ...

    @property
    def alive(self) -> bool:
        """Whether the next call can be started."""
        ...

    def close(self) -> None:
        """End everything; when this returns, no process of it is left."""
        ...


def warm(provider: Provider, profile: Profile, *, always: Sequence[str], often: Sequence[str] = ()) -> Warm:
    """Calls under `profile` with `always` imported, and `often` where that is paid once for all of them.

    Returns when the first call can be started. `profile.limits` bound what waits; each call brings its own.
    Raises `SandboxLost` with the last words of a process that did not get ready.
    """
    if isinstance(provider, Bubblewrap) and os.geteuid() == 0 and seccomp_filter() is not None:
        with contextlib.suppress(SandboxRefused):
            return ForkServer(provider, profile, (*always, *often))
    return Prepared(provider, profile, always)


class ForkServer:
    """One process that forks all calls, one after the other; it runs none of their code."""

    def __init__(self, provider: Bubblewrap, profile: Profile, modules: Sequence[str]) -> None:
        """Raises `SandboxRefused` with the reason if nothing can be forked here."""
        assert profile.uid is not None
        self._uid = profile.uid
        self._starting = threading.Lock()
        unbounded = replace(profile.limits, memory_mb=UNBOUNDED_MB)  # what it forks is watched one by one
        self._process, self._control, said = _launch(
            "fork", modules, replace(profile, limits=unbounded), provider.start_fork_server
        )
        _await_ready(self._process, self._control, said)
        self._control.settimeout(ANSWER_SECONDS)

    def start(
        self,
        call: Call,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """See `Warm.start`; the call before must have ended."""
        with self._starting, _Streams(stdout, stderr) as streams:
            ours, theirs = socket.socketpair()
            try:
                with theirs:
                    socket.send_fds(self._control, [b"call"], [theirs.fileno()])
                _send(ours, call, limits, self._uid, [*streams.inside, *pass_fds])
                _, handles, _, _ = socket.recv_fds(self._control, 16, 1)
                if not handles:
                    raise EOFError
                pid = _number_of(handles[0])
                self._control.send(b"seen")
            except (OSError, EOFError) as error:
                ours.close()
                self.close()
                raise SandboxLost(
                    "the fork server ended or did not answer; it has to be started again"
                ) from error
            handle, child = handles[0], _Forked(pid, ours, *streams.kept())

        def end() -> None:  # the kernel ends its whole namespace before it is gone
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)

        return SandboxProcess(child, limits, end, handle=handle)

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the server and what it forked."""
        self._process.kill()
        self._control.close()


class Prepared:
    """A process that waits for its one call, and another one as soon as that has begun."""

    def __init__(self, provider: Provider, profile: Profile, modules: Sequence[str]) -> None:
        """Returns when the first one is ready."""
        self._provider, self._modules = provider, modules
        # the imports must fit as well; each call then lowers its own limits
        roomy = replace(profile.limits, memory_mb=IMPORTS_MB + profile.limits.memory_mb)
        self._profile = replace(profile, limits=roomy)
        self._closed = False
        self._launched: SandboxProcess | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._spare = self._executor.submit(self._prepare)
        self._spare.result()

    def start(
        self,
        call: Call,
        limits: Limits,
        *,
        pass_fds: Sequence[int] = (),
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """See `Warm.start`; waits until the next process is ready if the call before was short."""
        process, control = self._spare.result()
        process.begin(limits)
        with control, _Streams(stdout, stderr) as streams:
            ours, theirs = socket.socketpair()
            try:
                with ours, theirs:
                    socket.send_fds(control, [b"call"], [theirs.fileno()])
                    _send(ours, call, limits, None, [*streams.inside, *pass_fds])
            except OSError as error:
                process.kill()
                raise SandboxLost("a prepared process ended before its call; start another one") from error
            process.stdout, process.stderr = streams.kept()
        self._spare = self._executor.submit(self._prepare)
        return process

    @property
    def alive(self) -> bool:
        """Whether a process is ready or gets ready."""
        if self._closed or not self._spare.done():
            return not self._closed
        return self._spare.exception() is None and self._spare.result()[0].poll() is None

    def close(self) -> None:
        """End the process that waits; one whose call has begun is its caller's."""
        self._closed = True
        if self._launched is not None:
            self._launched.kill()
        with contextlib.suppress(SandboxLost):
            process, control = self._spare.result()
            process.kill()
            control.close()
        self._executor.shutdown()

    def _prepare(self) -> tuple[SandboxProcess, socket.socket]:
        process, control, said = _launch("once", self._modules, self._profile, self._provider.start)
        self._launched = process
        if self._closed:
            process.kill()
        _await_ready(process, control, said)
        self._launched = None
        control.settimeout(ANSWER_SECONDS)
        return process, control


class _Starter(Protocol):
    def __call__(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess: ...


class _Streams:
    """The ends of the output and error streams that go inside, and those that stay here."""

    def __init__(self, *wanted: int) -> None:
        self.inside: list[int] = []
        self._opened: list[int] = []
        self._kept: list[IO[bytes] | None] = []
        for target in wanted:
            reader = None
            if target == subprocess.PIPE:
                here, target = os.pipe()
                reader = os.fdopen(here, "rb")
                self._opened.append(target)
            elif target == subprocess.DEVNULL:
                target = os.open(os.devnull, os.O_WRONLY)
                self._opened.append(target)
            elif target == subprocess.STDOUT:
                target = self.inside[0]
            self.inside.append(target)
            self._kept.append(reader)

    def kept(self) -> list[IO[bytes] | None]:
        """Readers of the pipes that were asked for, for the caller to close."""
        kept, self._kept = self._kept, []
        return kept

    def __enter__(self) -> _Streams:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._opened:
            os.close(number)
        for reader in self._kept:
            if reader is not None:
                reader.close()


class _Forked:
    """A forked process, which is not our child: its status comes over the socket of its call."""

    def __init__(
        self, pid: int, answers: socket.socket, stdout: IO[bytes] | None, stderr: IO[bytes] | None
    ) -> None:
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.stdin: IO[bytes] | None = None
        self._answers, self._lock = answers, threading.Lock()
        self._status: int | None = None
        answers.settimeout(None)

    def poll(self) -> int | None:
        with self._lock:
            if self._status is None:
                try:
                    answer = self._answers.recv(4, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return None
                except OSError:
                    answer = b""
                # without an answer the server is gone, and the kernel ended everything with it
                self._status = struct.unpack("!i", answer)[0] if len(answer) == 4 else -signal.SIGKILL
            return self._status

    def wait(self) -> int:
        ready = select.poll()
        ready.register(self._answers, select.POLLIN)
        while (status := self.poll()) is None:
            ready.poll()
        return status

    def kill(self) -> None:
        """Nothing is left to do: the handle of the process has been signalled."""


def _launch(
    mode: str, modules: Sequence[str], profile: Profile, start: _Starter
) -> tuple[SandboxProcess, socket.socket, IO[bytes]]:
    profile = replace(profile, mounts=(*profile.mounts, Mount(DAEMON, DAEMON_TARGET)))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who waits
    argv = [sys.executable, "-P", DAEMON_TARGET, str(theirs.fileno()), mode, *modules]
    try:
        with theirs:
            return start(argv, profile, pass_fds=(theirs.fileno(),), stderr=said.fileno()), ours, said
    except BaseException:
        ours.close()
        said.close()
        raise


def _await_ready(process: SandboxProcess, control: socket.socket, said: IO[bytes]) -> None:
    control.settimeout(READY_SECONDS)
    try:
        answer = control.recv(512)
    except OSError:
        answer = b""
    with said:
        if answer == b"ready":
            return
        process.kill()
        control.close()
        if answer:
            raise SandboxRefused(answer.decode(errors="replace"))
        said.seek(0)
        words = said.read(4000).decode(errors="replace").strip()
        raise SandboxLost(f"no warm Python: {words.splitlines()[-1] if words else 'it ended without a word'}")


def _send(ours: socket.socket, call: Call, limits: Limits, uid: int | None, given: Sequence[int]) -> None:
    bounds = {
        "NPROC": limits.processes,
        "FSIZE": limits.file_mb << 20,
        "NOFILE": limits.open_files,
        "DATA": 2 * limits.memory_mb << 20,  # the watch ends a hog below this, with a reason
        "CORE": 0,
    }
    if limits.cpu_seconds is not None:
        bounds["CPU"] = int(limits.cpu_seconds) + 1
    message: dict[str, Any] = {
        "module": call.module,
        "arguments": list(call.arguments),
        "files": dict(call.files),
        "limits": bounds,
        "uid": uid,
        "scratch_bytes": limits.file_mb << 20,
        "filter": (seccomp_filter() or b"").hex(),
    }
    text = json.dumps(message).encode()
    ours.settimeout(ANSWER_SECONDS)
    socket.send_fds(ours, [struct.pack("!I", len(text))], list(given))
    ours.sendall(text)


def _number_of(handle: int) -> int:
    """This namespace's number of the process behind a handle, from the kernel; it is not reaped yet."""
    for line in Path(f"/proc/self/fdinfo/{handle}").read_text().splitlines():
        if line.startswith("Pid:") and int(line.split()[1]) > 0:
            return int(line.split()[1])
    raise OSError(f"handle {handle} is of no process here")
