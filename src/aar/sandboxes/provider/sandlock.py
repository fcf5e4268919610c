"""sandlock: Landlock and supervised system calls, for machines without bubblewrap or namespaces.

Covered: files (only what is mounted), network of every kind, signals to outside, ptrace, privileges,
environment, descriptors, memory, processes, time; nothing is left when it ends.
Not covered: a user of its own (as root it stays root, without capabilities); names and sizes of host files,
which `stat` tells; a `kill -9` of the guard.
Programs inside have no /tmp (TMPDIR names their scratch folder), cannot change the mode or times of files
(they are told that it worked), and make no sockets but pairs; a background job that does nothing at all in
its first half second, while its shell ends, loses its folder. A mount cannot cover a path that the host has.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from aar.errors import NoSandbox, SandboxRefused
from aar.sandboxes.inside import program
from aar.sandboxes.mounts.surroundings import all_mounts, bounded, bounds, environment, masks, tool
from aar.sandboxes.profile import Mount, Profile
from aar.sandboxes.provider import Check
from aar.sandboxes.syscalls import seccomp_filter
from aar.sandboxes.watch.process import SandboxProcess, spawn
from aar.sandboxes.watch.tree import members

REMEDY = "pip install sandlock, on Linux 6.12 or newer with Landlock enabled (lsm=landlock,...)"
GUARD = Path(__file__).with_name("sandlock_guard.py")
LAUNCHER = program("launcher")
READABLE = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/etc/ld.so.cache",
    "/etc/alternatives",
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


class Sandlock:
    """The provider for machines where namespaces are not to be had."""

    name = "sandlock"
    separates_users = False

    def check(self) -> Check:
        """Check by a trial that a sandbox starts here."""
        if importlib.util.find_spec("sandlock") is None:
            return Check(False, "not installed: sandlock", REMEDY)
        import sandlock

        version, wanted = sandlock.landlock_abi_version(), sandlock.min_landlock_abi()
        if version < wanted:
            fault = (
                "this kernel has no Landlock"
                if version < 1
                else f"this kernel's Landlock has version {version}"
            )
            return Check(False, f"{fault}; sandlock needs version {wanted}", REMEDY)
        with self.start(["/bin/true"], Profile(python=False), stderr=subprocess.PIPE) as process:
            try:
                status = process.wait(60)
            except TimeoutError:
                return Check(False, "a trial sandbox did not end within 60 s", REMEDY)
            words = process.stderr.read(2000).decode(errors="replace").strip() if process.stderr else ""
        if status != 0:
            why = words.splitlines()[-1] if words else "it said nothing"
            return Check(False, f"a trial sandbox ended with {status}: {why}", REMEDY)
        return Check(True, f"sandlock, Landlock version {version}, no user of its own")

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
        return self._start(argv, profile, pass_fds, (stdin, stdout, stderr), bounds(profile.limits))

    def start_keeper(
        self, argv: Sequence[str], profile: Profile, *, pass_fds: Sequence[int], stderr: int
    ) -> SandboxProcess:
        """Run the daemon of a workspace; its commands get their limits from `narrow`."""
        streams = (subprocess.DEVNULL, subprocess.DEVNULL, stderr)
        return self._start(argv, profile, pass_fds, streams, {"core_bytes": 0})

    def narrow(self, profile: Profile) -> list[str]:
        """The prefix of a command that a keeper starts: its limits; processes count for the whole sandbox."""
        return bounded(profile.limits, processes=False)

    def _start(
        self,
        argv: Sequence[str],
        profile: Profile,
        pass_fds: Sequence[int],
        streams: tuple[int | None, int | None, int | None],
        limits: dict[str, int],
    ) -> SandboxProcess:
        library = importlib.util.find_spec("sandlock")
        if library is None or library.origin is None:
            raise NoSandbox(f"sandlock is not installed; {REMEDY}")
        if any(number >= 200 for number in pass_fds):
            raise SandboxRefused(
                "sandlock passes on descriptors below 200 only; duplicate it to a lower number"
            )
        scratch = Path(tempfile.mkdtemp(prefix="sandbox-"))
        try:
            specification = {
                "scratch": str(scratch),
                "library": str(Path(library.origin).parents[1]),
                "sandbox": _sandbox(profile, scratch),
                "launcher": [_python(profile), "-I", "-S", str(scratch / LAUNCHER.name)],
                "argv": list(argv),
                "env": environment(profile, scratch=str(scratch / "tmp")),
                "cwd": profile.cwd,
                "limits": limits,
                "pass_fds": list(pass_fds),
                "filter": (seccomp_filter(namespaces=False) or b"").hex(),
                "parent": os.getpid(),
            }
            given = os.memfd_create("sandbox")
            try:
                os.write(given, json.dumps(specification).encode())
                os.lseek(given, 0, os.SEEK_SET)
                child = spawn(
                    [*_without_capabilities(), sys.executable, "-I", str(GUARD), str(given)],
                    blocked=(signal.SIGTERM,),  # until the guard can handle it
                    pass_fds=(*pass_fds, given),
                    stdin=streams[0],
                    stdout=streams[1],
                    stderr=streams[2],
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
            finally:
                os.close(given)
            # The rest of `scratch` is ours and cannot be written: to count it would end a workspace that is just
            # not full, since that is asked of its own files alone.
            stores = [*profile.stores, scratch / "tmp"]
            return SandboxProcess(child, profile.limits, lambda: end_by_guard(child.pid), stores=stores)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)  # from the start on, the guard does this
            raise


def end_by_guard(pid: int) -> None:
    """Ask the guard to end everything below it; it exits when nothing is left."""
    for target in (*members(pid)[1:], pid):
        try:
            os.kill(target, signal.SIGTERM if target == pid else signal.SIGKILL)
        except ProcessLookupError:
            continue


def _sandbox(profile: Profile, scratch: Path) -> dict[str, object]:
    """Arguments of `sandlock.Sandbox`: the host's own tree, of which only the named parts can be opened."""
    (scratch / "tmp").mkdir()
    shutil.copy(LAUNCHER, scratch)
    own_place, own_writable = [str(scratch / LAUNCHER.name)], [str(scratch / "tmp")]
    read_only: dict[str, str] = {}
    writable: dict[str, str] = {}
    for mount in all_mounts(profile):
        if not mount.source.exists():
            raise SandboxRefused(f"mount source {mount.source} does not exist")
        if str(mount.source) == mount.target:
            (own_writable if mount.writable else own_place).append(mount.target)
            continue
        folder = mount.target if mount.source.is_dir() else str(PurePosixPath(mount.target).parent)
        if Path(
            folder
        ).exists():  # a call that sandlock does not translate would reach what the host has there
            raise SandboxRefused(
                f"sandlock cannot mount at {folder}, which the host has too; choose another target"
            )
        if mount.source.is_dir():
            (writable if mount.writable else read_only)[folder] = str(mount.source)
        else:  # sandlock maps folders only
            place = Path(read_only.setdefault(folder, str(scratch / f"files{len(read_only)}")))
            place.mkdir(exist_ok=True)
            shutil.copy(mount.source, place / PurePosixPath(mount.target).name)
    shown = [Mount(Path(path), path) for path in (*READABLE, *own_place)]
    shown += [Mount(Path(source), target) for target, source in (read_only | writable).items()]
    denied = [str(target) for _, target in masks(profile, shown)]
    present = [path for path in (*READABLE, *DEVICES) if Path(path).exists()]
    return {
        "chroot": "/",
        "fs_readable": [*present, *own_place, *read_only],
        "fs_writable": ["/dev/null", *own_writable, *writable],
        "fs_mount_ro": read_only,
        "fs_mount": writable,
        "fs_denied": denied,
        "clean_env": True,
        "max_processes": profile.limits.processes + 2,
    }


def _python(profile: Profile) -> str:
    return sys.executable if profile.python else "/usr/bin/python3"


def _without_capabilities() -> list[str]:
    """As root: stay root in name, since Python may lie below root's own folder, but without its powers."""
    if os.geteuid() != 0:
        return []
    drop = ["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return [tool("setpriv") or "setpriv", *drop]
