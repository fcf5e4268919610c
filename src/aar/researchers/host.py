"""`python -m aar.researchers.host MODEL...`: forks the researchers of one run, which share what it has imported.

The protocol is that of `aar.researchers.runtime.Hosted`. Nothing of a researcher is done here: no token is read, no
model made, no request sent, so that what a process is forked from holds nothing of another one.

Covered: each process is in a session of its own and dies with the host, also by SIGKILL, as the host dies with the
launcher; it has the descriptors that came with its request and no others; its random states are its own; signal
handlers are those of a fresh interpreter. Forking while another thread runs, or an event loop, could leave a lock held
for ever: both are looked for before every fork, and where there is one the command is executed anew, which costs
time and memory as it would without a host, and is said in the log. Not covered: the layout of addresses and the seed
of hashes, which all processes of one host share; a library that holds a connection, a file or a random state of its
own kind from its import on; what the processes share as one user: they may read each other's memory, as without a host.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import gc
import json
import logging
import os
import random
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import aar.researchers.__main__ as program
from aar import logs
from aar.processes import die_with_parent
from aar.researchers import imports
from aar.researchers.inspect_runtime import PROGRAM

logger = logging.getLogger("aar.researchers.host")

REQUEST_BYTES = 1 << 16
STARTED = b"started"
CODE = struct.Struct("!i")
PR_SET_NAME = 15
STREAMS = 3
"""Descriptors of a process: input, output, errors. As many come with a request: answers, input, output."""


@dataclass(frozen=True)
class Request:
    """One process that is asked for.

    Attributes:
        name: The researcher.
        command: What the process is to be.
        streams: Descriptors of its input, output and error stream.
    """

    name: str
    command: Sequence[str]
    streams: tuple[int, int, int]


@dataclass(frozen=True)
class Forked:
    """A process that was started: its number, a handle of it, and where its end is told."""

    pid: int
    handle: int
    answers: socket.socket


class Host:
    """Starts what it is asked for, and tells of each end, until nobody can ask any more."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._forked: dict[int, Forked] = {}
        self._ready = select.poll()
        self._ready.register(control, select.POLLIN)
        # libraries may have made generators of their own; frozen objects are not found any more
        self._generators = [thing for thing in gc.get_objects() if issubclass(type(thing), random.Random)]

    def serve(self) -> None:
        """Returns when the other end of the socket is closed."""
        while True:
            for number, _ in self._ready.poll():
                if number in self._forked:
                    self._tell_end(number)
                elif not self._start_next():
                    return

    def _start_next(self) -> bool:
        """Start what the next request asks for; False if there will be none."""
        message, numbers, _, _ = socket.recv_fds(self._control, REQUEST_BYTES, STREAMS)
        if not message:
            return False
        asked = json.loads(message)
        answers, streams = socket.socket(fileno=numbers[0]), numbers[1:]
        request = Request(asked["name"], asked["command"], (streams[0], streams[1], streams[1]))
        reason = why_not()
        if reason:
            logger.warning("%s is not forked, but started anew: %s", request.name, reason)
        try:
            forked = self._fork(request, _execute if reason else self._research, answers)
        except OSError as error:
            os.write(
                streams[1], f"{type(error).__name__}: {error}\n".encode()
            )  # as the last words of a process
            _send(answers, CODE.pack(1))
            answers.close()
        else:
            self._forked[forked.handle] = forked
            self._ready.register(forked.handle, select.POLLIN)
            _send(answers, STARTED, forked.handle)
        for number in streams:
            os.close(number)
        return True

    def _fork(self, request: Request, be: Callable[[Request], NoReturn], answers: socket.socket) -> Forked:
        """Raises `OSError` where there is no room for one more process."""
        host = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            try:
                for held in (self._control, answers, *(other.answers for other in self._forked.values())):
                    held.detach()  # their numbers are closed, and used again
                _leave_behind(request, host)
                be(request)
            finally:  # nothing of the host runs on
                os._exit(1)
        try:
            return Forked(pid, os.pidfd_open(pid), answers)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise

    def _research(self, request: Request) -> NoReturn:
        """Be the researcher, as a fresh process would be."""
        for generator in self._generators:
            generator.seed()
        gc.enable()
        sys.modules["__main__"] = program
        sys.argv = [str(program.__file__), *request.command[len(PROGRAM) :]]
        code: object = 1
        try:
            code = program.main(sys.argv[1:])
        except SystemExit as error:
            code = error.code
        except BaseException:  # noqa: BLE001  as the interpreter itself would
            traceback.print_exc()
        _leave(code if isinstance(code, int) else int(code is not None))

    def _tell_end(self, handle: int) -> None:
        self._ready.unregister(handle)
        forked = self._forked.pop(handle)
        code = os.waitstatus_to_exitcode(os.waitpid(forked.pid, 0)[1])
        os.close(handle)
        with forked.answers as answers:
            _send(answers, CODE.pack(code))


def _send(answers: socket.socket, packet: bytes, *handles: int) -> None:
    with contextlib.suppress(OSError):  # nobody waits for it any more
        socket.send_fds(answers, [packet], handles)


def why_not() -> str:
    """What makes a fork unsafe now; empty if nothing does."""
    threads = len(os.listdir("/proc/self/task")) - 1  # noqa: PTH208  threads of libraries, too
    if threads:
        named = ", ".join(thread.name for thread in threading.enumerate()[1:])
        return f"the imports left {threads} threads running ({named or 'none of Python'})"
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return ""
    return "an event loop runs"


def _leave_behind(request: Request, host: int) -> None:
    """Leave the host's session, its descriptors and its name behind, but not its fate."""
    die_with_parent()
    if os.getppid() != host:
        os._exit(1)  # it died before it could take us with it
    os.setsid()
    for number, source in enumerate(request.streams):
        os.dup2(source, number)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  the one that lists them is in the list, too
        if int(name) >= STREAMS:
            with contextlib.suppress(OSError):
                os.close(int(name))
    # in lists of processes all have the host's command line
    ctypes.CDLL(None).prctl(PR_SET_NAME, f"aar {request.name}".encode()[:15], 0, 0, 0)


def _execute(request: Request) -> NoReturn:
    os.execv(request.command[0], list(request.command))


def _leave(code: int) -> NoReturn:
    """End as an interpreter does, but for the taking apart of its modules, which would copy every shared page."""
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads, and ends pools of them
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


def main(models: Sequence[str]) -> int:
    """Import, and serve."""
    logs.set_up()
    with socket.socket(fileno=0) as control:
        os.close(os.pidfd_open(os.getpid()))  # raises where the kernel has none
        gc.disable()
        imports.for_models(models)
        host = Host(control)
        gc.collect()
        gc.freeze()  # a collection in a forked process would copy every page that holds an object
        logger.info("ready: %s modules are shared", len(sys.modules))
        host.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
