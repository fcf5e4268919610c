"""What waiting researchers cost the lab and its launcher, and how soon an author sees its verdict.

    python benchmarks/waiting.py
    python benchmarks/waiting.py --researchers 3 --seconds 60 --verdicts 50

A real launcher starts a real lab with its engine and its scorer. The researchers are clients that wait, as
`wait_for_news` does. First everything that computes (trainings, services, methods) is stopped by SIGSTOP. Then the
processor time of the lab's and the launcher's own process is read from the kernel's clocks before and after
`--seconds`. Goal: both together below 2 % of a core.

Then this process writes verdicts into the lab's database, as the scorer does: over a connection of its own. It measures
the time from each commit until the author's hanging request for that submission has its answer, once while nothing
else happens and once while others commit twenty times a second. Goal: below 0.3 s.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from aar import database, ledger
from aar.database import Database, progress
from aar.database.figures import Figures
from aar.database.progress import Activity
from aar.folder import LabFolder
from aar.launch.launch import Launch
from aar.launch.run_folder import make
from aar.researchers.lab_client import LabClient
from aar.settings import Settings, settings_of

SETTLE_SECONDS = 5.0
COMMITS_A_SECOND = 20.0
COMPUTES = ("aar.scoring references", "aar.students", "w2s.runner", "warm_daemon", "fork_server")
METHOD = "def run(bench):\n    return bench.strong().predict(bench.test)\n"


class Quiet:
    """A display that shows nothing."""

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None: ...
    def update(self, status: dict[str, object]) -> None: ...
    def tick(self) -> None: ...
    def say(self, line: str) -> None:
        print(line, file=sys.stderr)


class Waiting(Launch):
    """A launch whose researchers are elsewhere: their tokens are kept in a file."""

    def _add_researcher(self, name: str, token: str) -> None:
        path = self.folder.path / "tokens.json"
        tokens = json.loads(path.read_text()) if path.exists() else {"url": self.url}
        path.write_text(json.dumps({**tokens, name: token}))


def launch(folder: LabFolder) -> None:
    """The launcher's process."""
    settings = settings_of(folder)
    with Waiting(folder, settings, Quiet()) as running:
        running.prepare()
        running.start(directions={f"r{i + 1}": "wait" for i in range(settings.researchers)})
        (folder.path / "started").touch()
        for _ in running.watch():
            pass


@dataclass(frozen=True)
class Seen:
    """Seconds from a commit until its author's request was answered: the median and the largest of `n`."""

    n: int
    median: float
    most: float


def spent_ns(pid: int) -> int:
    """Processor time of a process so far; a clock of the kernel, since ticks of 10 ms are too coarse for this."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def stop_computing(launcher: int) -> None:
    """Stop whatever trains or runs, so that nothing is committed."""
    for process in psutil.Process(launcher).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(words in " ".join(process.cmdline()) for words in COMPUTES):
                process.suspend()


async def shares(launcher: int, seconds: float) -> dict[str, float]:
    """Percent of a core that lab, launcher and scorer use."""
    pids = {"launcher": launcher}
    for process in psutil.Process(launcher).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            if "aar.api" in line:
                pids["lab"] = process.pid
            elif "aar.scoring serve" in line and "bwrap" not in line and "setpriv" not in line:
                pids["scorer"] = process.pid
    before, began = {name: spent_ns(pid) for name, pid in pids.items()}, time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    # ns to percent: 1e9 of a second, times 100
    return {name: (spent_ns(pid) - before[name]) / passed / 1e7 for name, pid in pids.items()}


async def latency(client: LabClient, store: Database, *, count: int, first: int, busy: bool) -> Seen:
    """How long `count` verdicts take to their author."""
    stopping = asyncio.Event()

    async def chatter() -> None:
        while not stopping.is_set():
            await asyncio.to_thread(note, store)
            await asyncio.sleep(1 / COMMITS_A_SECOND)

    noise = asyncio.create_task(chatter()) if busy else None
    took = []
    for number in range(first, first + count):
        code = {"method.py": METHOD + f"# {number}\n"}
        made = await client.submit(code, title=f"method {number}", summary="", parents=[], claim="")
        name = str(made["submission"])
        wait = asyncio.create_task(client.submission(name, wait_s=60.0))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(decide, store, name)
        committed = time.monotonic()
        assert (await wait)["status"] == "no_improvement"
        took.append(time.monotonic() - committed)
    stopping.set()
    if noise is not None:
        await noise
    return Seen(len(took), statistics.median(took), max(took))


def note(store: Database) -> None:
    """A commit that concerns nobody who waits for a verdict."""
    with store.write() as tx:
        progress.add(tx, "r1", Activity.THINKING, "")


def decide(store: Database, submission: str) -> None:
    """A verdict, as the scorer writes it."""
    with store.write() as tx:
        ledger.record_verdict(
            tx, submission, stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=1, n=1)
        )


async def measure(
    folder: LabFolder, launcher: int, *, seconds: float, verdicts: int
) -> tuple[dict[str, float], dict[str, Seen]]:
    """Shares of a core, and latencies by condition."""
    tokens = json.loads((folder.path / "tokens.json").read_text())
    url = tokens.pop("url")
    clients = [LabClient(url, token) for token in tokens.values()]

    async def wait(client: LabClient) -> None:
        while True:
            await client.news(wait_s=3600)

    waits = [asyncio.create_task(wait(client)) for client in clients]
    stop_computing(launcher)
    await asyncio.sleep(SETTLE_SECONDS)
    used = await shares(launcher, seconds)
    author, store = LabClient(url, next(iter(tokens.values()))), database.open(folder.database)
    seen = {
        "nothing else happens": await latency(author, store, count=verdicts, first=0, busy=False),
        f"{COMMITS_A_SECOND:g} commits a second": await latency(
            author, store, count=verdicts, first=verdicts, busy=True
        ),
    }
    for task in waits:
        task.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    for client in (*clients, author):
        await client.close()
    store.close()
    return used, seen


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--researchers", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--verdicts", type=int, default=20)
    parser.add_argument("--launch", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.launch:
        launch(LabFolder(options.launch))
        return
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        folder = LabFolder(Path(made) / "run")
        make(folder, Settings(researchers=options.researchers, submissions=1000, queued=100_000))
        load = os.getloadavg()[0]
        process = subprocess.Popen([sys.executable, __file__, "--launch", str(folder.path)])
        try:
            while not (folder.path / "started").exists():
                if process.poll() is not None:
                    sys.exit("the launcher ended")
                time.sleep(0.2)
            used, seen = asyncio.run(
                measure(folder, process.pid, seconds=options.seconds, verdicts=options.verdicts)
            )
        finally:
            below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.kill()
            for child in below:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.send_signal(signal.SIGKILL)
            process.wait()
    print(
        f"# What waiting costs the lab\n\n    python benchmarks/waiting.py {' '.join(sys.argv[1:])}".rstrip()
    )
    print(
        f"\n{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {platform.machine()}, Linux {platform.release()}; "
        f"{options.researchers} researchers wait; over {options.seconds:g} s; load before: {load:.1f}.\n"
    )
    print("| process | % of a core |\n|---|---|")
    for name, share in sorted(used.items()):
        print(f"| {name} | {share:.2f} |")
    print(f"| **lab and launcher** | **{used['lab'] + used['launcher']:.2f}** |\n")
    print("| meanwhile | verdicts | from the commit to its author, median s | largest s |\n|---|---|---|---|")
    for condition, latencies in seen.items():
        print(f"| {condition} | {latencies.n} | {latencies.median:.3f} | {latencies.most:.3f} |")


if __name__ == "__main__":
    main()
