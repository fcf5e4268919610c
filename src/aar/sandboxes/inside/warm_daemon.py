"""Runs inside a sandbox: a Python that has imported everything in advance and serves calls it is sent.

As a fork server it is trusted code under another user than its children, and serves one call after another, each
in a child of its own; otherwise it serves one call itself and ends. Standard library only: this file is mounted
with `warm_listener.py` beside it, and nothing else. On the inherited socket (packets):

    ready | refused: why      to the host, when everything is imported
    call + descriptor         from the host: one end of a fresh stream socket for this call
    forked + descriptor       to the host: a handle of the child's first process
    seen                      from the host, which has read the handle's number: the child may be reaped

On a call's own socket the host sends 4 bytes length, JSON and descriptors (output, errors, then 3, 4, ...), and a
fork server answers with 4 bytes of exit status, one that says whether denied system calls were counted, and for
each of these 4 bytes of number and times. Only the child reads a call, never the server: what a call brings is not
in the memory that the next one is forked from.

Covered, before anything of a call runs: namespaces of its own (processes, mounts, IPC, host name, network), fresh
/proc, /tmp, /dev/shm, /dev/pts and /method, user, groups, capabilities, limits, system call filter, descriptors.
Not covered: the layout of addresses, which all children of one server share; time.
"""

import contextlib
import ctypes
import fcntl
import gc
import importlib
import importlib.util
import json
import os
import re
import resource
import socket
import struct
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

NEW_PID, NEW_OTHERS = (
    0x20000000,
    0x00020000 | 0x08000000 | 0x04000000 | 0x40000000,
)  # mounts, IPC, UTS, network
READ_ONLY, NO_SUID, NO_DEVICES, NO_PROGRAMS, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
RECURSIVE, PRIVATE = 16384, 1 << 18
SET_DUMPABLE, SET_FILTER, DROP_BOUND, NO_NEW_PRIVILEGES, AMBIENT = 4, 22, 24, 38, 47
CAPSET = {"x86_64": 126, "aarch64": 91}
FOLDER = "/method"
REQUEST_BYTES, DESCRIPTORS = 16 << 20, 16
LIBC = ctypes.CDLL(None, use_errno=True)
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")


def main(control: socket.socket, mode: str, modules: "list[str]") -> None:
    """Import, say so, and serve."""
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that holds an object
    if mode == "once":
        control.send(b"ready")
        _, [number], _, _ = socket.recv_fds(control, 16, 1)
        control.close()
        guarded(lambda: serve_here(socket.socket(fileno=number)))
    gather_memory()
    listener = beside("warm_listener")
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    reason = why_not(home)
    control.send(f"refused: {reason}".encode()[:500] if reason else b"ready")
    while not reason and fork_one(control, home, listener):
        pass


def beside(name: str) -> Any:
    """The module in a file beside this one, whose folder is on no path that a call imports from."""
    spec: Any = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gather_memory() -> None:
    """Put what was imported into huge pages where the kernel has them: a fork copies the table of pages."""
    huge, collapse = 2 << 20, 25
    LIBC.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, _, _, _, *name = line.split()
        start, end = (int(number, 16) for number in place.split("-"))
        start, end = (start + huge - 1) // huge * huge, end // huge * huge
        if rights == "rw-p" and end > start and (not name or name == ["[heap]"]):
            LIBC.madvise(start, end - start, collapse)


def serve_here(connection: socket.socket) -> NoReturn:
    """Serve one call in this process; its sandbox ends with it."""
    call, given = receive(connection)
    folder = os.environ["TMPDIR"] + FOLDER
    write_files(folder, call["files"])
    serve(call, given, folder)


def fork_one(control: socket.socket, home: int, listener: Any) -> bool:
    """Serve the next call in a child; False when the host has closed the socket."""
    message, numbers, _, _ = socket.recv_fds(control, 16, 1)
    if not message:
        return False
    with socket.socket(fileno=numbers[0]) as connection:
        denied, tell = os.pipe()
        server, pid = os.getpid(), fork_into(home)
        if pid == 0:
            control.detach()
            guarded(lambda: begin(connection, server, listener, tell))
        os.close(tell)
        handle = os.pidfd_open(pid)
        socket.send_fds(control, [b"forked"], [handle])
        os.close(handle)
        if not control.recv(16):
            return False
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        counted = listener.counts(denied)
        answer = struct.pack("!i?", status, counted is not None)
        answer += b"".join(struct.pack("!HH", *one) for one in (counted or {}).items())
        with contextlib.suppress(OSError):  # nobody waits for it any more
            connection.sendall(answer)
    return True


