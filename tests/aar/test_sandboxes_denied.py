"""What a forked call is denied is counted by the process above it, which the call can neither reach nor hold up."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping

import pytest
from starting import Warmed

from aar.engines.methods import ENVIRONMENT
from aar.sandboxes import Limits, Profile, SandboxProcess, WarmCall, uid_for
from aar.sandboxes.inside.warm_listener import MOST
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from aar.sandboxes.provider.sandlock import Sandlock
from aar.sandboxes.warm_python.fork_server import ForkServer

UID = uid_for("test denied")
LIMITS = Limits(processes=24)
SECONDS = 60.0

pytestmark = pytest.mark.skipif(
    not Warmed(Bubblewrap(), forks=True).check().ok, reason="only root with bubblewrap counts what it denies"
)


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    made = ForkServer(Bubblewrap(), Profile(uid=UID, env=ENVIRONMENT), ("json",))
    yield made
    made.close()


def started(server: ForkServer, body: str) -> SandboxProcess:
    code = "import ctypes, os, signal, socket, threading, time\nLIBC = ctypes.CDLL(None, use_errno=True)\n"
    code += "def main(arguments):\n" + textwrap.indent(textwrap.dedent(body), "    ")
    call = WarmCall("program", (), {"program.py": code})
    return server.start(call, LIMITS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ended(server: ForkServer, body: str) -> tuple[int, Mapping[str, int] | None, str]:
    """Status, what was denied, what was printed."""
    with started(server, body) as process:
        assert process.stdout is not None
        said = process.stdout.read().decode().strip()
        return process.wait(SECONDS), process.denied, said


TRIES = """
    def tell(result):
        print(result, ctypes.get_errno())

    tell(LIBC.ptrace(0, 0, 0, 0))
    tell(LIBC.unshare(0x10000000))
    tell(LIBC.memfd_create(b"x", 0))
    tell(LIBC.socket(2, 1, 0))
    tell(LIBC.socket(40, 1, 0))
