"""The processes of one run: started, watched, started again when they die, gone when we go."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from aar.launch.restarts import Deaths
from aar.processes import die_with_parent, environment, last_line


class Process(Protocol):
    """Process with the methods that `subprocess.Popen` and a sandboxed process share."""

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        ...

    def kill(self) -> None:
        """End it, and whatever it started."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A process of ours that can be asked to end, too."""

    def terminate(self) -> None:
        """Ask it to end."""
        ...


@runtime_checkable
class Lost(Protocol):
    """A process that ends when the one that it was forked from does."""

    lost: bool


Starter = Callable[[BinaryIO], Process]
"""Starts a process whose output goes to the given file."""


@dataclass
class Child:
    """One process of the run, with its starter; `aar.launch.restarts` says how often it may die.

    Attributes:
        name: Name of the process.
        start_it: Starts the process.
        log: File that its output is appended to.
        starts: Number of its starts.
        deaths: When it died.
        process: The process; None before its start.
        killed_for: Why it was ended by us, in words; empty where it was not.
        waits_until: Time before which it is not started again, in monotonic seconds; None if it need not wait.
    """

    name: str
    start_it: Starter
    log: Path
    starts: int = 0
    deaths: Deaths = field(default_factory=Deaths)
    process: Process | None = None
    killed_for: str = ""
    waits_until: float | None = None
    _noted: bool = False

    def start(self) -> None:
        """Start the process; `OSError` where it cannot be, or the folder of its log is in no run folder."""
        self.log.parent.mkdir(exist_ok=True)
        with self.log.open("ab") as output:
            self.process = self.start_it(output)
        self.starts += 1
        self.waits_until, self._noted, self.killed_for = None, False, ""

    def start_later(self) -> bool:
        """Have it started again after a pause that grows with its deaths; whether the pause is over."""
        now = time.monotonic()
        self._note_death(now)
        if self.waits_until is None:
            self.waits_until = now + self.deaths.pause(now)
        return now >= self.waits_until

    def not_started(self) -> None:
        """A start failed: it counts as a death, and the next try comes later."""
        self.deaths.add(time.monotonic())
        self.waits_until = None

    @property
    def lost(self) -> bool:
        """True if it ended with the host that it was forked from, and not by itself."""
        return self.code() is not None and isinstance(self.process, Lost) and self.process.lost

    def code(self) -> int | None:
        """Exit code, or None while it runs or before it was started."""
        return None if self.process is None else self.process.poll()

    def may_restart(self) -> bool:
        """True if the process died too rarely to be given up."""
        now = time.monotonic()
        self._note_death(now)
        return not self.deaths.too_many(now)

    def _note_death(self, now: float) -> None:
        """Note that it is dead, once for each start."""
        if self.code() is not None and not self._noted:
            self.deaths.add(now)
            self._noted = True

    def ask(self) -> None:
        """Ask it to end by itself."""
        if self.process is not None and self.process.poll() is None and isinstance(self.process, Asked):
            self.process.terminate()

    def stop(self, why: str = "") -> None:
        """End it; what counts is in the database, so nothing is lost by being quick. `why` is for people."""
        self.killed_for = why
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def tail(self) -> str:
        """The last line that it printed."""
        return last_line(self.log)


def plain(
    argv: Sequence[str], *, secret: str = "", keys: bool = False, pass_fds: Sequence[int] = ()
) -> Starter:
    """Starter of a trusted process without a sandbox; the process dies with us, even by `kill -9`.

    `secret` is one line on its standard input, so that neither arguments nor environment show it. With
    `keys` it gets the whole environment (a researcher needs its provider's key). It inherits `pass_fds`. It is in a
    session of its own: Ctrl-C reaches us alone, and we ask it to end in good order.
    """

    def start(output: BinaryIO) -> Process:
        process = begun(argv, stdin=subprocess.PIPE, output=output, keys=keys, pass_fds=pass_fds)
        assert process.stdin is not None
        try:
            process.stdin.write(secret.encode() + b"\n")
            process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once: the watcher sees that, and the log says why
        return process

    return start


def begun(
    argv: Sequence[str],
    *,
    stdin: int,
    output: BinaryIO,
    keys: bool,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """A process that dies with us, in a session of its own."""
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=output,
        stderr=output,
        env=dict(os.environ) if keys else environment(),
        cwd="/",
        pass_fds=tuple(pass_fds),
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
