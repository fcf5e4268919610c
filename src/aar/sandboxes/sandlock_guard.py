"""The trusted process around one sandlock sandbox: starts it, supervises it, and leaves nothing behind.

It runs alone as a file, with the standard library and sandlock. Its specification comes over a descriptor, so
the process list shows none of it. Sandlock closes inherited descriptors; so the program's descriptors travel
over a socket to a launcher inside, which puts them in place.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time
from typing import Any

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main(specification: "dict[str, Any]") -> int:
    """Run the sandbox to its end, or to the end of the parent; returns the exit status."""
    sys.path.append(specification["library"])
    from sandlock import Sandbox

    over, end = os.pipe()
    os.set_blocking(end, False)
    signal.set_wakeup_fd(end, warn_on_full_buffer=False)  # a handler that took a lock could find it held
    signal.signal(signal.SIGTERM, lambda *_: None)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans of the sandbox become ours, so none escapes
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != specification["parent"]:
        return 137
    ours, theirs = socket.socketpair()
    given = [os.dup(0), *specification["pass_fds"]]
    os.dup2(theirs.fileno(), 0)
    theirs.close()
    process = Sandbox(**specification["sandbox"]).popen(specification["launcher"])
    message = json.dumps(
        {key: specification[key] for key in ("argv", "env", "cwd", "limits", "filter")}
        | {"numbers": [0, *specification["pass_fds"]]}
    ).encode()
    with ours:
        ours.sendall(len(message).to_bytes(4, "big"))
        socket.send_fds(ours, [message], given)
    for descriptor in (0, *given):
        os.close(descriptor)
    status = 137

    def wait() -> None:
        nonlocal status
        result = process.wait()
        status = (
            result.exit_code
            if result.exit_code >= 0
            else 128 + (int(result.signal) if result.signal and result.signal > 0 else signal.SIGKILL)
        )
        os.write(end, b"0")

    threading.Thread(target=wait, daemon=True).start()
    os.read(over, 1)
    end_everything()
    return status


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
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - runs while a fork bomb does
            with open(f"/proc/{pid}/task/{thread}/children") as children:  # noqa: PTH123
                found += map(int, children.read().split())
    return [*found, *(below for child in found for below in descendants(child))]


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