"""


def test_denied_calls_are_counted_by_name_and_look_as_the_plain_filter_lets_them(server: ForkServer) -> None:
    status, denied, said = ended(server, TRIES)
    assert (status, said.splitlines()) == (0, ["-1 1"] * 5)
    assert denied == {"ptrace": 1, "unshare": 1, "memfd_create": 1, "socket": 2}


def test_new_namespaces_by_clone_are_counted_and_a_thread_or_a_child_is_not(server: ForkServer) -> None:
    number = "56 if os.uname().machine == 'x86_64' else 220"
    body = f"""
        print(LIBC.syscall({number}, 0x10000000 | 17, None, None, None, None), ctypes.get_errno())
        thread = threading.Thread(target=print, args=("thread",))
        thread.start()
        thread.join()
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        socket.socketpair()
    """
    status, denied, said = ended(server, body)
    assert (status, denied, said.splitlines()) == (0, {"clone": 1}, ["-1 1", "thread"])


def test_what_is_allowed_or_absent_is_no_denied_call(server: ForkServer) -> None:
    body = """
        open("/tmp/a file of the call", "w").close()
        try:
            open("/etc/shadow")
        except OSError:
            print("refused")
        print(LIBC.syscall(435, None, 0), ctypes.get_errno())
        print(LIBC.socket(10, 1, 0), ctypes.get_errno())
    """
    assert ended(server, body) == (0, {}, "refused\n-1 38\n-1 1")


def test_the_listener_is_not_reachable_from_the_call(server: ForkServer) -> None:
    body = """
        for name in sorted(os.listdir("/proc/self/fd"), key=int)[:-1]:
            print(name, os.readlink("/proc/self/fd/" + name).split(":")[0])
        for path in ("/proc/1/fd", "/proc/1/fd/0", "/proc/1/mem", "/proc/1/fdinfo"):
            try:
                open(path) if "/fd/" in path or "mem" in path else os.listdir(path)
                print("open", path)
            except OSError as error:
                pass
        handle = os.pidfd_open(1)
        print([LIBC.syscall(438, handle, number, 0) for number in range(4)])
    """
    status, denied, said = ended(server, body)
    assert (status, denied) == (0, {"pidfd_getfd": 4})
    assert said.splitlines() == ["0 /dev/null", "1 pipe", "2 pipe", "[-1, -1, -1, -1]"]


def test_a_call_cannot_listen_in_our_place(server: ForkServer) -> None:
    body = """
        number = 317 if os.uname().machine == "x86_64" else 277
        allow = ctypes.create_string_buffer(bytes.fromhex("060000000000ff7f"), 8)

        class Program(ctypes.Structure):
            _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))

        print(LIBC.syscall(number, 1, 8, ctypes.byref(Program(1, ctypes.addressof(allow)))), ctypes.get_errno())
        print(LIBC.ptrace(0, 0, 0, 0))
    """
    assert ended(server, body) == (0, {"ptrace": 1}, "-1 16\n-1")


def test_a_flood_of_denied_calls_ends_as_ordinary_and_is_counted_to_a_bound(server: ForkServer) -> None:
    body = f"""
        def flood():
            for _ in range({3 * MOST}):
                LIBC.ptrace(0, 0, 0, 0)

        for _ in range(8):
            if os.fork() == 0:
                flood()
                os._exit(0)
        flood()
        print({{os.wait()[1] for _ in range(8)}})
        print(LIBC.ptrace(0, 0, 0, 0), ctypes.get_errno())
    """
    assert ended(server, body) == (0, {"ptrace": MOST}, "{0}\n-1 1")
    assert ended(server, "print('well')") == (0, {}, "well")


def test_callers_that_are_killed_meanwhile_are_reaped_and_hold_nothing_up(server: ForkServer) -> None:
    body = """
        def start():
            pid = os.fork()
            if pid == 0:
                if os.fork() == 0:  # an orphan, for the first process to reap
                    os._exit(0)
                while True:
                    LIBC.ptrace(0, 0, 0, 0)
            return pid

        waiting = [start() for _ in range(6)]
        for _ in range(60):
            time.sleep(0.002)
            os.kill(waiting[0], signal.SIGKILL)
            os.waitpid(waiting.pop(0), 0)
            waiting.append(start())
        for pid in waiting:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        print(LIBC.unshare(0x10000000), "well")
    """
    status, denied, said = ended(server, body)
    assert (status, said) == (0, "-1 well")
    assert denied is not None
    assert denied["ptrace"] > 0


def test_what_a_killed_call_had_tried_is_known(server: ForkServer) -> None:
    body = """
        LIBC.ptrace(0, 0, 0, 0)
        print("on", flush=True)
        while True:
            time.sleep(1)
    """
    with started(server, body) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        assert process.denied is None
        process.kill()
        assert (process.poll(), process.denied) == (137, {"ptrace": 1})


LISTENED = """
import ctypes, subprocess, sys
from aar.sandboxes.inside.warm_listener import listening
from aar.sandboxes import WarmCall, Limits, Profile, uid_for
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from aar.sandboxes.warm_python.fork_server import ForkServer

class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))

assert listening(Program(1, bytes.fromhex("060000000000ff7f"))) is not None
server = ForkServer(Bubblewrap(), Profile(uid=uid_for("test denied")), ("json",))
code = "import os\\ndef main(a):\\n try: os.memfd_create('x')\\n except OSError as error: print(error.errno)"
with server.start(WarmCall("program", (), {"program.py": code}), Limits(), stdout=subprocess.PIPE) as process:
    said = process.stdout.read().decode().strip()
    print(process.wait(60), process.denied, said)
server.close()
"""


def test_where_somebody_else_listens_the_plain_filter_denies_and_nothing_is_known() -> None:
    done = subprocess.run([sys.executable, "-c", LISTENED], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "0 None 1", done.stderr


def test_a_provider_that_does_not_count_says_so() -> None:
    if not Sandlock().check().ok:
        pytest.skip("sandlock does not work here")
    with Sandlock().start([sys.executable, "-c", "pass"], Profile(uid=None)) as process:
        process.wait(SECONDS)
        assert process.denied is None


def test_the_daemons_folder_is_on_no_path_of_a_call(server: ForkServer) -> None:
    body = """
        import sys
        print([path for path in sys.path if path.startswith("/sandbox")], "warm_listener" in sys.modules)
    """
    assert ended(server, body) == (0, {}, "[] False")
