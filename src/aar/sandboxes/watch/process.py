"""A sandbox that runs: wait for it, end all of it, and learn why it ended.

Every provider gives one ordinary child of this process whose end means that the whole tree is gone.
One thread watches all sandboxes of this process and ends those that pass their limits.

Covered: each sandbox is asked every 50 ms whether anything of it ran (`rest`), is measured then and there if so, and
once a second if not. One that wakes is thus measured as soon as one that never slept: what it can take before is
what fits into one gap, whatever it did before.
Not covered: what it takes within a gap of 50 ms, or a longer one where the processors are busy. That is bounded by
the kernel: each process to twice the memory of the sandbox, all to a number of processes and size of files.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Protocol

from aar.sandboxes.profile import Limits
from aar.sandboxes.watch import disk
from aar.sandboxes.watch.rest import Rest
from aar.sandboxes.watch.tree import TreeUsage, members, usage

INTERVAL_SECONDS = 0.05
GRACE_SECONDS = 5.0


class OutermostProcess(Protocol):
    """The outermost process of a sandbox, as `subprocess.Popen` tells of it; a negative status is a signal."""

    pid: int
    stdin: IO[bytes] | None
    stdout: IO[bytes] | None
    stderr: IO[bytes] | None

    def poll(self) -> int | None: ...  # noqa: D102
    def wait(self) -> int: ...  # noqa: D102
    def kill(self) -> None: ...  # noqa: D102


class SandboxProcess:
    """One running sandbox; made by a provider's `start`.

    Attributes:
        pid: the host's number of the outermost process.
        stdin, stdout, stderr: the pipes to and from it that were asked for; the reader bounds what it keeps.
        reason: why it was ended from outside: "memory", "time", "cpu", "disk", "killed", or None.
        peak_memory_mb: largest resident memory seen, in steps of 50 ms; 0 if it ended sooner.
    """

    def __init__(
        self,
        child: OutermostProcess,
        limits: Limits,
        end: Callable[[], None],
        *,
        handle: int | None = None,
        init: int | None = None,
        outermost: int | None = None,
        stores: Sequence[Path] = (),
        denied: Callable[[], Mapping[str, int] | None] = lambda: None,
    ) -> None:
        """Watch `child`; `end` must end the whole tree below it.

        `handle` is one of the child, needed where another process is its parent; `init` one of a process that
        takes all others with it when it goes. Both are owned from here on. `outermost` is the process that the
        tree hangs from where that is not `child`; `stores` are the host folders that it can fill; `denied`
        tells the system calls that it was denied.
        """
        self._init = init
        self._child = child
        self._end = end
        self._denied = denied
        self._lock = threading.Lock()
        self._handle = os.pidfd_open(child.pid) if handle is None else handle
        self._started = time.monotonic()
        self.pid = child.pid if outermost is None else outermost
        self.stdin, self.stdout, self.stderr = child.stdin, child.stdout, child.stderr
        self.limits = limits
        self.reason: str | None = None
        self.peak_memory_mb = 0.0
        self._cpu_seconds = 0.0
        self._before = TreeUsage(0.0, 0.0, 0)
        self._rest = Rest(self.pid)
        self._stirred = threading.Event()
        _watch(self)
        if stores and (limits.disk_mb, limits.files) != (None, None):
            disk.watch(self, stores)

    def poll(self) -> int | None:
        """Exit status (128 + signal if a signal ended it), or None while it runs."""
        status = self._child.poll()
        return status if status is None or status >= 0 else 128 - status

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status; raises TimeoutError after `timeout` seconds."""
        if self.poll() is None:
            ready = select.poll()
            ready.register(self._handle, select.POLLIN)
            if not ready.poll(None if timeout is None else max(0, round(timeout * 1000))):
                raise TimeoutError(f"sandbox {self.pid} still runs after {timeout} s")
        self._child.wait()
        if self._init is not None:
            ready = select.poll()
            ready.register(self._init, select.POLLIN)
            ready.poll(round(GRACE_SECONDS * 1000))
        status = self.poll()
        assert status is not None
        return status

    async def ended(self) -> None:
        """Return once its outermost process has ended; the event loop goes on, and no thread waits."""
        handle = os.dup(self._handle)  # a loop knows one reader a descriptor, and others may wait, too
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(handle, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(handle)
            os.close(handle)

    def stirs(self) -> None:
        """Wait until something of it has run since this last returned, or it has ended."""
        self._stirred.wait()
        self._stirred.clear()

    def kill(self, reason: str = "killed") -> None:
        """End every process in the sandbox; when this returns, all are gone. Safe to call twice."""
        with self._lock:
            if self.poll() is not None:
                return
            self.reason = self.reason or reason
            self._end()
            try:
                self.wait(GRACE_SECONDS)
            except TimeoutError:
                self._child.kill()
                self.wait()

    def begin(self, limits: Limits) -> None:
        """Count from now on only, under `limits`: what it used until here was to get ready."""
        self._before = self.usage()
        self._cpu_seconds = self.peak_memory_mb = 0.0
        self._started, self.limits = time.monotonic(), limits

    def inspect(self) -> bool:
        """End the sandbox if it is over a limit, measured where something ran; whether it goes on.

        For the watching thread alone.
        """
        if self._rest.holds():
            if self._is_late():
                self.kill("time")
            return True
        if self.poll() is not None:
            self._stirred.set()
            return False
        limits, used = self.limits, self._measure(self._rest.look())
        if not self._rest.still:
            self._stirred.set()
        if used.memory_mb > limits.memory_mb:
            self.kill("memory")
        elif limits.cpu_seconds is not None and used.cpu_seconds > limits.cpu_seconds:
            self.kill("cpu")
        elif self._is_late():
            self.kill("time")
        return True

    def usage(self) -> TreeUsage:
        """Memory and number of its processes now; processor time so far (after its end, 50 ms may be missing)."""
        if self.poll() is not None:  # its number may be another process's by now
            return TreeUsage(0.0, self._cpu_seconds, 0)
        return self._measure(self.members())

    def _measure(self, processes: Sequence[int]) -> TreeUsage:
        before = self._before
        current = usage(processes, enough_mb=self.limits.memory_mb + before.memory_mb)
        memory_mb = max(0.0, current.memory_mb - before.memory_mb)
        self.peak_memory_mb = max(self.peak_memory_mb, memory_mb)
        self._cpu_seconds = max(self._cpu_seconds, current.cpu_seconds - before.cpu_seconds)
        return replace(current, memory_mb=memory_mb, cpu_seconds=self._cpu_seconds)

    def _is_late(self) -> bool:
        limit = self.limits.wall_seconds
        return limit is not None and time.monotonic() - self._started > limit

    @property
    def denied(self) -> Mapping[str, int] | None:
        """Count of denials of each system call, by name; None until its end, or if nobody counted (not zero)."""
        return self._denied() if self.poll() is not None else None

    def members(self) -> list[int]:
        """Host numbers of its processes, the outermost first."""
        return members(self.pid)

    def __enter__(self) -> SandboxProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def __del__(self) -> None:
        for handle in (getattr(self, "_handle", None), getattr(self, "_init", None)):
            if handle is not None:
                os.close(handle)


def spawn(
    argv: list[str], *, blocked: Iterable[signal.Signals] = (), **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child, with `blocked` signals kept waiting, from a thread that lives as long as this process.

    "Die with the parent" means the parent *thread*: a child started by a worker thread would die with it.
    """

    def start() -> subprocess.Popen[bytes]:
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        try:
            return subprocess.Popen(argv, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)

    return _spawner().submit(start).result()


_spawners: dict[int, ThreadPoolExecutor] = {}
_watched: dict[int, tuple[threading.Thread, set[SandboxProcess]]] = {}
_guard = threading.Lock()


def _spawner() -> ThreadPoolExecutor:
    with _guard:
        if os.getpid() not in _spawners:  # threads do not survive a fork
            _spawners[os.getpid()] = ThreadPoolExecutor(1, thread_name_prefix="sandbox-spawner")
        return _spawners[os.getpid()]


def _watch(process: SandboxProcess) -> None:
    with _guard:
        if os.getpid() not in _watched:
            thread = threading.Thread(target=_patrol, name="sandbox-watch", daemon=True)
            _watched[os.getpid()] = (thread, {process})
            thread.start()
        else:
            _watched[os.getpid()][1].add(process)


def _patrol() -> None:
    mine = os.getpid()
    while True:
        with _guard:
            current = list(_watched[mine][1])
        over = [process for process in current if not process.inspect()]
        with _guard:
            running = _watched[mine][1]
            running.difference_update(over)
            if not running:
                del _watched[mine]
                return
        time.sleep(INTERVAL_SECONDS)
