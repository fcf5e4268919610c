"""A researcher's workspace: a long-lived sandbox with a shell, Python and files of its own.

Covered: files are opened inside the sandbox only, as its user, so no link leads to the host; background jobs
live on between commands; output, time, memory, processes and the files together are bounded; if the sandbox dies
it is started anew and the files are still there. A workspace that holds too much is ended; from then on its commands
can read and delete, but no file can grow until it holds less.
Not covered: background jobs after a restart, and what `aar.sandboxes.watch.disk` does not cover.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from aar.errors import SandboxLost, SandboxRefused
from aar.sandboxes.accounts import hand_over
from aar.sandboxes.inside import program
from aar.sandboxes.mounts.mount_points import make_mount_point
from aar.sandboxes.profile import Limits, Mount, Profile
from aar.sandboxes.provider import Provider
from aar.sandboxes.watch.disk import excess
from aar.sandboxes.watch.process import SandboxProcess
from aar.sandboxes.workspace.protocol import HOME, NOTHING, OUTPUT_BYTES, ExecResult, reply, request
from w2s.errors import TooMuch

DAEMON = program("exec_daemon")
DAEMON_TARGET = "/sandbox/exec_daemon.py"
WORKSPACE_LIMITS = Limits(memory_mb=3072, processes=128, file_mb=512, open_files=1024)
START_SECONDS = 60.0
GRACE_SECONDS = 10.0
FAR = 4
"""A workspace with this many times too many files is not even started to delete some."""

READ = '[ -e "$1" ] || exit 2; [ -d "$1" ] && exit 21; [ -f "$1" ] || exit 13; exec head -c "$2" -- "$1"'
WRITE = 'mkdir -p -- "$(dirname -- "$1")" || exit 13; [ ! -d "$1" ] || exit 21; cat > "$1" || exit 13'


class Workspace:
    """One researcher's sandbox over `root`, which is mounted at /workspace."""

    def __init__(
        self,
        provider: Provider,
        root: Path,
        uid: int | None,
        mounts: Sequence[Mount] = (),
        *,
        packages: Path | None = None,
        limits: Limits = WORKSPACE_LIMITS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing runs before `start`; `packages` is a folder made by `open_w2s`."""
        self.root = root
        self.restarts = -1
        self._provider = provider
        self._profile = Profile(
            mounts=(Mount(root, HOME, writable=True), Mount(DAEMON, DAEMON_TARGET), *mounts),
            env=env or {},
            uid=uid,
            limits=limits,
            packages=packages,
        )
        self._process: SandboxProcess | None = None
        self._control: socket.socket | None = None
        self._excess = ""
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the sandbox, or start it again if it died; does nothing while it runs."""
        async with self._starting:
            if self._excess and not await asyncio.to_thread(self._measure):
                await self._end()  # there is room again
            if self._process is None or self._process.poll() is not None:
                await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """End every process of the workspace; the files stay."""
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            await asyncio.to_thread(self._process.kill)
        self._process = self._control = None

    async def exec(
        self,
        cmd: Sequence[str],
        *,
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = 120.0,
        output_bytes: int = OUTPUT_BYTES,
    ) -> ExecResult:
        """Run one command; of each stream the last `output_bytes` are kept.

        A command that passes `timeout` seconds is ended with all of its session (`timed_out`). If the whole
        workspace had to be ended meanwhile, the result says why, and the next command finds a fresh sandbox.
        """
        code, out, err = await self._exec(cmd, input, cwd, env, timeout, output_bytes)
        if self._excess:
            err += f"\n{self._full()}\n".encode()
        return ExecResult(
            code.returncode,
            out.decode(errors="replace"),
            err.decode(errors="replace"),
            code.timed_out,
            code.truncated,
        )

    async def read_file(self, path: str, *, max_bytes: int = 8 << 20) -> bytes:
        """Content of a regular file, opened inside the sandbox; relative paths start at /workspace.

        Raises FileNotFoundError, IsADirectoryError, PermissionError, or TooMuch above `max_bytes`.
        """
        command = ["/bin/sh", "-c", READ, "sh", path, str(max_bytes + 1)]
        outcome, content, _ = await self._exec(command, None, None, None, 30.0, max_bytes + 1)
        _raise_for(outcome.returncode, path)
        if len(content) > max_bytes:
            raise TooMuch(f"{path} is larger than {max_bytes} bytes; read a part of it with a command")
        return content

    async def write_file(self, path: str, contents: str | bytes) -> None:
        """Write a file inside the sandbox, making its folders.

        Raises IsADirectoryError or PermissionError; the latter, too, while the workspace holds too much.
        """
        await self.start()
        if self._excess:  # before anything is cut to be written anew
            raise PermissionError(errno.EDQUOT, self._full(), path)
        outcome, _, _ = await self._exec(
            ["/bin/sh", "-c", WRITE, "sh", path], contents, None, None, 30.0, 1000
        )
        _raise_for(outcome.returncode, path)

    async def __aenter__(self) -> Workspace:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _start(self) -> None:
        if self._control is not None:
            self._control.close()
        self.root.mkdir(parents=True, exist_ok=True)
        owner = self._profile.uid if self._provider.separates_users else os.geteuid()
        if self.root.stat().st_uid != owner:  # it is new, or its lab was moved
            hand_over(self.root, owner)
        self.root.chmod(0o700)
        for mount in self._profile.mounts:
            if mount.target.startswith(f"{HOME}/"):
                make_mount_point(
                    self.root, PurePosixPath(mount.target).relative_to(HOME), is_folder=mount.source.is_dir()
                )
        profile = self._bounded()
        own_end, daemon_end = socket.socketpair()
        command = [sys.executable, "-I", "-S", DAEMON_TARGET, str(daemon_end.fileno())]
        limits = replace(profile.limits, file_mb=0) if self._excess else profile.limits
        command.append(json.dumps(self._provider.narrow(replace(profile, limits=limits))))
        # In memory: a deleted file that the daemon holds would count as the workspace's own.
        with daemon_end, os.fdopen(os.memfd_create("said"), "w+b") as errors:
            process = self._provider.start_keeper(
                command, profile, pass_fds=(daemon_end.fileno(),), stderr=errors.fileno()
            )
            daemon_end.close()
            self._process, self._control = process, own_end
            self._await_first_answer(errors.fileno())
        own_end.setblocking(False)
        self.restarts += 1

    def _measure(self) -> str:
        self._excess = excess([self.root], self._profile.limits)
        return self._excess

    def _bounded(self) -> Profile:
        """The profile; for one that holds too much, with room to delete in."""
        if not self._measure():
            return self._profile
        limits = self._profile.limits
        room = replace(limits, disk_mb=None, files=None if limits.files is None else FAR * limits.files)
        if fault := excess([self.root], room):
            raise SandboxRefused(
                f"the workspace of {self.root.name} holds {fault}; delete some in {self.root}"
            )
        return replace(self._profile, limits=room)

    def _full(self) -> str:
        return f"The workspace holds {self._excess}: no file can be written until some are deleted."

    def _await_first_answer(self, errors: int) -> None:
        """Return once the daemon reads from its socket; a sandbox that did not start says why."""
        assert self._process is not None
        own_end, daemon_end = socket.socketpair()
        with own_end, daemon_end:
            self._hand_over(daemon_end)
            daemon_end.close()
            own_end.settimeout(START_SECONDS)
            with contextlib.suppress(TimeoutError):
                with contextlib.suppress(ConnectionError):
                    own_end.sendall(NOTHING)
                    if own_end.recv(1) == b"" and self._process.poll() is None:
                        return  # the daemon has read it and closed
                self._process.wait(GRACE_SECONDS)  # its sockets close before it has ended
        status = self._process.poll()
        self._process.kill()
        os.lseek(errors, 0, os.SEEK_SET)
        text = os.read(errors, 2000).decode(errors="replace").strip()
        raise SandboxLost(
            f"the workspace of {self.root.name} did not start (exit {status}): "
            f"{text or self._process.reason or 'no message'}"
        )

    def _hand_over(self, connection: socket.socket) -> None:
        assert self._control is not None
        socket.send_fds(self._control, [b"x"], [connection.fileno()])

    async def _exec(
        self,
        cmd: Sequence[str],
        given: str | bytes | None,
        cwd: str | None,
        env: Mapping[str, str] | None,
        timeout: float | None,
        output_bytes: int,
    ) -> tuple[ExecResult, bytes, bytes]:
        message = request(cmd, given, cwd=cwd, env=env or {}, timeout=timeout, output_bytes=output_bytes)
        process, reader, writer = await self._connect()
        try:
            async with asyncio.timeout(None if timeout is None else timeout + GRACE_SECONDS):
                with contextlib.suppress(ConnectionError):  # what killed it is told below
                    writer.write(message)
                    await writer.drain()
                return await reply(reader, output_bytes)
        except asyncio.IncompleteReadError:
            return await self._lost(process, timed_out=False)
        except TimeoutError:
            return await self._lost(process, timed_out=True)
        finally:
            writer.close()

    async def _connect(self) -> tuple[SandboxProcess, asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in range(2):
            await self.start()
            process = self._process
            if process is None:
                continue  # someone stopped it meanwhile
            own_end, daemon_end = socket.socketpair()
            with daemon_end:
                try:
                    self._hand_over(daemon_end)
                    reader, writer = await asyncio.open_connection(sock=own_end)
                    return process, reader, writer
                except OSError:  # the daemon is gone or stuck: a fresh sandbox over the same files
                    own_end.close()
                    await asyncio.to_thread(process.kill)
        raise SandboxLost(f"the workspace of {self.root.name} ends as soon as it is started")

    async def _lost(self, process: SandboxProcess, *, timed_out: bool) -> tuple[ExecResult, bytes, bytes]:
        await asyncio.to_thread(process.kill)
        limits = self._profile.limits
        reasons = {
            "memory": f"it used more than {limits.memory_mb} MB of memory",
            "disk": f"it holds more than {limits.disk_mb} MB or {limits.files} files",
        }
        why = reasons.get(process.reason or "", "it started no more commands")
        text = f"The workspace was ended because {why}. Files are kept; background jobs are gone.".encode()
        return ExecResult(137, "", "", timed_out=timed_out), b"", text


def _raise_for(returncode: int, path: str) -> None:
    kinds: dict[int, type[OSError]] = {2: FileNotFoundError, 21: IsADirectoryError}
    if returncode in kinds:
        raise kinds[returncode](returncode, os.strerror(returncode), path)
    if returncode != 0:
        raise PermissionError(13, f"not allowed, or the disk is full (exit {returncode})", path)
