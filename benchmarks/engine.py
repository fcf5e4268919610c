"""What the engine adds to a run, against the same method in a bare Python process without a sandbox.

    python benchmarks/engine.py [--rounds 5] [--jobs 24] [--slots 2] [--small] [--out FILE]

All in one run, in turn, on `mini-chat`, one thread for each process; what is given is the median and the
range over the rounds.

- own: the method's own compute, in a process that has everything loaded and runs it again and again;
- bare: a fresh process with the in-process bench: start, imports, models, the method, end;
- cold: an engine is started, runs the method once and is stopped;
- warm: the same run in an engine that has run before;
- empty: a method that asks for nothing, in that engine: all of it is the platform's.

The overhead of a run is what `empty` takes, and warm minus own. Then `--jobs` runs are queued at once on
`--slots` slots, against as many bare processes, `--slots` at a time: runs a minute, and the share of the
cores' time that the student services (where training happens) computed until the queue was empty; for bare
processes the share that was the method's own. Goals: at most 0.15 s a run, at least 95 % of the time.
`--small` is a quick check with 96 items, whose shares mean nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from aar.engines import Job, Outcome
from aar.engines.local import LocalEngine
from aar.sandboxes import Provider, choose
from aar.students.data import write_splits, write_weak
from w2s import testbeds
from w2s.records import Split

METHOD = """
def run(bench):
    student = bench.strong()
    student.finetune(bench.unlabelled, bench.weak.hard)
    return student.predict(bench.test)
"""
EMPTY = """
import w2s

def run(bench):
    return w2s.Predictions(bench.test, [0.5] * len(bench.test))
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SEED = 7


@dataclass(frozen=True)
class Folders:
    root: Path

    @property
    def service(self) -> Path:
        return self.root / "service"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


def the_split(items: int) -> tuple[Split, np.ndarray]:
    """The items of all sides, and their weak labels."""
    split = testbeds.generate(testbeds.load("mini-chat"), item_seed=bytes(16))[0]["dev"][0]
    split = replace(split, unlabelled=split.unlabelled[:items], test=split.test[:items])
    return split, np.random.default_rng(0).uniform(size=len(split.unlabelled))


def bare(items: int, times: int) -> None:
    """The other side of the comparison, in its own process: run the method, print the seconds of each run."""
    import torch

    from w2s.bench import LocalBench
    from w2s.runner import load

    torch.set_num_threads(1)
    split, soft = the_split(items)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "method.py").write_text(METHOD)
        run = load(Path(folder))
    for _ in range(times):
        bench = LocalBench.from_split(testbeds.load("mini-chat"), split, soft, seed=SEED)
        start = time.perf_counter()
        run(bench)
        print(time.perf_counter() - start, flush=True)


@contextmanager
def bare_process(items: int, times: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, __file__, "--bare", str(times), "--items", str(items)]
    environment = {**os.environ, **ONE_THREAD}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield process


def bare_seconds(items: int) -> float:
    """From the start of a bare process to its end."""
    start = time.perf_counter()
    with bare_process(items, 1) as process:
        process.communicate()
    assert process.returncode == 0
    return time.perf_counter() - start


def own_seconds(items: int, times: int) -> list[float]:
    """The method's own compute; the first run warms up and is left out."""
    with bare_process(items, times + 1) as process:
        printed, _ = process.communicate()
    return [float(line) for line in printed.split()][1:]


def job(source: str) -> Job:
    return Job({"method.py": source}, "mini-chat", "dev", (0,), SEED, b"benchmark", wall_seconds=600)


async def timed(engine: LocalEngine, source: str) -> tuple[float, Outcome]:
    start = time.perf_counter()
    outcome = await engine.run(job(source))
    assert outcome.status == "ok", outcome
    return time.perf_counter() - start, outcome


def processor_seconds(*, of: str = "") -> float:
    """Processor time so far of this process and all below it, also those that ended, or of those with `of` in argv."""
    spent = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            if not of:
                spent += sum(process.cpu_times()[:4])
            elif of in process.cmdline():
                spent += sum(process.cpu_times()[:2])
        except psutil.Error:
            continue
    return spent


@contextmanager
def lab(items: int) -> Iterator[Folders]:
    split, soft = the_split(items)
    with tempfile.TemporaryDirectory() as made:
        folders = Folders(Path(made))
        Path(made).chmod(0o755)
        folders.service.mkdir()
        write_splits(folders.service, "mini-chat", {"dev": (split,)})
        write_weak(folders.service, "dev", 0, soft)
        yield folders


async def one_at_a_time(
    provider: Provider, folders: Folders, items: int, rounds: int
) -> dict[str, list[float]]:
    """Seconds of every kind of run, one value a round."""
    found: dict[str, list[float]] = {
        kind: [] for kind in ("own", "bare", "cold", "warm", "empty", "processor")
    }
    warm = LocalEngine(provider, folders, slots=1, testbed="mini-chat")
    await warm.start()
    for source in (METHOD, EMPTY):
        await timed(warm, source)
    for _ in range(rounds):
        found["own"] += await asyncio.to_thread(own_seconds, items, 1)
        found["bare"].append(await asyncio.to_thread(bare_seconds, items))
        start = time.perf_counter()
        cold = LocalEngine(provider, folders, slots=1, testbed="mini-chat")
        await cold.start()
        await timed(cold, METHOD)
        found["cold"].append(time.perf_counter() - start)
        await cold.stop()
        found["warm"].append((await timed(warm, METHOD))[0])
        before = processor_seconds()
        found["empty"].append((await timed(warm, EMPTY))[0])
        found["processor"].append(processor_seconds() - before)
    await warm.stop()
    return found


