"""What a lab's door carries: simulated researchers who read much and write little; `results/lab.md`.

    python benchmarks/lab.py                      # 200 researchers, then how it grows with researchers and findings
    python benchmarks/lab.py --researchers 200 --findings 1000 --seconds 10

The lab is a process of its own with its real routes, database, forum mirror and ledger, and without an engine. Each
researcher has a connection of its own, asks, and thinks for a while, so that all together offer `--rate` requests a
second: 55 % its standing, 25 % what is new on the forum, 10 % the leaderboard, 5 % a submission, 4 % what it does, 1 %
a post. Told are the requests a second that were answered, the middle and the 99th percentile of their time, and errors.
Clients and lab share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).parents[1]
OUT = REPOSITORY / "benchmarks" / "results" / "lab.md"
METHOD = "def run(bench):\n    return bench.strong().predict(bench.test)\n"
SUBMISSIONS = 30
GRID = (
    *((9, 1000), (50, 1000), (200, 1000), (1000, 1000)),
    *((200, 10_000), (200, 100_000)),
)
"""Researchers and findings of the table."""


@dataclass(frozen=True)
class Load:
    """One measurement: how many researchers, findings, and requests a second that are offered."""

    researchers: int
    findings: int
    rate: float


@dataclass(frozen=True)
class Answered:
    """What came of it: requests a second, seconds of the middle and of the 99th percentile, errors, core-seconds."""

    rate: float
    middle: float
    p99: float
    errors: int
    lab_cores: float


def serve(folder: Path, researchers: int, findings: int) -> None:
    """The lab's process: prints its port once it listens."""
    import uvicorn

    from aar import database, ledger
    from aar.api.app import create_app
    from aar.database import clock, posts
    from aar.database import researchers as people
    from aar.folder import LabFolder
    from aar.lab.intake import Lab
    from aar.lab.news import News
    from aar.settings import Settings

    settings = Settings(researchers=researchers)
    lab_folder = LabFolder(folder)
    lab_folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(lab_folder.database, create=True)
    lab = Lab(lab_folder, settings, store, elapsed=0.0)
    with store.write() as tx:
        for number in range(researchers):
            people.add(tx, f"r{number + 1}", token=f"t{number + 1}", submissions=100)
        for number in range(SUBMISSIONS):
            files = {"method.py": f"{METHOD}# {number}\n"}
            kept = lab.snapshots.put(files, researcher="r1", message=f"method {number}")
            ledger.record_submission(
                tx, code_hash=kept.tree, commit=kept.commit, researcher="r1", title=f"method {number}"
            )
        for number in range(findings):
            posts.insert(
                tx, researcher=f"r{number % researchers + 1}", kind="insight", title=f"finding {number}",
                body="What was seen, and what it may mean. " * 12, submissions=["s1"], request=None, at=clock.now(),
            )  # fmt: skip
    lab.forum.refresh()
    news = News(store)
    app = create_app(lab, news, operator_token="people", phase=lambda: "research")
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))

    async def work() -> None:
        watching = asyncio.create_task(news.watch(asyncio.Event()))
        serving = asyncio.create_task(web.serve())
        while not web.started:
            await asyncio.sleep(0.01)
        print(web.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving
        watching.cancel()

    asyncio.run(work())


def asked(rng: random.Random, findings: int) -> tuple[str, str, str]:
    """Method, path and body of one request."""
    draw = rng.random()
    if draw < 0.55:
        return "GET", "/v1/me", ""
    if draw < 0.80:
        return "GET", f"/v1/forum?after={max(0, findings - rng.randrange(5))}", ""
    if draw < 0.90:
        return "GET", "/v1/leaderboard", ""
    if draw < 0.95:
        return "GET", f"/v1/submissions/s{rng.randrange(SUBMISSIONS) + 1}", ""
    if draw < 0.99:
        return "POST", "/v1/progress", json.dumps({"activity": "reading", "text": f"line {rng.randrange(9)}"})
    finding = {"kind": "insight", "title": f"seen {rng.random():.6f}", "body": "Something. " * 20}
    return "POST", "/v1/forum", json.dumps(finding)


async def researcher(number: int, port: int, load: Load, until: float, times: list[float]) -> int:
    """One researcher until the time is over; how many answers were no 200."""
    rng = random.Random(number)
    errors, pause = 0, load.researchers / load.rate
    await asyncio.sleep(rng.random() * pause)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        verb, path, body = asked(rng, load.findings)
        head = f"{verb} {path} HTTP/1.1\r\nHost: lab\r\nAuthorization: Bearer t{number}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        began = time.monotonic()
        writer.write(f"{head}\r\n{body}".encode())
        status = (await reader.readline()).split()
        length = 0
        while (line := await reader.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        await reader.readexactly(length)
        times.append(time.monotonic() - began)
        errors += status[1:2] != [b"200"]
        await asyncio.sleep(max(0.0, rng.expovariate(1 / pause) - times[-1]))
    writer.close()
    return errors


async def offer(port: int, load: Load, seconds: float) -> tuple[list[float], int, float]:
    """Everybody at once: times of the answers, errors, and how long it took."""
    times: list[float] = []
    began = time.monotonic()
    everybody = [
        researcher(number + 1, port, load, began + seconds, times) for number in range(load.researchers)
    ]
    errors = sum(await asyncio.gather(*everybody))
    return times, errors, time.monotonic() - began


def measure(load: Load, seconds: float) -> Answered:
    """One measurement, in a lab of its own."""
    import psutil

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--serve", folder, str(load.researchers), str(load.findings)]
        lab = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert lab.stdout is not None
        port = int(lab.stdout.readline())
        asyncio.run(offer(port, load, 2.0))  # the mirror of all findings is written with the first post
        process = psutil.Process(lab.pid)
        before = sum(process.cpu_times()[:2])
        times, errors, took = asyncio.run(offer(port, load, seconds))
        cores = (sum(process.cpu_times()[:2]) - before) / took
        lab.kill()
        lab.wait()
    middle, p99 = np.quantile(times, [0.5, 0.99])
    return Answered(len(times) / took, float(middle), float(p99), errors, cores)


def table(rows: list[tuple[Load, Answered]], seconds: float) -> str:
    """The page, in Markdown."""
    lines = [
        "# What a lab's door carries",
        "",
        "    python benchmarks/lab.py",
        "",
        f"{platform.machine()}, {os.cpu_count()} cores, shared by the lab and its clients; {seconds:.0f} s a row, load "
        f"at the start {os.getloadavg()[0]:.1f}. *Cores* is what the lab's process used.",
        "",
        "| researchers | findings | offered, 1/s | answered, 1/s | middle, ms | p99, ms | errors | cores |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for load, one in rows:
        lines.append(
            f"| {load.researchers} | {load.findings:,} | {load.rate:.0f} | {one.rate:.0f} | {1000 * one.middle:.1f} | "
            f"{1000 * one.p99:.0f} | {one.errors} | {one.lab_cores:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--researchers", type=int)
    parser.add_argument("--findings", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=450.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(Path(options.serve[0]), int(options.serve[1]), int(options.serve[2]))
        return 0
    if options.researchers:
        load = Load(options.researchers, options.findings, options.rate)
        print(table([(load, measure(load, options.seconds))], options.seconds))
        return 0
    rows = []
    for researchers, findings in GRID:
        load = Load(researchers, findings, options.rate)
        rows.append((load, measure(load, options.seconds)))
        print(table(rows[-1:], options.seconds).splitlines()[-1], flush=True)
    OUT.write_text(table(rows, options.seconds), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
