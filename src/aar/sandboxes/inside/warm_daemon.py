"""Runs inside a sandbox: a Python that has imported everything in advance and serves calls it is sent.

As a fork server it is trusted code under another user than its children, and serves one call after another, each
in a child of its own; otherwise it serves one call itself and ends. Standard library only: this file is mounted
with `warm_listener.py` and `warm_wall.py` beside it, and nothing else. On the inherited socket (packets):

    ready | refused: why      to the host, when everything is imported
    call + descriptor         from the host: one end of a fresh stream socket for this call
    forked + descriptor       to the host: a handle of the child's first process
    seen                      from the host, which has read the handle's number: the child may be reaped

On a call's own socket the host sends 4 bytes length, JSON and descriptors (output, errors, then 3, 4, ...), and a
fork server answers with 4 bytes of exit status, one that says whether denied system calls were counted, and for
each of these 4 bytes of number and times. Only the child reads a call, never the server: what a call brings is not
in the memory that the next one is forked from.

Covered, before anything of a call runs: what `warm_wall` puts around it, limits, descriptors, random states.
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
import resource
import socket
import struct
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

FOLDER = "/method"
REQUEST_BYTES, DESCRIPTORS = 16 << 20, 16
COLLAPSE = 25  # MADV_COLLAPSE: small pages become huge ones now


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
    listener, wall = beside("warm_listener"), beside("warm_wall")
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    reason = why_not(home, wall)
    control.send(f"refused: {reason}".encode()[:500] if reason else b"ready")
    while not reason and fork_one(control, home, listener, wall):
        pass


def beside(name: str) -> Any:
    """The module in a file beside this one, whose folder is on no path that a call imports from."""
    spec: Any = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gather_memory() -> None:
    """Put what was imported into huge pages where the kernel has them: a fork copies the table of pages."""
    huge, libc = 2 << 20, ctypes.CDLL(None)
    libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, _, _, _, *name = line.split()
        start, end = (int(number, 16) for number in place.split("-"))
        start, end = (start + huge - 1) // huge * huge, end // huge * huge
        if rights == "rw-p" and end > start and (not name or name == ["[heap]"]):
            libc.madvise(start, end - start, COLLAPSE)


def serve_here(connection: socket.socket) -> NoReturn:
    """Serve one call in this process; its sandbox ends with it."""
    call, given = receive(connection)
    folder = os.environ["TMPDIR"] + FOLDER
    write_files(folder, call["files"])
    serve(call, given, folder)


def fork_one(control: socket.socket, home: int, listener: Any, wall: Any) -> bool:
    """Serve the next call in a child; False when the host has closed the socket."""
    message, numbers, _, _ = socket.recv_fds(control, 16, 1)
    if not message:
        return False
    with socket.socket(fileno=numbers[0]) as connection:
        denied, tell = os.pipe()
        server, pid = os.getpid(), wall.fork_into(home)
        if pid == 0:
            control.detach()
            guarded(lambda: begin(connection, server, listener, wall, tell))
        os.close(tell)
        handle = os.pidfd_open(pid)
        socket.send_fds(control, [b"forked"], [handle])
        os.close(handle)
        if not control.recv(16):
            return False
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        counted = listener.counts(denied)
        answer = struct.pack("!i?", status, counted is not None)
        answer += b"".join(struct.pack("!HH", *denial) for denial in (counted or {}).items())
        with contextlib.suppress(OSError):  # nobody waits for it any more
            connection.sendall(answer)
    return True


def why_not(home: int, wall: Any) -> str:
    """Reason that forking fails here; empty if a trial works."""
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208
    if threads > 1:
        return f"{threads - 1} threads run after the imports, and a fork would lose them"
    reader, writer = os.pipe()
    pid = wall.fork_into(home)
    if pid == 0:
        os.dup2(writer, 2)

        def enter_and_end() -> NoReturn:
            wall.enter(1 << 20, FOLDER, lambda: None)
            os._exit(0)

        guarded(enter_and_end)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        words = pipe.read(400).decode(errors="replace").strip()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return words or (f"a trial ended with {status}" if status else "")


def guarded(work: Any) -> NoReturn:
    """Run what never returns; whatever it raises is told on the error stream, and nothing runs on."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - nothing may run on
        with contextlib.suppress(OSError):
            os.write(2, f"sandbox: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(126)


def begin(connection: socket.socket, server: int, listener: Any, wall: Any, tell: int) -> NoReturn:
    """Be the first process of a call's namespace: surround it, start it, reap, count its denials, end with it."""
    call, given = receive(connection)
    os.dup2(given[1], 2)
    os.setsid()
    wall.enter(call["scratch_bytes"], FOLDER, lambda: write_files(FOLDER, call["files"]))
    skip_number(server)
    asked = wall.restrict(bytes.fromhex(call["filter"]), bytes.fromhex(call["asking"]), listener.listening)
    pid = os.fork()
    if pid == 0:
        guarded(lambda: serve_as_user(call, given, wall))
    close_from(0, () if asked is None else (asked, tell))
    wall.drop_capabilities()
    if asked is not None:
        listener.start_refusing(asked, tell)
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def skip_number(number: int) -> None:
    """Let the child have another number than the server: libraries notice a fork by that."""
    ids = [1]
    while ids[-1] < number:
        thread = threading.Thread(target=lambda: ids.append(threading.get_native_id()))
        thread.start()
        thread.join()


def serve_as_user(call: "dict[str, Any]", given: "list[int]", wall: Any) -> NoReturn:
    """Serve a call as its user."""
    wall.become_user(call["uid"])
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


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3:])