async def queued(provider: Provider, folders: Folders, slots: int, jobs: int) -> dict[str, float]:
    """Runs a minute of a full queue, and the share of the cores' time that was training while it was full."""
    engine = LocalEngine(provider, folders, slots=slots, testbed="mini-chat")
    await engine.start()
    await asyncio.gather(*(timed(engine, METHOD) for _ in range(slots)))
    before, start = processor_seconds(of="aar.students"), time.perf_counter()
    running = {asyncio.create_task(timed(engine, METHOD)) for _ in range(jobs)}
    share = 0.0
    while running:
        _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if len(running) >= slots:
            share = (processor_seconds(of="aar.students") - before) / (slots * (time.perf_counter() - start))
    minutes = (time.perf_counter() - start) / 60
    await engine.stop()
    return {"a_minute": jobs / minutes, "share": share}


def queued_bare(items: int, slots: int, jobs: int, own: float) -> dict[str, float]:
    start = time.perf_counter()
    with ThreadPoolExecutor(slots) as pool:
        list(pool.map(bare_seconds, [items] * jobs))
    seconds = time.perf_counter() - start
    return {"a_minute": 60 * jobs / seconds, "share": own * jobs / (slots * seconds)}


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median and range.

    >>> spread([1.0, 3.0, 2.0])
    '2.00 (1.00 to 3.00)'
    """
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def markdown(found: dict[str, Any], settings: argparse.Namespace, provider: Provider) -> str:
    single, many, others = found["single"], found["engine"], found["bare"]
    over = [warm - own for warm, own in zip(single["warm"], single["own"], strict=True)]
    command = f"python benchmarks/engine.py --rounds {settings.rounds} --jobs {settings.jobs} --slots {settings.slots}"
    rows = [
        "# What the engine adds to a run",
        "",
        f"    {command}{' --small' if settings.small else ''}",
        "",
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores of {platform.machine()}, Linux {platform.release()}, "
        f"{provider.check().detail}; `mini-chat`, {settings.items} items, one thread a process. Median and range "
        f"over {settings.rounds} rounds; load of the machine before: {found['load']:.1f}.",
        "",
        "| one run at a time | s | / own |",
        "|---|---|---|",
    ]
    names = {
        "own": "the method's own compute",
        "bare": "bare process, no sandbox",
        "cold": "engine, cold",
        "warm": "engine, warm",
        "empty": "engine, warm, a method that asks for nothing",
    }
    for kind, name in names.items():
        ratios = [one / own for one, own in zip(single[kind], single["own"], strict=True)]
        rows.append(f"| {name} | {spread(single[kind], '.3f')} | {spread(ratios)} |")
    rows += [
        "",
        f"Overhead of a run: **{spread(single['empty'], '.3f')} s** by the empty method "
        f"({spread(single['processor'], '.3f')} s of processor time), "
        f"{spread(over, '.3f')} s by warm minus own (goal: 0.15 s).",
        "",
        f"| {settings.jobs} runs queued, {settings.slots} at a time | runs a minute | training, share of core time |",
        "|---|---|---|",
    ]
    for name, kind in (("engine", many), ("bare processes", others)):
        minute, share = ([one[key] for one in kind] for key in ("a_minute", "share"))
        rows.append(f"| {name} | {spread(minute, '.1f')} | {spread([100 * one for one in share], '.0f')} % |")
    ratio = [a["a_minute"] / b["a_minute"] for a, b in zip(many, others, strict=True)]
    return "\n".join(
        [*rows, "", f"Engine / bare processes: **{spread(ratio)}** times the runs a minute.", ""]
    )


def main() -> None:
    """Print the comparison as Markdown, and write it to --out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=24)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--items", type=int, default=1080)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    settings = parser.parse_args()
    if settings.small:
        settings.items, settings.rounds = 96, min(settings.rounds, 2)
        settings.jobs = min(settings.jobs, 3 * settings.slots)
    if settings.bare:
        bare(settings.items, settings.bare)
        return
    provider = choose()
    found: dict[str, Any] = {"load": os.getloadavg()[0], "engine": [], "bare": []}
    with lab(settings.items) as folders:
        found["single"] = asyncio.run(one_at_a_time(provider, folders, settings.items, settings.rounds))
        own = statistics.median(found["single"]["own"])
        for _ in range(settings.rounds):
            found["engine"].append(asyncio.run(queued(provider, folders, settings.slots, settings.jobs)))
            found["bare"].append(queued_bare(settings.items, settings.slots, settings.jobs, own))
    text = markdown(found, settings, provider)
    print(text)
    if settings.out:
        settings.out.write_text(text)
    if settings.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
