# Attacks use the barest calls, and whatever stops one is the answer.
# ruff: noqa: BLE001, PTH118, PTH123, PTH208
"""What only a forked process could try: its fork server, and the calls before and after it.

`ATTACKS` are aimed at the server. Of `LEFT`, the first of each pair leaves something behind in one call and the
second looks for it in the next. Standard library and numpy.
Arguments: a name, JSON with the targets, the folder of the files. Output: "got", or why not.
"""

import ctypes
import json
import os
import re
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

T: dict[str, Any] = {}
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
EARLIER = re.compile(rb"earlier-call-[0-9a-f]{16}")
ATTACKS: dict[str, Callable[[], bool]] = {}
LEFT: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {}


def attack(function: Callable[[], bool]) -> Callable[[], bool]:
    ATTACKS[function.__name__] = function
    return function


def left(leave: Callable[[], object]) -> Callable[[Callable[[], object]], Callable[[], object]]:
    def pair(find: Callable[[], object]) -> Callable[[], object]:
        LEFT[find.__name__] = (leave, find)
        return find

    return pair


def call(x86: int, arm: int, *arguments: object) -> int:
    # ctypes passes an int in 32 bits; the seventh lies on the stack, beside what happens to be there
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = LIBC.syscall(x86 if X86 else arm, *wide)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def servers() -> Iterator[int]:
    """Whatever may be the server, or hold a copy of its memory."""
    yield from (T["server"], os.getppid())


def tried(function: Callable[[int], bool]) -> bool:
    """Whether it works on any of them; the last refusal otherwise."""
    refusal: OSError | None = None
    for pid in servers():
        try:
            if function(pid):
                return True
        except OSError as error:
            refusal = error
    if refusal:
        raise refusal
    return False


