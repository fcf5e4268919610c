"""Puts the wall around one call of a fork server, from inside: namespaces, mounts, user, system call filter.

`warm_daemon` loads this file, which is mounted beside it, before anything of a call runs. Standard library only.

Covered: namespaces of its own (processes, mounts, IPC, host name, network), fresh /proc, /tmp, /dev/shm, /dev/pts and
/method, user, groups, capabilities, system call filter. Each is checked or fails the call. Not covered: limits and
descriptors, which `warm_daemon` sets last.
"""

import contextlib
import ctypes
import os
import re
from collections.abc import Callable
from pathlib import Path

NEW_PID = 0x20000000  # CLONE_NEWPID
NEW_OTHERS = 0x00020000 | 0x08000000 | 0x04000000 | 0x40000000  # CLONE_NEWNS, NEWIPC, NEWUTS, NEWNET
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096  # MS_RDONLY, MS_NOSUID, ...
RECURSIVE, PRIVATE = 16384, 1 << 18  # MS_REC, MS_PRIVATE
SET_DUMPABLE, SET_FILTER, DROP_BOUND, NO_NEW_PRIVILEGES, AMBIENT = 4, 22, 24, 38, 47  # options of prctl
CAPSET = {"x86_64": 126, "aarch64": 91}  # number of the system call, which the C library does not wrap
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
LIBC = ctypes.CDLL(None, use_errno=True)


def fork_into(home: int) -> int:
    """Fork a child that is the first process of a new namespace; the next child is again one of ours."""
    check(LIBC.unshare(NEW_PID), "unshare processes")
    try:
        return os.fork()
    finally:
        if os.getpid() != 1:
            check(LIBC.setns(home, NEW_PID), "return to the namespace")


def enter(scratch_bytes: int, folder: str, fill: "Callable[[], None]") -> None:
    """Namespaces of one's own, and in them fresh mounts wherever something can be written or seen of others.

    `fill` writes the call's files into `folder`, which is read-only from then on.
    """
    check(LIBC.unshare(NEW_OTHERS), "unshare mounts, IPC, names and network")
    mount(None, "/", None, RECURSIVE | PRIVATE)
    mount("proc", "/proc", "proc", READ_ONLY | NO_SUID | NO_DEVICES | NO_PROGRAMS)
    for scratch in ("/tmp", "/dev/shm"):
        kept = mounted_below(scratch)
        mount("tmpfs", scratch, "tmpfs", NO_SUID | NO_DEVICES, f"mode=1777,size={scratch_bytes}")
        for target, handle in kept:
            show_again(target, handle)
    mount("devpts", "/dev/pts", "devpts", NO_SUID | NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=620")
    mount("tmpfs", folder, "tmpfs", NO_SUID | NO_DEVICES, "mode=0755,size=16m")
    fill()
    mount(None, folder, None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES)


def mounted_below(folder: str) -> "list[tuple[str, int]]":
    """Mounts below `folder`, the outermost only, and a handle of each: Python itself where it lies there."""
    mounted: list[tuple[str, int]] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4])
        if target.startswith(f"{folder}/") and not any(
            target.startswith(f"{outer}/") for outer, _ in mounted
        ):
            mounted.append((target, os.open(target, os.O_PATH)))
    return mounted


def show_again(target: str, handle: int) -> None:
    """Mount what `handle` holds, with all that is mounted in it, at `target` again, as writable as it was."""
    if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112 - a path object would cost a run its time
        os.makedirs(target, mode=0o755, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
        Path(target).touch()
    mount(f"/proc/self/fd/{handle}", target, None, BIND | RECURSIVE)
    os.close(handle)


def restrict(
    program: bytes, asking: bytes, listening: "Callable[[ctypes.Structure], int | None]"
) -> "int | None":
    """Take from the first process, too: privileges to gain, and the system calls that the filter refuses.

    Gives the descriptor that the filter `asking` asks, where the kernel lets it ask somebody; else `program` filters.
    """
    with contextlib.suppress(OSError):
        for capability in range(64):
            check(LIBC.prctl(DROP_BOUND, capability, 0, 0, 0), "bound")  # refused above the last one
    check(LIBC.prctl(AMBIENT, 4, 0, 0, 0), "clear ambient capabilities")
    check(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    asked = listening(Program(len(asking) // 8, asking))
    if asked is None:
        steps = Program(len(program) // 8, program)
        check(LIBC.prctl(SET_FILTER, 2, ctypes.byref(steps), 0, 0), "system call filter")
    return asked


def drop_capabilities() -> None:
    """Give up every capability for good."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    check(LIBC.syscall(CAPSET[os.uname().machine], header, none), "drop capabilities")


def become_user(uid: int) -> None:
    """Be the user `uid` for good, and prove that nothing else is left."""
    os.setsid()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    drop_capabilities()
    check(LIBC.prctl(SET_DUMPABLE, 1, 0, 0, 0), "own /proc")  # as after an exec
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    held = [name for name in CAPABILITIES if int(status[name], 16)]
    users = {*status["Uid"].split(), *status["Gid"].split()}
    if held or users != {str(uid)} or status["Groups"].split() or status["Seccomp"].strip() != "2":
        raise PermissionError(f"still held: {held}, users {users}, filter {status['Seccomp'].strip()}")


def mount(source: "str | None", target: str, kind: "str | None", flags: int, options: str = "") -> None:
    """One mount, or the reason why not."""
    names = [None if name is None else name.encode() for name in (source, target, kind)]
    check(LIBC.mount(*names, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def check(result: int, what: str) -> None:
    """Raise what the kernel said."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