def why_not(home: int) -> str:
    """Why nothing can be forked here; empty if a trial works."""
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    if threads > 1:
        return f"{threads - 1} threads run after the imports, and a fork would lose them"
    reader, writer = os.pipe()
    pid = fork_into(home)
    if pid == 0:
        os.dup2(writer, 2)

        def enter_and_end() -> NoReturn:
            enter(1 << 20, {})
            os._exit(0)

        guarded(enter_and_end)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read(400).decode(errors="replace").strip()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return said or (f"a trial ended with {status}" if status else "")


def fork_into(home: int) -> int:
    """Fork a child that is the first process of a new namespace; the next child is again one of ours."""
    check(LIBC.unshare(NEW_PID), "unshare processes")
    try:
        return os.fork()
    finally:
        if os.getpid() != 1:
            check(LIBC.setns(home, NEW_PID), "return to the namespace")


def guarded(work: Any) -> NoReturn:
    """Run what never returns; whatever it raises is told on the error stream, and nothing runs on."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - nothing may run on
        with contextlib.suppress(OSError):
            os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(126)


def begin(connection: socket.socket, server: int, listener: Any, tell: int) -> NoReturn:
    """Be the first process of a call's namespace: surround it, start it, reap, count its denials, end with it."""
    call, given = receive(connection)
    os.dup2(given[1], 2)
    os.setsid()
    enter(call["scratch_bytes"], call["files"])
    skip_number(server)
    asked = restrict(bytes.fromhex(call["filter"]), bytes.fromhex(call["asking"]), listener)
    pid = os.fork()
    if pid == 0:
        guarded(lambda: become_user(call, given))
    close_from(0, () if asked is None else (asked, tell))
    drop_capabilities()
    if asked is not None:
        listener.start_refusing(asked, tell)
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def enter(scratch_bytes: int, files: "dict[str, str]") -> None:
    """Namespaces of one's own, and in them fresh mounts wherever something can be written or seen of others."""
    check(LIBC.unshare(NEW_OTHERS), "unshare mounts, IPC, names and network")
    mount(None, "/", None, RECURSIVE | PRIVATE)
    mount("proc", "/proc", "proc", READ_ONLY | NO_SUID | NO_DEVICES | NO_PROGRAMS)
    for scratch in ("/tmp", "/dev/shm"):
        kept = mounted_below(scratch)
        mount("tmpfs", scratch, "tmpfs", NO_SUID | NO_DEVICES, f"mode=1777,size={scratch_bytes}")
        for target, handle in kept:
            show_again(target, handle)
    mount("devpts", "/dev/pts", "devpts", NO_SUID | NO_PROGRAMS, "newinstance,ptmxmode=0666,mode=620")
    mount("tmpfs", FOLDER, "tmpfs", NO_SUID | NO_DEVICES, "mode=0755,size=16m")
    write_files(FOLDER, files)
    mount(None, FOLDER, None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES)


def mounted_below(folder: str) -> "list[tuple[str, int]]":
    """What is mounted below `folder`, the outermost only, and a handle of each: Python itself where it lies there."""
    found: list[tuple[str, int]] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), line.split()[4])
        if target.startswith(f"{folder}/") and not any(target.startswith(f"{outer}/") for outer, _ in found):
            found.append((target, os.open(target, os.O_PATH)))
    return found


def show_again(target: str, handle: int) -> None:
    """Mount what `handle` holds, with all that is mounted in it, at `target` again, as writable as it was."""
    if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112 - a path object would cost a run its time
        os.makedirs(target, mode=0o755, exist_ok=True)  # noqa: PTH103
    else:
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
        Path(target).touch()
    mount(f"/proc/self/fd/{handle}", target, None, BIND | RECURSIVE)
    os.close(handle)