def holds(pid: int | str) -> bool:
    """Whether the text of an earlier call lies in the memory of a process."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            place, rights = line.split()[:2]
            start, end = (int(number, 16) for number in place.split("-"))
            if not rights.startswith("rw") or end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                if EARLIER.search(memory.read(end - start)):
                    return True
            except (OSError, ValueError):
                continue
    return False


# --- the server


@attack
def find_an_earlier_call_in_ones_own_memory() -> bool:
    return holds("self")


@attack
def find_it_in_the_servers_memory() -> bool:
    return tried(holds)


@attack
def read_the_servers_memory_by_system_call() -> bool:
    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    here = ctypes.create_string_buffer(8)  # a fork has the layout of its server
    local, remote = Vector(ctypes.addressof(here), 8), Vector(id(os), 8)
    return tried(lambda pid: call(310, 270, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) == 8)


@attack
def write_the_servers_memory() -> bool:
    def write(pid: int) -> bool:
        with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:
            memory.seek(id(T))
            same = memory.read(8)
            memory.seek(id(T))
            return memory.write(same) == 8

    return tried(write)


@attack
def see_the_server() -> bool:
    return str(T["server"]) in os.listdir("/proc")


@attack
def signal_the_server() -> bool:
    def ask(pid: int) -> bool:
        os.kill(pid, 0)
        return True

    return tried(ask)


@attack
def signal_the_server_by_handle() -> bool:
    def ask(pid: int) -> bool:
        signal.pidfd_send_signal(os.pidfd_open(pid), 0)
        return True

    return tried(ask)


@attack
def trace_the_server() -> bool:
    def seize(pid: int) -> bool:
        if LIBC.ptrace(0x4206, pid, None, None) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        LIBC.ptrace(17, pid, None, None)
        return True

    return tried(seize)


@attack
def list_the_servers_descriptors() -> bool:
    return tried(lambda pid: bool(os.listdir(f"/proc/{pid}/fd")))


@attack
def take_the_servers_descriptor() -> bool:
    return tried(lambda pid: call(438, 438, os.pidfd_open(pid), T["control"], 0) >= 0)


@attack
def read_the_servers_environment() -> bool:
    def read(pid: int) -> bool:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return len(file.read()) > 0

    return tried(read)


@attack
def look_through_the_servers_root() -> bool:
    return tried(lambda pid: bool(os.listdir(f"/proc/{pid}/root/")))


@attack
def change_the_servers_limits() -> bool:
    def change(pid: int) -> bool:
        resource.prlimit(pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE))
        return True

    return tried(change)


@attack
def change_the_servers_priority() -> bool:
    def change(pid: int) -> bool:
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid))
        return True

    return tried(change)


@attack
def enter_the_servers_namespaces() -> bool:
    def enter(pid: int) -> bool:
        with open(f"/proc/{pid}/ns/pid") as namespace:
            call(308, 268, namespace.fileno(), 0)
        return True

    return tried(enter)


@attack
def speak_over_an_inherited_socket() -> bool:
    for number in range(3, 1024):
        try:
            inherited = socket.socket(fileno=number)
        except OSError:
            continue
        try:
            inherited.send(b"seen")
            inherited.detach()
            return True
        except OSError:
            continue
    return False


@attack
def speak_over_a_socket_of_the_servers_frames() -> bool:
    frame: Any = sys._getframe()
    while frame:
        for found in list(frame.f_locals.values()):
            if isinstance(found, socket.socket):
                found.send(b"seen")
                return True
        frame = frame.f_back
    return False


@attack
def be_the_servers_user() -> bool:
    return os.getuid() == T["server_uid"]


@attack
def write_among_the_calls_files() -> bool:
    with open(os.path.join(T["folder"], "new.py"), "w") as file:
        file.write("x")
    return True


# --- the calls before and after


def leave_a_file(folder: str) -> None:
    with open(folder + "/aar-left", "w") as file:
        file.write("x")


@left(lambda: leave_a_file("/tmp"))
def find_a_file_in_tmp() -> bool:
    return os.path.exists("/tmp/aar-left")  # noqa: PTH110


@left(lambda: leave_a_file("/dev/shm"))
def find_a_file_in_shared_memory() -> bool:
    return os.path.exists("/dev/shm/aar-left")  # noqa: PTH110


def stay(children: int = 1, *, socket_name: str = "") -> None:
    """Processes that leave their session and parent, and live on."""
    for _ in range(children):
        if os.fork() == 0:
            try:
                os.setsid()
                server = socket.socket(socket.AF_UNIX)
                if socket_name:
                    server.bind("\0" + socket_name)
                    server.listen()
                if os.fork() == 0:
                    LIBC.prctl(15, b"aar-left", 0, 0, 0)  # its name
                    for descriptor in range(3):  # nobody waits for what it could still say
                        os.close(descriptor)
                    time.sleep(20)
            finally:
                os._exit(0)
    time.sleep(0.3)


@left(stay)
def find_a_process_that_stayed() -> bool:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with open(f"/proc/{name}/comm") as comm:
            if comm.read().strip() == "aar-left":
                return True
    return False


@left(lambda: stay(socket_name="aar-left"))
def connect_to_a_process_that_stayed() -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0aar-left")
    return True


@left(lambda: call(29, 194, 0x0AA70002, 4096, 0o1666))
def attach_shared_memory() -> bool:
    return call(29, 194, 0x0AA70002, 0, 0) >= 0


@left(lambda: setattr(__import__("numpy"), "left", True))
def find_a_changed_module() -> bool:
    return hasattr(__import__("numpy"), "left")


@left(lambda: setattr(__import__("builtins"), "left", True))
def find_a_changed_builtin() -> bool:
    return hasattr(__import__("builtins"), "left")


@left(lambda: os.environ.update(LEFT="x"))
def find_a_variable() -> bool:
    return "LEFT" in os.environ


@left(lambda: os.chdir("/tmp"))
def find_a_changed_folder() -> bool:
    return os.getcwd() == "/tmp"  # noqa: PTH109


@left(lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN))
def find_an_ignored_signal() -> bool:
    return signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN


def fill_the_limit() -> None:
    try:
        stay(T["processes"])
    except BlockingIOError:
        time.sleep(0.3)


@left(fill_the_limit)
def find_no_process_left() -> bool:
    try:
        for _ in range(T["processes"] // 2):
            if os.fork() == 0:
                time.sleep(0.2)
                os._exit(0)
    except BlockingIOError:
        return True
    return False


def outcome(function: Callable[[], object]) -> str:
    """How it went, in words."""
    try:
        return "got" if function() is True else "nothing"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def main(arguments: list[str]) -> int:
    """Run what is named and print how it went."""
    name, targets, folder = arguments
    T.update(json.loads(targets), folder=folder)
    if name == "all":
        answer = json.dumps({one: outcome(function) for one, function in ATTACKS.items()})
    else:
        which, step = name.rsplit(" ", 1)
        answer = outcome(LEFT[which][0 if step == "leave" else 1])
    print(answer, flush=True)
    return 0
