"""Docker: a container over an empty image, for Linux machines with an engine and no other provider.

The image holds links and nothing else: programs, libraries and Python are this machine's own, mounted
read-only, as with bubblewrap. So no registry is asked, and a method finds the Python that the lab runs on.
Docker passes on no descriptors; the launcher inside takes them from a socket in a mounted folder.

Covered: files, processes, signals, network (none), abstract and host unix sockets, environment, capabilities,
new rights, nested namespaces, descriptors, memory and processes by control group. If the host process dies,
the launcher, which is the container's first process, ends and everything with it.
Not covered: faults of the kernel or of the engine (a root process that trusts every client);
names of mounted folders, which the engine's command line shows to the machine's users; the daemon of a
workspace, which is the same user as its commands: one that ends it ends the workspace, which is started again;
an interpreter that is reached by a link in /tmp (it does not start);
a file system mounted below a read-only mount, before Docker 25. The engine must run on this kernel and know its
users: not in a virtual machine (macOS, Docker Desktop), not rootless.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from aar.errors import SandboxLost, SandboxRefused
from aar.sandboxes.inside import program
from aar.sandboxes.mounts.surroundings import (
    all_mounts,
    bounded,
    bounds,
    environment,
    etc_files,
    masks,
    tool,
)
from aar.sandboxes.profile import Mount, Profile
from aar.sandboxes.provider import Check
from aar.sandboxes.provider.bubblewrap import CONTAINER_OPTIONS, ETC, SYSTEM
from aar.sandboxes.provider.docker_engine import REMEDY, ask, image, why
from aar.sandboxes.syscalls import seccomp_filter
from aar.sandboxes.watch.process import SandboxProcess, spawn

NOT_LINUX = (
    f"run the lab in a Linux container: docker run {CONTAINER_OPTIONS} IMAGE aar run, "
    "where IMAGE has this package and bubblewrap"
)
LAUNCHER = program("launcher")
INSIDE = "/.sandbox"
STREAMS = ("stdin", "stdout", "stderr")
DAEMON_PROCESSES = 64
"""Room for a workspace's daemon and its threads."""
START_SECONDS = 60.0


