"""bubblewrap: a sandbox of kernel namespaces, with or without root.

Covered: files (only what is mounted), processes, signals, network (none, loopback included), abstract and
host unix sockets, System V memory, host name, environment, capabilities, nested namespaces, descriptors.
Covered as root besides: the process runs as its own user, so that limits on processes bind.
Not covered: faults of the kernel, timing and load as signals between sandboxes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from aar.errors import NoSandbox, SandboxRefused
from aar.sandboxes.mounts.surroundings import (
    all_links,
    all_mounts,
    environment,
    etc_files,
    masks,
    narrow,
    tool,
)
from aar.sandboxes.profile import Mount, Profile
from aar.sandboxes.provider import Check
from aar.sandboxes.syscalls import seccomp_filter
from aar.sandboxes.watch.process import SandboxProcess, spawn

REMEDY = "apt install bubblewrap (dnf, pacman, apk: the same name)"
CONTAINER_OPTIONS = (
    "--cap-add SYS_ADMIN --cap-add NET_ADMIN "
    "--security-opt seccomp=unconfined --security-opt apparmor=unconfined"
)
"""Options of `docker run` for a container in which bubblewrap works."""
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "mime.types", "terminfo")
FORKED_FOLDER = "/method"
"""Mount point for the files of a call, in a process that a fork server forks."""
DROP = ("SETUID", "SETGID", "SETPCAP")
"""Capabilities that remain until `setpriv` has changed the user; nothing of the profile runs before that."""


class Bubblewrap:
    """The provider for machines with bubblewrap."""

    name = "bubblewrap"
    separates_users = True

    def check(self) -> Check:
        """Check by a trial that a sandbox starts here."""
        missing = [name for name in ("bwrap", "setpriv", "prlimit") if not tool(name)]
        if missing:
            return Check(False, f"not installed: {', '.join(missing)}", REMEDY)
        if "--perms" not in _options():
            return Check(False, "this bubblewrap is too old (no --perms)", "install bubblewrap 0.5 or newer")
        trial = Profile(python=False, uid=65534 if os.geteuid() == 0 else None)
        with self.start(["/bin/true"], trial, stderr=subprocess.PIPE) as process:
            status = process.wait(60)
            words = process.stderr.read(2000).decode(errors="replace").strip() if process.stderr else ""
        if status != 0:
            return Check(False, f"bwrap does not start here: {words}", _why(words))
        kind = "as root, each role under its own user" if os.geteuid() == 0 else "in user namespaces"
        return Check(True, f"{_version()}, {kind}{'' if seccomp_filter() else ', no system call filter'}")

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
        return self._start(
            [*narrow(profile.uid, profile.limits), *argv], profile, pass_fds, (stdin, stdout, stderr)
        )

    def start_keeper(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run `argv` so that it can start others as `profile.uid`: the daemon of a workspace."""
        return self._start(
            list(argv), profile, pass_fds, (subprocess.DEVNULL, subprocess.DEVNULL, stderr), ("KILL",)
        )

    def start_fork_server(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run `argv` so that it can fork others as `profile.uid`, each into a sandbox of its own; only as root.

        It may mount and has no system call filter, so it must be trusted code that runs none of what it forks for.
        """
        streams = (subprocess.DEVNULL, subprocess.DEVNULL, stderr)
        return self._start(list(argv), profile, pass_fds, streams, ("SYS_ADMIN",))

    def narrow(self, profile: Profile) -> list[str]:
        """The prefix of a command that a keeper starts: its user and limits."""
        return narrow(profile.uid, profile.limits)

    def _start(
        self,
        argv: list[str],
        profile: Profile,
        pass_fds: Sequence[int],
        streams: tuple[int | None, int | None, int | None],
        capabilities: tuple[str, ...] = (),
    ) -> SandboxProcess:
        bwrap = tool("bwrap")
        if bwrap is None:
            raise NoSandbox(f"bwrap is not installed; {REMEDY}")
        inside = _Arguments()
        try:
            _describe(inside, profile, capabilities)
            news, tell = os.pipe()
            inside.descriptors.append(tell)
            inside.add("--info-fd", str(tell))
            given = inside.sealed()
            child = spawn(
                [bwrap, "--args", str(given), "--", *argv],
                pass_fds=(*pass_fds, *inside.descriptors),
                stdin=streams[0],
                stdout=streams[1],
                stderr=streams[2],
                env={},
                cwd="/",
            )
        finally:
            inside.close()
        init = _init_of(news)

        def end() -> None:
            with contextlib.suppress(ProcessLookupError):
                if init is None:
                    child.kill()
                else:  # the kernel ends its whole namespace before it is gone
                    signal.pidfd_send_signal(init, signal.SIGKILL)

        return SandboxProcess(child, profile.limits, end, init=init, stores=profile.stores)


def _init_of(news: int) -> int | None:
    """A handle of the first process of the new namespace, from what bwrap tells; None if it made none."""
    with os.fdopen(news, "rb") as pipe:
        text = b""
        while b"}" not in text and (part := os.read(pipe.fileno(), 4096)):
            text += part
    try:
        return os.pidfd_open(json.loads(text)["child-pid"])
    except (ValueError, KeyError, ProcessLookupError):
        return None


class _Arguments:
    """Options for bwrap in a file without a name, so that the process list shows none of them."""

    def __init__(self) -> None:
        self.options: list[str] = []
        self.descriptors: list[int] = []

    def add(self, *options: str | Path) -> None:
        self.options += map(str, options)

    def data(self, content: bytes) -> str:
        handle = os.memfd_create("sandbox")
        self.descriptors.append(handle)
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        return str(handle)

    def parents(self, target: str) -> None:
        """Spell out the folders above `target`: bwrap would make them for root's eyes only."""
        for folder in reversed(PurePosixPath(target).parents):
            if str(folder) not in ("/", "/usr", "/tmp", "/proc", "/dev", "/etc"):
                self.add("--perms", "0755", "--dir", str(folder))

    def sealed(self) -> int:
        return int(self.data("".join(option + "\0" for option in self.options).encode()))

    def close(self) -> None:
        for handle in self.descriptors:
            os.close(handle)


def _describe(inside: _Arguments, profile: Profile, capabilities: tuple[str, ...]) -> None:
    root = os.geteuid() == 0
    if root and profile.uid in (None, 0):
        raise SandboxRefused(
            "a sandbox started by root needs an unprivileged user: Profile(uid=uid_for(role))"
        )
    if not root and profile.uid is not None:
        raise SandboxRefused(f"only root can run a sandbox as user {profile.uid}; use Profile(uid=None)")
    inside.add("--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net")
    inside.add("--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL")
    if root:
        for capability in (*DROP, *capabilities):
            inside.add("--cap-add", f"CAP_{capability}")
    else:
        inside.add("--unshare-user")
        if "--disable-userns" in _options():
            inside.add("--disable-userns")
    program = seccomp_filter()
    if "SYS_ADMIN" in capabilities:  # what it forks installs the filter once it has mounted
        inside.add("--perms", "0755", "--dir", FORKED_FOLDER)
    elif program:
        inside.add("--seccomp", inside.data(program))
    _system(inside, profile)
    for link, real in all_links(profile).items():  # before the mounts, or one could be written to
        inside.parents(str(link))
        inside.add("--symlink", real, link)
    mounts = all_mounts(profile)
    for mount in mounts:
        if not mount.source.exists():
            raise SandboxRefused(f"mount source {mount.source} does not exist")
        inside.parents(mount.target)
        inside.add("--bind" if mount.writable else "--ro-bind", mount.source, mount.target)
    _hide(inside, profile, mounts)
    if root:  # settings of the kernel belong to user 0, which setpriv still is
        inside.add("--remount-ro", "/proc")
    inside.add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", profile.cwd)
    for name, value in environment(profile).items():
        inside.add("--setenv", name, value)


def _system(inside: _Arguments, profile: Profile) -> None:
    """The system's programs and libraries, scratch space, and the few files of /etc that these read."""
    size = () if "--size" not in _options() else ("--size", str(profile.limits.file_mb << 20))
    inside.add("--ro-bind", "/usr", "/usr")
    for folder in map(Path, SYSTEM):
        if folder.is_symlink():
            inside.add("--symlink", folder.readlink(), folder)
        elif folder.is_dir():
            inside.parents(str(folder))
            inside.add("--ro-bind", folder, folder)
    inside.add("--proc", "/proc", "--dev", "/dev")
    for scratch in ("/tmp", "/dev/shm"):
        inside.add("--perms", "1777", *size, "--tmpfs", scratch)
    inside.add(
        "--perms",
        "0755",
        "--dir",
        "/etc",
        "--perms",
        "0755",
        "--dir",
        "/var",
        "--symlink",
        "/tmp",
        "/var/tmp",
    )
    for name in ETC:
        if Path("/etc", name).exists():
            inside.add("--ro-bind", f"/etc/{name}", f"/etc/{name}")
    uid = profile.uid if profile.uid is not None else os.geteuid()
    for name, text in etc_files(profile, uid).items():
        inside.add("--perms", "0444", "--ro-bind-data", inside.data(text.encode()), f"/etc/{name}")


def _hide(inside: _Arguments, profile: Profile, mounts: Sequence[Mount]) -> None:
    """Cover what must not be seen, wherever a mount would show it."""
    for path, target in masks(profile, mounts):
        if path.is_dir():
            inside.add("--perms", "0555", "--tmpfs", str(target), "--remount-ro", str(target))
        else:
            inside.add("--ro-bind", "/dev/null", str(target))


@cache
def _options() -> str:
    bwrap = tool("bwrap")
    return (
        subprocess.run([bwrap, "--help"], capture_output=True, text=True, check=False).stdout if bwrap else ""
    )


@cache
def _version() -> str:
    bwrap = tool("bwrap") or "bwrap"
    return subprocess.run([bwrap, "--version"], capture_output=True, text=True, check=False).stdout.strip()


def _why(words: str) -> str:
    if os.geteuid() == 0:
        return f"root in a container may not make namespaces: run on the host, or give it {CONTAINER_OPTIONS}"
    if "uid map" in words or "ermission" in words or "Operation not permitted" in words:
        return (
            "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 (Debian), "
            "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap (Ubuntu)"
        )
    return REMEDY
