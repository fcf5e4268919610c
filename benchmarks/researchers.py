"""What starting researchers costs: each as a process of its own, or forked from one host.

    python benchmarks/researchers.py
    python benchmarks/researchers.py --researchers 9 --rounds 3

The runtime named "inspect" is started in both ways by the launcher's own code, one after the other in every round, so
that both meet the same machine; the order changes from round to round. The lab and the provider are the tests' doubles,
on real ports. A round with `anthropic/...` ends its start when the provider has heard from every researcher, and keeps
them waiting for its answer while they are measured; one with the embedded policy stops each by SIGSTOP as soon as it
has said what it does first. Then it is measured how long that took since the start, how much processor time they and
their host have used (their sandboxes not), and their memory: RSS, and PSS, which counts a shared page once (the host's
is divided among them). With the provider it is measured again after `--turns` answers each. "Anew" stands for how
researchers were started before there was a host. Goal: PSS below 150 MB a researcher.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "aar"))

from fake_lab import FakeLab
from fake_lab import serve as serve_lab
from provider_servers import Provider, Say, Turn, Use
from provider_servers import serve as serve_provider
from provider_servers.server import KEY

from aar.database.progress import Activity
from aar.launch.children import Child, plain
from aar.launch.hosting import Hosting
from aar.researchers import EMBEDDED, RUNTIMES, Assignment, Hosted

CLAUDE = "anthropic/claude-opus-4-5"
POLL_SECONDS = 0.02
MOST_SECONDS = 600.0


@dataclass(frozen=True)
class Cost:
    """What a start cost.

    Attributes:
        seconds: From the start until the last one had made its first call.
        cpu_seconds: Processor time of all, with the host's.
        rss_mb: Resident memory of a researcher, shared pages included.
        pss_mb: Memory of a researcher, with its share of the host's.
        later_pss_mb: The same after more turns; 0 where there were none.
    """

    seconds: float
    cpu_seconds: float
    rss_mb: float
    pss_mb: float
    later_pss_mb: float = 0.0


@dataclass
class Conversation:
    """A provider that keeps every first call waiting until all are there, and later ones after `turns` each."""

    researchers: int
    turns: int
    first: threading.Event = field(default_factory=threading.Event)
    last: threading.Event = field(default_factory=threading.Event)
    asked: int = 0
    waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, turn: Turn) -> Say | Use:
        """A tool call that costs nothing."""
        with self._lock:
            self.asked += 1
        self.first.wait()
        if len(turn.messages) > 2 * self.turns:
            with self._lock:
                self.waiting += 1
            self.last.wait()
        return Use.one("my_status")


@dataclass(frozen=True)
class Started:
    """Processes under way: the researchers, and before them the host if there is one."""

    children: list[Child]
    host: Child | None

    def processes(self, *, all_of_them: int) -> list[psutil.Process]:
        """The researchers' processes, once all are there."""
        if self.host is None:
            return [psutil.Process(child.process.pid) for child in self.children]  # type: ignore[union-attr]
        found = psutil.Process(self.host.process.pid).children()  # type: ignore[union-attr]
        return found if len(found) == all_of_them else []

    def hosts(self) -> list[psutil.Process]:
        """The host's process, if there is one."""
        return [] if self.host is None else [psutil.Process(self.host.process.pid)]  # type: ignore[union-attr]


@contextmanager
def started(
    names: list[str], model: str, *, url: str, base: str | None, folder: Path, hosted: bool
) -> Iterator[Started]:
    """All researchers, started as the launcher starts them."""
    runtime = RUNTIMES.make("inspect")
    assert isinstance(runtime, Hosted)
    hosting = Hosting(runtime.host([model])) if hosted else None
    host = Child("host", hosting.start, folder / "logs" / "host.log") if hosting else None
    if host is not None:
        host.start()
    children = []
    for name in names:
        command = runtime.command(Assignment(folder, name, url=url, model=model, seed=1, base_url=base))
        starter = (
            hosting.starter(name, command, secret=name) if hosting else plain(command, secret=name, keys=True)
        )
        children.append(Child(name, starter, folder / "logs" / f"{name}.log"))
        children[-1].start()
    try:
        yield Started(children, host)
    finally:
        for child in (*children, *([host] if host else [])):
            child.stop()
        while any(child.code() is None for child in children):
            time.sleep(POLL_SECONDS)


def until(condition: Callable[[], bool], run: Started) -> None:
    """Wait; raises if one of them has ended."""
    end = time.monotonic() + MOST_SECONDS
    while not condition():
        ended = [child.name for child in run.children if child.code() is not None]
        if ended or time.monotonic() > end:
            raise SystemExit(f"{ended or 'nobody'} ended: {run.children[0].tail()}")
        time.sleep(POLL_SECONDS)