class Docker:
    """The provider for machines with a Docker engine."""

    name = "docker"
    separates_users = True

    def check(self) -> Check:
        """Check by a trial that a sandbox starts here."""
        if sys.platform != "linux":
            return Check(False, "containers run in a virtual machine here, out of the lab's reach", NOT_LINUX)
        if not tool("docker"):
            return Check(False, "not installed: docker", REMEDY)
        try:
            version = ask("version", "--format", "{{.Server.Version}}").strip()
            trial = Profile(uid=65534 if os.geteuid() == 0 else None)
            with self.start(["/bin/true"], trial) as process:
                status = process.wait(START_SECONDS)
        except (SandboxLost, TimeoutError) as error:
            return Check(False, *why(str(error)))
        if status != 0:
            return Check(False, f"a trial container ended with {status}", REMEDY)
        return Check(True, f"Docker {version.splitlines()[-1]}, each role under its own user")

    def start(
        self,
        argv: Sequence[str],
        profile: Profile,
        *,
        pass_fds: Sequence[int] = (),
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = subprocess.DEVNULL,
        stderr: int | None = subprocess.DEVNULL,
    ) -> SandboxProcess:
        """Run `argv` under `profile`; `pass_fds` keep their numbers and are all that is inherited."""
        processes = profile.limits.processes + 1
        return _start(argv, profile, pass_fds, (stdin, stdout, stderr), bounds(profile.limits), processes)

    def start_keeper(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run the daemon of a workspace; its commands get their limits from `narrow`."""
        streams = (subprocess.DEVNULL, subprocess.DEVNULL, stderr)
        processes = profile.limits.processes + DAEMON_PROCESSES
        return _start(argv, profile, pass_fds, streams, {"core_bytes": 0}, processes)

    def narrow(self, profile: Profile) -> list[str]:
        """The prefix of a command that a keeper starts: its limits.

        Without root the user is the lab's own, whose other processes would count; then the container's bound does.
        """
        return bounded(profile.limits, processes=os.geteuid() == 0)


def _start(
    argv: Sequence[str],
    profile: Profile,
    pass_fds: Sequence[int],
    streams: tuple[int | None, int | None, int | None],
    limits: dict[str, int],
    processes: int,
) -> SandboxProcess:
    profile = replace(profile, python=True)  # the launcher needs it
    uid = _user(profile)
    root = image(profile)
    outer = Path(tempfile.mkdtemp(prefix="sandbox-"))  # for us alone; its inner folder is mounted
    try:
        place = outer / "inside"
        place.mkdir()
        for name, text in etc_files(profile, uid).items():
            _write(place / name, text)
        _write(place / LAUNCHER.name, LAUNCHER.read_text(encoding="utf-8"))
        place.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryFile() as errors:
            listener.bind(str(place / "host"))
            (place / "host").chmod(0o666)
            listener.listen(1)
            child = spawn(
                [tool("docker") or "docker", *_command(profile, uid, place, root, processes)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors.fileno(),
                env={},
                cwd="/",
                start_new_session=True,
            )
            try:
                host, first = _launcher(listener, child, uid)
            except SandboxLost as error:
                child.kill()
                child.wait()
                errors.seek(0)
                text = errors.read(2000).decode(errors="replace").strip()
                raise SandboxLost(f"the container did not start: {text or error}") from error
    finally:
        shutil.rmtree(outer, ignore_errors=True)  # what is mounted stays until the container ends
    try:
        init = os.pidfd_open(first)
        message = {
            "argv": list(argv),
            "env": environment(profile),
            "cwd": profile.cwd,
            "limits": limits,
            "numbers": [0, 1, 2, *pass_fds],
            "filter": (seccomp_filter() or b"").hex(),
        }
        _hand_over(host, child, message, streams, pass_fds)
    except BaseException:
        host.close()  # the launcher ends
        raise

    def end() -> None:
        host.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(init, signal.SIGKILL)

    return SandboxProcess(child, profile.limits, end, init=init, outermost=first, stores=profile.stores)


def _user(profile: Profile) -> int:
    root = os.geteuid() == 0
    if root and profile.uid in (None, 0):
        raise SandboxRefused(
            "a sandbox started by root needs an unprivileged user: Profile(uid=uid_for(role))"
        )
    if not root and profile.uid is not None:
        raise SandboxRefused(f"only root can run a sandbox as user {profile.uid}; use Profile(uid=None)")
    return os.geteuid() if profile.uid is None else profile.uid


def _command(profile: Profile, uid: int, place: Path, root: str, processes: int) -> list[str]:
    """Arguments after `docker`: all settings of the container, in the engine's own words."""
    limits = profile.limits
    memory = f"{2 * (limits.memory_mb + limits.file_mb)}m"  # the watch ends a hog below this, with a reason
    command = ["run", "--rm", "--pull=never", "--sig-proxy=false", "--log-driver=none", "--attach=stderr"]
    command += ["--network=none", "--hostname=sandbox", "--read-only", "--cap-drop=ALL"]
    command += [f"--user={uid}:{uid if profile.uid is not None else os.getegid()}"]
    command += ["--security-opt=no-new-privileges", f"--pids-limit={processes}"]
    command += [f"--memory={memory}", f"--memory-swap={memory}", f"--shm-size={limits.file_mb}m"]
    command += [f"--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size={limits.file_mb}m"]
    mounts = [
        *(Mount(folder, str(folder)) for folder in map(Path, ("/usr", *SYSTEM)) if _is_plain(folder)),
        *(Mount(Path("/etc", name), f"/etc/{name}") for name in ETC if Path("/etc", name).exists()),
        *(Mount(place / name, f"/etc/{name}") for name in etc_files(profile, uid)),
        *(Mount(Path("/dev/null"), f"/etc/{name}") for name in ("resolv.conf", "hostname")),
        Mount(place, INSIDE),
    ]
    given = all_mounts(profile)
    for mount in given:
        if not mount.source.exists():
            raise SandboxRefused(f"mount source {mount.source} does not exist")
    for mount in (*mounts, *given):
        command.append(_bind(mount))
    for path, target in masks(profile, given):
        if path.is_dir():
            command.append(_option("type=tmpfs", f"dst={target}", "tmpfs-size=4096", "tmpfs-mode=0555"))
        else:
            command.append(_bind(Mount(Path("/dev/null"), str(target))))
    command.append(_option("type=tmpfs", "dst=/sys", "tmpfs-size=4096", "tmpfs-mode=0555"))
    return [*command, root, sys.executable, "-I", "-S", f"{INSIDE}/{LAUNCHER.name}", f"{INSIDE}/host"]


def _bind(mount: Mount) -> str:
    fields = ["type=bind", f"src={mount.source}", f"dst={mount.target}"]
    return _option(*fields, *([] if mount.writable else ["readonly"]))


def _option(*fields: str) -> str:
    """One --mount, whose value is a line of CSV: a comma in a path is quoted."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return f"--mount={line.getvalue()}"


def _is_plain(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink()


def _launcher(listener: socket.socket, child: subprocess.Popen[bytes], uid: int) -> tuple[socket.socket, int]:
    """The connection of the launcher inside, and the host's number of its process."""
    listener.settimeout(0.05)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(TimeoutError):
            host, _ = listener.accept()
            host.settimeout(START_SECONDS)
            credentials = host.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid, user, _ = struct.unpack("3i", credentials)
            if user == uid and pid > 0:
                return host, pid
            host.close()
            raise SandboxLost(
                f"its first process is user {user}, not {uid}: users are mapped (rootless, userns-remap)"
            )
    raise SandboxLost(f"its launcher did not answer within {START_SECONDS:g} s")


def _hand_over(
    host: socket.socket,
    child: subprocess.Popen[bytes],
    message: Mapping[str, object],
    streams: tuple[int | None, int | None, int | None],
    pass_fds: Sequence[int],
) -> None:
    """Send what to run and its descriptors; our ends of pipes become those of `child`."""
    inner_ends: list[int] = []
    given: list[int] = []
    try:
        for number, stream in enumerate(streams):
            if stream == subprocess.PIPE:
                reader, writer = os.pipe()
                inner, ours = (reader, writer) if number == 0 else (writer, reader)
                inner_ends.append(inner)
                given.append(inner)
                setattr(child, STREAMS[number], os.fdopen(ours, "rb" if number else "wb"))
            elif stream == subprocess.DEVNULL:
                inner_ends.append(os.open(os.devnull, os.O_RDWR))
                given.append(inner_ends[-1])
            elif stream == subprocess.STDOUT:
                given.append(given[1])
            else:
                given.append(number if stream is None else stream)
        text = json.dumps(message).encode()
        host.sendall(len(text).to_bytes(4, "big"))
        socket.send_fds(host, [text], [*given, *pass_fds])
    except OSError as error:
        raise SandboxLost(f"the container ended during its start: {error}") from error
    finally:
        for descriptor in inner_ends:
            os.close(descriptor)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o444)
