"""The trusted process around one sandlock sandbox: starts it, supervises it, and leaves nothing behind.

It runs alone as a file, with the standard library and sandlock. Its specification comes over a descriptor, so
the process list shows none of it. Sandlock closes inherited descriptors; so the program's descriptors travel
over a socket to a launcher inside, which puts them in place.

Sandlock keeps each process's folder itself. It copies the parent's when a process makes its first system call that
sandlock watches, and a process whose parent has ended by then has lost its folder: a background job of a shell that
ended at once. So a process is not let go before all its children are followed, or `PATIENCE_SECONDS` have passed.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import platform
import re
import select
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
EXIT_GROUP = {"x86_64": 231}.get(platform.machine(), 94)
PATIENCE_SECONDS = 0.5
LOOK_SECONDS = 0.002


def main(specification: "dict[str, Any]") -> int:
    """Run the sandbox to its end, or to the end of the parent; returns the exit status."""
    sys.path.append(specification["library"])
    over, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)  # a handler that took a lock could find it held
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # who started us had it wait for the handler
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans of the sandbox become ours, so none escapes
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != specification["parent"] or select.select([over], [], [], 0)[0]:
        return 137
    parent_end, child_end = socket.socketpair()
    given = [os.dup(0), *specification["pass_fds"]]
    os.dup2(child_end.fileno(), 0)
    child_end.close()
    status = 137

    def run() -> None:
        nonlocal status
        try:
            status = run_sandbox(specification["sandbox"], specification["launcher"])
        except BaseException:  # noqa: BLE001 - told on the error stream, as the interpreter would
            traceback.print_exc()
            status = 1
        os.write(end, b"0")

    threading.Thread(target=run, daemon=True).start()
    message = json.dumps(
        {key: specification[key] for key in ("argv", "env", "cwd", "limits", "filter")}
        | {"numbers": [0, *specification["pass_fds"], 1, 2]}
    ).encode()
    with parent_end:
        parent_end.sendall(len(message).to_bytes(4, "big"))
        socket.send_fds(
            parent_end, [message], [*given, 1, 2]
        )  # sandlock would keep what is printed for itself
        select.select([parent_end.fileno(), over], [], [])  # the launcher has them now, or there is none
    for descriptor in (0, *given):
        os.close(descriptor)
    os.read(over, 1)
    end_everything()
    return status


def run_sandbox(options: "dict[str, Any]", command: "list[str]") -> int:
    """Run `command` in a sandbox to its end; its exit status, 128 + signal if a signal ended it."""
    from sandlock import Sandbox
    from sandlock.handler import ExceptionPolicy, Handler, NotifAction

    class LetGo(Handler):  # type: ignore[misc]  # the library has no types
        """Answers each `exit_group`."""

        on_exception = ExceptionPolicy.CONTINUE

        async def handle(self, call: Any) -> NotifAction:
            await follow(children(call.pid))
            return NotifAction.continue_()

    result = Sandbox(**options).run_with_handlers(command, [(EXIT_GROUP, LetGo())])
    os.write(2, result.stderr)  # of the start alone: the program has streams of its own
    if result.error:
        os.write(2, f"{result.error}\n".encode())
        return 1
    if result.exit_code >= 0:
        return int(result.exit_code)
    return 128 + (int(result.signal) if result.signal and result.signal > 0 else signal.SIGKILL)


async def follow(processes: "list[int]") -> None:
    """Wait until sandlock follows each of these, has had the time to copy its folder, or patience is at an end."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while live := [process for process in processes if not has_ended(process)]:
        followed = watched().issuperset(live)
        if time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        if followed or time.monotonic() >= deadline:
            return


def watched() -> "set[int]":
    """The processes that sandlock follows: it holds a pidfd of each, and it lives in this process."""
    processes = set()
    for name in os.listdir("/proc/self/fdinfo"):  # noqa: PTH208 - as below
        with contextlib.suppress(OSError), open(f"/proc/self/fdinfo/{name}") as info:  # noqa: PTH123
            if match := re.search(r"^Pid:\t(\d+)$", info.read(), re.MULTILINE):
                processes.add(int(match[1]))
    return processes


def has_ended(pid: int) -> bool:
    """True if a process is gone, or about to be."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True


def end_everything() -> None:
    """Kill every process below this one, again and again until there is none."""
    deadline = time.monotonic() + 4
    while (below := descendants(os.getpid())) and time.monotonic() < deadline:
        for pid in below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def descendants(pid: int) -> "list[int]":
    """Every live process below `pid`."""
    started = children(pid)
    return [*started, *(below for child in started for below in descendants(child))]


def children(pid: int) -> "list[int]":
    """The processes that `pid`, or the process of this thread, has started and that have not been reaped."""
    started: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - runs while a fork bomb does
            with open(f"/proc/{pid}/task/{thread}/children") as line:  # noqa: PTH123
                started += map(int, line.read().split())
    return started


def read_all(descriptor: int) -> bytes:
    """The whole content behind a descriptor."""
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


if __name__ == "__main__":
    given = json.loads(read_all(int(sys.argv[1])))
    try:
        outcome = main(given)
    finally:
        shutil.rmtree(given["scratch"], ignore_errors=True)
    sys.stdout.flush()
    os._exit(outcome)  # the supervisor's threads need not be asked