def skip_number(number: int) -> None:
    """Let the child have another number than the server: libraries notice a fork by that."""
    ids = [1]
    while ids[-1] < number:
        thread = threading.Thread(target=lambda: ids.append(threading.get_native_id()))
        thread.start()
        thread.join()


def restrict(program: bytes, asking: bytes, listener: Any) -> "int | None":
    """What holds for the first process as well: no privileges to gain, and the system call filter.

    Gives what the filter asks, where the kernel lets it ask somebody.
    """
    with contextlib.suppress(OSError):
        for capability in range(64):
            check(LIBC.prctl(DROP_BOUND, capability, 0, 0, 0), "bound")  # refused above the last one
    check(LIBC.prctl(AMBIENT, 4, 0, 0, 0), "clear ambient capabilities")
    check(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

    asked: int | None = listener.listening(Program(len(asking) // 8, asking))
    if asked is None:
        steps = Program(len(program) // 8, program)
        check(LIBC.prctl(SET_FILTER, 2, ctypes.byref(steps), 0, 0), "system call filter")
    return asked


def drop_capabilities() -> None:
    """Give up every capability for good."""
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    check(LIBC.syscall(CAPSET[os.uname().machine], header, none), "drop capabilities")


def become_user(call: "dict[str, Any]", given: "list[int]") -> NoReturn:
    """Be the call's user, prove that nothing else is left, and serve."""
    uid = call["uid"]
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
    serve(call, given, FOLDER)


def serve(call: "dict[str, Any]", given: "list[int]", folder: str) -> NoReturn:
    """Keep the given descriptors only, set the limits, and run the call to its end."""
    empty = os.open("/dev/null", os.O_RDONLY)
    wanted = [empty, *given]
    high = [fcntl.fcntl(number, fcntl.F_DUPFD, len(wanted)) for number in wanted]  # out of each other's way
    for number, source in enumerate(high):
        os.dup2(source, number)
    close_from(len(high))
    os.chdir("/")
    set_limits(call["limits"])
    draw_anew()
    module = importlib.import_module(call["module"]) if call["module"] in sys.modules else None
    if module is None:
        sys.path.insert(0, folder)
        module = importlib.import_module(call["module"])
    sys.modules["__main__"] = module
    sys.argv = [str(module.__file__), *call["arguments"], folder]
    status: Any = 1
    try:
        status = module.main(sys.argv[1:])
    except SystemExit as error:
        status = error.code
    except BaseException:  # noqa: BLE001 - as the interpreter itself would
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status if isinstance(status, int) else 1 if status else 0)


def draw_anew() -> None:
    """Draw what libraries seeded at their import, as each fresh process would; Python's own, a fork draws anew."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()


def close_from(first: int, kept: "tuple[int, ...]" = ()) -> None:
    """Close every descriptor from `first` on, but for those that are kept."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the one that lists them is in the list, too
        if int(name) >= first and int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def set_limits(limits: "dict[str, int]") -> None:
    """Bound each process; memory and processor time come on top of what was used before the call."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    limits["DATA"] += int(status["VmData"].split()[0]) << 10
    if "CPU" in limits:
        limits["CPU"] += int(time.process_time())
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, most = resource.getrlimit(kind)
        bound = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (bound, bound))


def receive(connection: socket.socket) -> "tuple[dict[str, Any], list[int]]":
    """One call and its descriptors; the socket is closed afterwards."""
    with connection:
        head, given, _, _ = socket.recv_fds(connection, 4, DESCRIPTORS)
        size = struct.unpack("!I", head)[0]
        if size > REQUEST_BYTES:
            raise ValueError(f"a call of {size} bytes; at most {REQUEST_BYTES}")
        text = bytearray()
        while len(text) < size:
            part = connection.recv(size - len(text))
            if not part:
                raise EOFError("the host went away during the start")
            text += part
    return json.loads(text), given


def write_files(folder: str, files: "dict[str, str]") -> None:
    """Write a call's files, for everybody to read."""
    os.umask(0o022)
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace", newline="")


def mount(source: "str | None", target: str, kind: "str | None", flags: int, options: str = "") -> None:
    """One mount, or the reason why not."""
    names = [None if name is None else name.encode() for name in (source, target, kind)]
    check(LIBC.mount(*names, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def check(result: int, what: str) -> None:
    """Raise what the kernel said."""
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3:])
