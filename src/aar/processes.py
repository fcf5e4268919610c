"""Processes of our own: how they are started, what they get of our environment, and what they said last."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from aar import logs

PR_SET_PDEATHSIG = 1
TAIL_BYTES = 2000
PLAIN_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR", "USER", logs.VARIABLE)
"""Variables that the lab's own processes get from our environment; providers' keys go to researchers alone."""


def last_line(log: Path) -> str:
    """The last line of a log, fit for a terminal: it may hold what an agent wrote."""
    if not log.exists():
        return "it printed nothing"
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return printable_line(stream.read().decode("utf-8", errors="replace")) or "it printed nothing"


def printable_line(output: str) -> str:
    """The last line of what a process printed that is not empty, fit for a terminal.

    >>> printable_line("Traceback\\nValueError: \\x1b[31mno\\n\\n")
    'ValueError: [31mno'
    """
    last = next((line.strip() for line in reversed(output.split("\n")) if line.strip()), "")
    return "".join(letter for letter in last if letter.isprintable())


def environment() -> Mapping[str, str]:
    """The environment of the lab's own processes: where things are, one thread each, no keys."""
    kept = {name: os.environ[name] for name in PLAIN_ENVIRONMENT if name in os.environ}
    return {**kept, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def reach_loopback_directly() -> None:
    """Have every library of this process, and its children, reach this machine without a proxy.

    A proxy that a person has set for the outside must not hear of our tokens, nor of a model that answers here.
    """
    for name in ("no_proxy", "NO_PROXY"):
        known = [host for host in os.environ.get(name, "").split(",") if host.strip()]
        os.environ[name] = ",".join([*known, *(host for host in LOOPBACK if host not in known)])


def python(module: str, *arguments: str) -> list[str]:
    """Command that runs `module` with this interpreter.

    -P: the current folder is not searched for modules. It may hold a stranger's `random.py`, which would
    otherwise be run here, outside any sandbox.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
