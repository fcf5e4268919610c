"""The host's side of a warm Python: its start, its word that it is ready, one call with its descriptors.

The other side is `inside.warm_daemon`. It is trusted until a call's own code runs, and says nothing but numbers after.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any, Protocol

from aar.errors import SandboxLost, SandboxRefused
from aar.sandboxes.inside import program
from aar.sandboxes.profile import Limits, Mount, Profile
from aar.sandboxes.syscalls import seccomp_filter
from aar.sandboxes.watch.process import SandboxProcess

PROGRAMS = ("warm_daemon", "warm_listener", "warm_wall")
"""The daemon, and what it loads from beside itself."""
FOLDER = "/sandbox"
READY_SECONDS = 120.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class WarmCall:
    """Call of a process: `main([*arguments, folder])` of `module`, with `files` in that folder.

    `module` is one of those imported in advance, or one of the files.
    """

    module: str
    arguments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)


class Starter(Protocol):
    """A provider's way to start a process: `start`, or `start_fork_server`."""

    def __call__(  # noqa: D102
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess: ...


class Streams:
    """The ends of the output and error streams that go inside, and those that stay here."""

    def __init__(self, *wanted: int) -> None:
        self.inside: list[int] = []
        self._opened: list[int] = []
        self._kept: list[IO[bytes] | None] = []
        for target in wanted:
            reader = None
            if target == subprocess.PIPE:
                reading, target = os.pipe()
                reader = os.fdopen(reading, "rb")
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

    def __enter__(self) -> Streams:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._opened:
            os.close(number)
        for reader in self._kept:
            if reader is not None:
                reader.close()


def launch(
    mode: str, modules: Sequence[str], profile: Profile, start: Starter
) -> tuple[SandboxProcess, socket.socket, IO[bytes]]:
    """Start the daemon in a sandbox: its process, our end of its socket, and the file of its error stream."""
    files = [Mount(program(name), f"{FOLDER}/{name}.py") for name in PROGRAMS]
    profile = replace(profile, mounts=(*profile.mounts, *files))
    own_end, process_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who waits
    argv = [sys.executable, "-P", f"{FOLDER}/warm_daemon.py", str(process_end.fileno()), mode, *modules]
    try:
        with process_end:
            return (
                start(argv, profile, pass_fds=(process_end.fileno(),), stderr=errors.fileno()),
                own_end,
                errors,
            )
    except BaseException:
        own_end.close()
        errors.close()
        raise


def await_ready(process: SandboxProcess, control: socket.socket, errors: IO[bytes]) -> None:
    """Return once everything is imported; raises `SandboxRefused` if it declines, `SandboxLost` if it ends."""
    control.settimeout(READY_SECONDS)
    try:
        answer = control.recv(512)
    except OSError:
        answer = b""
    with errors:
        if answer == b"ready":
            return
        process.kill()
        control.close()
        if answer:
            raise SandboxRefused(answer.decode(errors="replace"))
        errors.seek(0)
        words = errors.read(4000).decode(errors="replace").strip()
        raise SandboxLost(f"no warm Python: {words.splitlines()[-1] if words else 'it ended without a word'}")


def send(ours: socket.socket, call: WarmCall, limits: Limits, uid: int | None, given: Sequence[int]) -> None:
    """Send one call, to run as `uid`, with the descriptors of its output, its errors, and then 3, 4, ..."""
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
        "asking": (seccomp_filter(asks=True) or b"").hex(),
    }
    text = json.dumps(message).encode()
    ours.settimeout(ANSWER_SECONDS)
    socket.send_fds(ours, [struct.pack("!I", len(text))], list(given))
    ours.sendall(text)
