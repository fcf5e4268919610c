"""The listener counts denied system calls: the kernel asks it about each one that the filter refuses.

`warm_daemon` loads this file, which is mounted beside it, before anything of a call runs. Standard library only.

Covered: every refusal of the filter that asks, by any process or thread of the call, in a flood too (it is slower
for its caller only, and beyond `MOST` calls are refused and no longer counted); callers that are killed meanwhile.
Who is refused sees what the plain filter says. Not covered: a call that its caller forbids itself by a filter of its
own, which is refused before anybody is asked; what a container around the lab refuses first. Kernels without
listeners, or where somebody else listens already: then nothing is known, and the plain filter refuses.
"""

import ctypes
import errno
import fcntl
import os
import struct
import threading
from collections import Counter

SECCOMP = {"x86_64": 317, "aarch64": 277}
SET_FILTER, NEW_LISTENER = 1, 8
RECEIVE, ANSWER = 0xC0502100, 0xC0182101
QUESTION, REPLY = struct.Struct("=Q8xi60x"), struct.Struct("=QqiI")  # id and number; id, value, error, flags
NUMBER = struct.Struct("=i")
LISTENS = -1
MOST = 1000
"""Calls that are counted of one call: with `LISTENS` they fit into a page, the least that a pipe holds unread."""


def listening(program: ctypes.Structure) -> "int | None":
    """Install a filter that asks, and give its listener; None, and no filter, where the kernel has none to give."""
    libc = ctypes.CDLL(None, use_errno=True)
    listener: int = libc.syscall(SECCOMP[os.uname().machine], SET_FILTER, NEW_LISTENER, ctypes.byref(program))
    return listener if listener >= 0 else None


def start_refusing(listener: int, pipe: int) -> None:
    """Say no to whatever the kernel asks from now on, in a thread that ends with this process.

    The number of each call goes to `pipe` before its caller goes on, so that no end of it loses any.
    """
    os.write(pipe, NUMBER.pack(LISTENS))
    threading.Thread(target=refuse_all, args=(listener, pipe), daemon=True).start()


def refuse_all(listener: int, pipe: int) -> None:
    """Never waits for anybody but the kernel; if it ever ends, the kernel refuses, as calls that are "not there"."""
    counted = 0
    with os.fdopen(listener, "rb", buffering=0):
        while True:
            question = bytearray(QUESTION.size)
            try:
                fcntl.ioctl(listener, RECEIVE, question)
                asked, number = QUESTION.unpack(question)
                if counted < MOST:
                    os.write(pipe, NUMBER.pack(number))
                    counted += 1
                fcntl.ioctl(listener, ANSWER, bytearray(REPLY.pack(asked, 0, -errno.EPERM, 0)))
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.EINTR):  # ENOENT: the caller was killed
                    raise


def counts(pipe: int) -> "dict[int, int] | None":
    """Count of each reported number, once no process writes any more; None if nobody listened."""
    with os.fdopen(pipe, "rb") as reader:
        numbers = [number for (number,) in NUMBER.iter_unpack(reader.read())]
    return dict(Counter(numbers[1:])) if numbers else None
