"""The launcher's side of a host: it is started as any process, and asked for researchers (`aar.researchers.Hosted`).

Nobody is waited for. A request lies in the socket until the host has imported what it needs, so that researchers may be
asked for as soon as the host is started; a signal for one that is not there yet is kept until it is.

Covered: a token goes from here to its researcher through a pipe that the host passes on unread; a signal reaches the
process that it is meant for, or none, since the kernel's handle of it is used and no number; a host that dies leaves
nobody behind: the kernel kills what it forked, and only what is gone counts as ended. a host that hangs is noticed by
the answer that it owes, to a request or about a process that has ended. Time counts as silence only while somebody
looks, so that a laptop that sleeps, or a container that is paused, is not taken for a hang. Not covered: a host that
hangs while nobody needs it, which harms nobody until then.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO

from aar.durations import duration
from aar.launch.children import Process, Starter, begun

CODE = struct.Struct("!i")
READY_SECONDS = 300.0
"""Time for a host's imports, on a busy machine and a slow disk; so short that one which never gets ready is given up
within the window of `aar.launch.restarts`."""
ANSWER_SECONDS = 60.0
"""Time for an answer of a host that has answered before; it takes milliseconds."""
MOST_STEP_SECONDS = 5.0
"""Between two looks; what is longer was nobody's time, but a sleep."""


class Forked:
    """A process that a host forks.

    Attributes:
        lost: Whether the host ended before it told how this one had ended.
    """

    def __init__(self, answers: socket.socket, heard: Callable[[], None]) -> None:
        """`heard` is called with each word of the host."""
        self.lost = False
        answers.setblocking(False)
        self._answers = answers
        self._heard = heard
        self._handle: int | None = None
        self._code: int | None = None
        self._wanted: signal.Signals | None = None

    def poll(self) -> int | None:
        """Exit code, or None while it runs or is not forked yet."""
        while self._code is None:
            try:
                packet, handles, _, _ = socket.recv_fds(self._answers, 16, 1)
            except BlockingIOError:
                break
            except ConnectionError:
                packet, handles = b"", []
            if packet:
                self._heard()
            if handles:
                self._handle = handles[0]
                os.set_inheritable(self._handle, False)
                self._send()
            elif len(packet) == CODE.size:
                self._end(CODE.unpack(packet)[0])
            else:  # the host is gone, and the kernel kills what it forked
                self.lost = True
                if not self._gone():
                    break
                self._end(-signal.SIGKILL)
        return self._code

    @property
    def waits_for_host(self) -> bool:
        """True if the host has to say that it has begun, or that it has ended."""
        return self.poll() is None and self._gone()

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal, now or as soon as there is a process."""
        if self.poll() is None:
            self._wanted = number
            self._send()

    def _send(self) -> None:
        if self._handle is not None and self._wanted is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, self._wanted)

    def _gone(self) -> bool:
        """True if the kernel says so, or if it was never heard of."""
        if self._handle is None:
            return True
        ready = select.poll()
        ready.register(self._handle, select.POLLIN)
        return bool(ready.poll(0))

    def _end(self, code: int) -> None:
        self._code = code
        self._answers.close()
        if self._handle is not None:
            os.close(self._handle)


class Hosting:
    """A host, which may be started time and again, and the starters of what it forks."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        ready_seconds: float = READY_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._command = command
        self._control: socket.socket | None = None
        self._ready_seconds, self._answer_seconds = ready_seconds, answer_seconds
        self._forked: list[Forked] = []
        self._ready = False
        self._silent, self._looked = 0.0, 0.0

    def start(self, output: BinaryIO) -> Process:
        """Start the host itself; it gets the providers' keys, since researchers inherit them."""
        self.close()
        self._forked, self._ready, self._silent = [], False, 0.0
        self._control, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        with other_end:
            return begun(self._command, stdin=other_end.fileno(), output=output, keys=True)

    def starter(self, name: str, command: Sequence[str], *, secret: str) -> Starter:
        """Starter of a process that is as if `command` had been executed, with `secret` as a line on its input."""

        def start(output: BinaryIO) -> Process:
            assert self._control is not None
            answers, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            line, writer = os.pipe()
            try:
                with other_end, os.fdopen(writer, "wb") as stream:
                    stream.write(secret.encode() + b"\n")
                    stream.flush()
                    request = json.dumps({"name": name, "command": list(command)}).encode()
                    given = [other_end.fileno(), line, output.fileno()]
                    with contextlib.suppress(ConnectionError):  # a host that is gone: the answers end at once
                        socket.send_fds(self._control, [request], given)
            except BaseException:
                answers.close()
                raise
            finally:
                os.close(line)
            self._forked.append(Forked(answers, self._heard))
            return self._forked[-1]

        return start

    def hangs(self) -> str:
        """How long the host has owed an answer, in words, if that is too long; empty while it is well.

        To be called every few seconds.
        """
        now = time.monotonic()
        passed, self._looked = now - self._looked, now
        self._forked = [one for one in self._forked if one.poll() is None]
        if not any(one.waits_for_host for one in self._forked):
            self._silent = 0.0
            return ""
        self._silent += min(passed, MOST_STEP_SECONDS)
        if self._silent <= (self._answer_seconds if self._ready else self._ready_seconds):
            return ""
        return f"{'no answer' if self._ready else 'not ready'} for {duration(self._silent)}"

    def _heard(self) -> None:
        self._ready, self._silent = True, 0.0

    def close(self) -> None:
        """Ask for nothing more, which ends the host."""
        if self._control is not None:
            self._control.close()
            self._control = None
