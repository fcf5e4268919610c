"""What waiting costs: an engine with two idle slots, and one idle workspace, in percent of one core.

    python benchmarks/idle.py
    python benchmarks/idle.py --provider sandlock --seconds 60

Each is started, left alone for a while to come to rest, and then measured over `--seconds` by the kernel's own count
of processor time: the host process (this one, which watches the sandboxes) and everything below it. Beside them stands
a named alternative, a bare Python process that wakes twenty times a second, looks at the clock and sleeps again: what
any watcher costs that only wakes up as often as this one does. Goal: lab, launcher, scorer and waiting researchers
together below 5 % of a core.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from engine import lab

from aar.engines.local import LocalEngine
from aar.sandboxes import Provider, Workspace, choose, uid_for

WAKING = "import time\nwhile True: time.monotonic(); time.sleep(0.05)"
SETTLE_SECONDS = 5.0
ITEMS = 96


@dataclass(frozen=True)
class Idle:
    """Percent of one core that a host process used, that all processes below it used, and how many those are."""

    host: float
    children: float
    processes: int

    @property
    def total(self) -> float:
        """Both together."""
        return self.host + self.children


def spent_ns(pid: int) -> int:
    """Processor time of a process so far; a clock of the kernel, since ticks of 10 ms are too coarse for this."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return 0


async def measured(seconds: float) -> Idle:
    """What this process and those below it use while it does nothing but wait."""
    await asyncio.sleep(SETTLE_SECONDS)
    me, below = os.getpid(), [process.pid for process in psutil.Process().children(recursive=True)]
    before, began = {pid: spent_ns(pid) for pid in (me, *below)}, time.monotonic()
    await asyncio.sleep(seconds)
    # ns to percent: 1e9 of a second, times 100
    used = {pid: (spent_ns(pid) - before[pid]) / (time.monotonic() - began) / 1e7 for pid in before}
    return Idle(used.pop(me), sum(used.values()), len(used))


@asynccontextmanager
async def two_slots(provider: Provider) -> AsyncIterator[None]:
    """The local engine with two slots: two student services, and two processes that methods start from."""
    with lab(ITEMS) as folders:
        engine = LocalEngine(provider, folders, slots=2, testbed="mini-chat")
        await engine.start()
        try:
            yield
        finally:
            await engine.stop()


@asynccontextmanager
async def workspace(provider: Provider) -> AsyncIterator[None]:
    """A researcher's workspace with a thousand files, which has run one command."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        async with Workspace(provider, Path(made) / "r1", uid_for("idle benchmark")) as room:
            await room.exec(["sh", "-c", "for n in $(seq 1000); do echo $n > file$n; done"])
            yield


@asynccontextmanager
async def nothing(_: Provider) -> AsyncIterator[None]:
    """No sandbox at all."""
    yield


@asynccontextmanager
async def waking(_: Provider) -> AsyncIterator[None]:
    """The alternative: a bare process that only wakes up."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", WAKING]) as process:
        yield
        process.kill()


async def sample(
    what: Callable[[Provider], AbstractAsyncContextManager[None]], provider: Provider, seconds: float
) -> Idle:
    """One row of the table."""
    async with what(provider):
        return await measured(seconds)


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--provider", help="default: the first that works here")
    settings = parser.parse_args()
    provider, load = choose(settings.provider), os.getloadavg()[0]
    bare = asyncio.run(sample(waking, provider, settings.seconds))
    rows = {
        "bare Python process that wakes 20 times a second": Idle(bare.children, 0.0, 0),
        "nothing (the host process alone)": asyncio.run(sample(nothing, provider, settings.seconds)),
        "engine, two idle slots": asyncio.run(sample(two_slots, provider, settings.seconds)),
        "workspace, idle, 1000 files": asyncio.run(sample(workspace, provider, settings.seconds)),
    }
    print(f"# What waiting costs\n\n    python benchmarks/idle.py {' '.join(sys.argv[1:])}".rstrip() + "\n")
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {platform.machine()}, Linux {platform.release()}, "
        f"{provider.check().detail}; over {settings.seconds:g} s each; load before: {load:.1f}.\n"
    )
    print("| waiting | host, % of a core | its processes, % | processes | / bare waking process |")
    print("|---|---|---|---|---|")
    for name, row in rows.items():
        ratio = row.total / bare.children
        print(f"| {name} | {row.host:.2f} | {row.children:.2f} | {row.processes} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