def memory_mb(run: Started, count: int) -> tuple[float, float]:
    """RSS and PSS of a researcher, in megabytes of 2^20 bytes; the host's PSS is shared out."""
    found = [process.memory_full_info() for process in run.processes(all_of_them=count)]
    shared = sum(process.memory_full_info().pss for process in run.hosts())
    rss, pss = sum(info.rss for info in found), sum(info.pss for info in found)
    return rss / count / 2**20, (pss + shared) / count / 2**20


def start(count: int, model: str, *, hosted: bool, turns: int) -> Cost:
    """Start `count` researchers, measure them, end them."""
    names = [f"r{number + 1}" for number in range(count)]
    lab = FakeLab(researchers=tuple(names), directions=("noise",) * count, minutes=30, minutes_a_look=0)
    talk = Conversation(count, turns)
    provider = Provider(talk.answer)
    with ExitStack() as stack:
        parent = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        parent.chmod(0o755)
        folder = parent / "lab"
        for name in ("forum", "practice"):
            (folder / name).mkdir(parents=True)
        url = stack.enter_context(serve_lab(lab, {name: name for name in names}))
        base = stack.enter_context(serve_provider(provider)) if model == CLAUDE else None
        stack.callback(talk.first.set)
        stack.callback(talk.last.set)
        began = time.monotonic()
        run = stack.enter_context(started(names, model, url=url, base=base, folder=folder, hosted=hosted))
        if model == CLAUDE:
            until(lambda: talk.asked == count, run)
        else:
            stop_each(run, lab, count)
        seconds = time.monotonic() - began
        processes = [*run.processes(all_of_them=count), *run.hosts()]
        cpu = sum(sum(process.cpu_times()[:2]) for process in processes)
        rss, pss = memory_mb(run, count)
        later = 0.0
        if model == CLAUDE:
            talk.first.set()
            until(lambda: talk.waiting == count, run)
            later = memory_mb(run, count)[1]
        for process in processes:
            process.resume()
        return Cost(seconds, cpu, rss, pss, later)


def stop_each(run: Started, lab: FakeLab, count: int) -> None:
    """Stop each researcher as soon as it has said what it does first."""
    stopped: set[str] = set()

    def all_stopped() -> bool:
        acting = {who for who, activity, _ in list(lab.progress) if activity != Activity.STARTING} - stopped
        for who in acting:
            for child in run.children:
                if child.name == who and run.host is None:
                    os.kill(child.process.pid, signal.SIGSTOP)  # type: ignore[union-attr]
            for process in psutil.Process(run.hosts()[0].pid).children() if run.host is not None else []:
                if process.name() == f"aar {who}":
                    process.suspend()
        stopped.update(acting)
        return len(stopped) == count

    until(all_stopped, run)


def table(found: dict[tuple[str, str], list[Cost]], *, count: int, turns: int) -> Iterator[str]:
    """Medians over the rounds, and their ratios."""
    yield (
        f"| {count} researchers | start | seconds to the last first call | CPU seconds | RSS, MB each | PSS, MB each "
        f"| PSS after {turns} turns |"
    )
    yield "|---|---|---|---|---|---|---|"
    for model in dict.fromkeys(model for model, _ in found):
        medians = {}
        for how in ("anew", "hosted"):
            costs = found[model, how]
            medians[how] = [
                statistics.median(getattr(cost, name) for cost in costs) for name in Cost.__annotations__
            ]
            shown = [f"{value:.0f}" if value > 30 else f"{value:.1f}" for value in medians[how]]
            yield f"| {model} | {how} | {' | '.join(shown if medians[how][-1] else [*shown[:-1], '-'])} |"
        ratios = [b / a if a else None for a, b in zip(medians["anew"], medians["hosted"], strict=True)]
        shown = ["-" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
        yield f"| | hosted / anew | {' | '.join(shown)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--researchers", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=30)
    given = parser.parse_args()
    os.environ["ANTHROPIC_API_KEY"] = KEY
    load = os.getloadavg()[0]
    found: dict[tuple[str, str], list[Cost]] = {}
    for number in range(given.rounds):
        for model in (EMBEDDED, CLAUDE):
            for hosted in (False, True) if number % 2 == 0 else (True, False):
                how = "hosted" if hosted else "anew"
                cost = start(given.researchers, model, hosted=hosted, turns=given.turns)
                found.setdefault((model, how), []).append(cost)
                print(number, model, how, cost, file=sys.stderr)
    print(
        f"{os.cpu_count()} cores of {platform.machine()}, Linux {platform.release()}; "
        f"medians of {given.rounds} rounds; load before: {load:.1f}, after: {os.getloadavg()[0]:.1f}\n"
    )
    print("\n".join(table(found, count=given.researchers, turns=given.turns)))


if __name__ == "__main__":
    main()
