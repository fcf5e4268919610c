"""The processes of one run: started, watched, started again when they die, gone when we go."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
TAIL_BYTES = 4000


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, even by `kill -9` (Linux; else nothing)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@dataclass
class Child:
    """One trusted process of the run and how to start it again.

    `secret` is written to its standard input and to nowhere else: neither arguments nor environment show it.
    """

    name: str
    argv: Sequence[str]
    log: Path
    secret: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    starts: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; its output is appended to `log`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.argv),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env={**_environment(), **self.env},
                preexec_fn=die_with_parent,  # noqa: PLW1509  (no threads are started before)
            )
        self.starts += 1
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(self.secret.encode() + b"\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once: the watcher sees that, and the log says why

    def code(self) -> int | None:
        """Exit code, or None while it runs."""
        return None if self.process is None else self.process.poll()

    def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Ask it to end, then make it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self) -> str:
        """The last lines that it printed."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as stream:
            stream.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
            return stream.read().decode("utf-8", errors="replace").strip()


def python(module: str, *arguments: str) -> list[str]:
    """Command that runs `module` with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def _environment() -> dict[str, str]:
    """What trusted children get: the path to things, one thread each, and providers' keys for researchers."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def wait_until(condition: object, *, seconds: float, every: float = 0.1) -> bool:
    """True as soon as `condition()` is true, False after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(every)
    return False
