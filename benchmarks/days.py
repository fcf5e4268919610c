"""Nine researchers under random kills, provider faults and restarts of the lab: is anything lost? `results/days.md`.

    python benchmarks/days.py                        # 60 minutes
    python benchmarks/days.py --minutes 10 --researchers 3 --testbed mini-math

A whole `aar run` with a model of Anthropic, whose provider is a local server that speaks its protocol and bills each
request (`tests/aar/provider_servers`). A script behind it works as a researcher does: it reads, writes a method,
submits it, waits, posts. Every proxy variable leads to a server that must hear nothing.

Told at the end: each researcher's state and reason; findings that were acknowledged and findings that the lab has; what
the provider billed and what the lab counted, to the cent, calls that were cut off apart; transcripts without samples;
memory. Needs two cores and the extra `dev`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY / "tests" / "aar")]

import psutil  # noqa: E402
from provider_servers import (  # noqa: E402
    DROPPED,
    ENVIRONMENT,
    Answer,
    Fault,
    Provider,
    Say,
    Turn,
    Use,
    error,
)
from provider_servers import serve as provide  # noqa: E402

from aar.researchers.evolution.choosing import Chooser  # noqa: E402
from aar.researchers.evolution.rendering import render  # noqa: E402

MODEL, PRICE = "claude-opus-4-5", (5.0, 25.0, 0.5, 6.25)
OUT = REPOSITORY / "benchmarks" / "results" / "days.md"
THINKS = (3.0, 30.0)
"""Seconds that an answer takes."""
FAULTS: tuple[tuple[float, float, Fault], ...] = (
    (0.15, 0.18, error(529)),
    (0.30, 0.32, error(429, retry_after=5.0)),
    (0.45, 0.47, error(401)),
    (0.60, 0.63, error(400, credit=True)),
    (0.75, 0.76, error(500)),
)
"""Outages: begin and end as shares of the time, and what every request is answered then."""
DROPS = 0.01
"""Share of requests whose answer is cut off on its way."""


@dataclass
class Work:
    """The script: what a researcher does next, from its conversation alone; notes what it was told is done."""

    rng: random.Random
    acknowledged: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, turn: Turn) -> Answer:
        time.sleep(self.rng.uniform(*THINKS))
        self._note(turn)
        done = sum(bool(message.calls) for message in turn.messages)
        mark = f"{self.rng.getrandbits(48):012x}"
        submissions = re.findall(r'"submission": ?"(s\d+)"', " ".join(m.text for m in turn.messages[-3:]))
        steps: list[Answer] = [
            Use.one("my_status"),
            Use.one("bash", command="cat notebook/* 2>/dev/null | tail -5; ls methods 2>/dev/null | tail -3"),
            Use.one("write_file", path=f"methods/{mark}/method.py", content=self._method()),
            Use.one("read_forum", after=0),
            Use.one(
                "submit_method",
                folder=self._folder(turn),
                title=f"idea {mark}",
                summary="",
                parents=[],
                claim="",
            ),
            Use.one("wait_for_verdict", submission=submissions[-1], seconds=60)
            if submissions
            else Use.one("leaderboard"),
            Use.one(
                "post_finding", kind="result", title=f"finding {mark}", body="as it came", submissions=[]
            ),
            Use.one("write_file", path=f"notebook/{mark}.md", content="what was done"),
        ]
        if "takes no further submissions" in turn.last or "stop calling tools" in turn.last:
            return Say("Done.")
        return steps[done % len(steps)]

    def _method(self) -> str:
        chooser = Chooser(self.rng, direction="", evidence={}, most_cost=1.0)
        return render(chooser.plan([], tried=frozenset()).genome, researcher="r1", parents=())

    def _folder(self, turn: Turn) -> str:
        wrote = re.findall(r"to methods/([0-9a-f]{12})/method.py", " ".join(m.text for m in turn.messages))
        return f"methods/{wrote[-1]}" if wrote else "methods/none"

    def _note(self, turn: Turn) -> None:
        """A finding whose id stands in the answer is one that the lab has promised to keep."""
        if len(turn.messages) < 2 or "post_finding" not in turn.messages[-2].calls:
            return
        title = re.search(r"finding ([0-9a-f]{12})", json.dumps(turn.body["messages"][-2]))
        if title and re.search(r'"id": ?\d+', turn.last):
            with self._lock:
                self.acknowledged.add(title[1])


@dataclass
class Sniffer:
    """A proxy for everything; what it hears."""

    heard: list[str] = field(default_factory=list)

    def serve(self) -> str:
        """Its URL."""
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def _any(self) -> None:
                heard.append(self.requestline)
                self.send_error(502)

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._any
                raise AttributeError(name)

            def log_message(self, format: str, *args: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"


@dataclass
class Killer:
    """Kills a process of the run every now and then, and notes the memory of researchers."""

    run: psutil.Process
    rng: random.Random
    every: float
    until: float
    killed: Counter[str] = field(default_factory=Counter)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def work(self) -> None:
        """Until the time is over, or the run has ended."""
        next_kill = math.inf
        while time.monotonic() < self.until and self.run.is_running():
            time.sleep(1.0)
            found = self.processes()
            for name, process in found.items():
                if name.startswith("r"):
                    self._measure(name, process)
            if not any(name.startswith("r") for name in found):
                next_kill = time.monotonic() + self.every  # the run is not under way yet
            if time.monotonic() < next_kill:
                continue
            next_kill = time.monotonic() + self.rng.expovariate(1 / self.every)
            names = list(found)
            name = self.rng.choices(names, weights=[2 if name.startswith("r") else 1 for name in names])[0]
            try:
                found[name].send_signal(signal.SIGKILL)
                self.killed["researcher" if name.startswith("r") else name] += 1
            except psutil.NoSuchProcess:
                continue

    def processes(self) -> dict[str, psutil.Process]:
        """The run's lab, scorer, host and researchers by name."""
        found: dict[str, psutil.Process] = {}
        try:
            children = self.run.children(recursive=True)
        except psutil.NoSuchProcess:
            return found
        for child in children:
            try:
                line = child.cmdline()
            except psutil.Error:
                continue
            if "aar.api" in line:
                found["lab"] = child
            elif "aar.scoring" in line and "serve" in line:
                found["scorer"] = child
            elif child.name().startswith("aar r"):
                found[child.name().removeprefix("aar ")] = child
            elif "aar.researchers.host" in line:
                found["host"] = child
        return found

    def _measure(self, name: str, process: psutil.Process) -> None:
        try:
            full = process.memory_full_info()
        except psutil.Error:
            return
        self.memory.setdefault(name, []).append((full.rss / 2**20, full.pss / 2**20))


def outages(seconds: float, rng: random.Random) -> Any:
    """The fault of a request at some seconds since the first."""

    def fault(number: int, now: float) -> Fault | None:
        share = now / seconds
        for begin, end, what in FAULTS:
            if begin <= share < end:
                return what
        return DROPPED if rng.random() < DROPS else None

    return fault


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """One run; what came of it."""
    rng = random.Random(options.seed)
    work, sniffer = Work(rng), Sniffer()
    provider = Provider(work, fault=outages(60 * options.minutes, rng))
    proxy = sniffer.serve()
    with provide(provider) as base, tempfile.TemporaryDirectory() as out:
        proxies = {f"{kind}_proxy": proxy for kind in ("http", "https", "all")}
        environment = {**os.environ, **ENVIRONMENT(base), **proxies, "no_proxy": "", "NO_PROXY": ""}
        command = [
            *(sys.executable, "-m", "aar.cli", "run", "--json", "--out", out),
            *("--testbed", options.testbed, "--model", f"anthropic/{MODEL}", "--base-url", base),
            *("--researchers", str(options.researchers), "--minutes", str(options.minutes)),
            *("--submissions", str(options.submissions)),
        ]
        started = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        killer = Killer(
            psutil.Process(process.pid), rng, options.every, started + 60 * options.minutes * 0.75
        )
        threading.Thread(target=killer.work, daemon=True).start()
        printed, _ = process.communicate()
        (folder,) = Path(out).iterdir()
        return {
            **_told(folder, printed),
            "exit": process.returncode,
            "minutes": round((time.monotonic() - started) / 60, 1),
            "killed": dict(killer.killed),
            "memory": killer.memory,
            "acknowledged": work.acknowledged,
            "billed": provider.bill.usd({MODEL: PRICE}, whole=True),
            "billed_cut": provider.bill.usd({MODEL: PRICE}, whole=False),
            "requests": Counter(status for _, status in provider.requests),
            "proxy": sniffer.heard,
        }


def _told(folder: Path, printed: str) -> dict[str, Any]:
    """What the run's folder holds in the end."""
    from inspect_ai.log import read_eval_log

    from aar import database
    from aar.database import researchers
    from aar.folder import LabFolder
    from aar.forum import all_posts
    from aar.researchers.transcripts import recover

    lab = LabFolder(folder)
    recover(lab)
    store = database.open(lab.storage)
    with store.read() as tx:
        titles = {post.title for post in all_posts(tx)}
        team = {row.name: (row.state, row.reason) for row in researchers.team(tx)}
    store.close()
    logs = sorted(lab.inspect_logs.glob("*.eval"))
    return {
        "result": json.loads(printed.strip().splitlines()[-1]),
        "findings": {
            match[1] for title in titles if (match := re.fullmatch(r"finding ([0-9a-f]{12})", title))
        },
        "team": team,
        "transcripts": (len(logs), sum(not read_eval_log(str(log)).samples for log in logs)),
    }


def page(found: dict[str, Any], options: argparse.Namespace) -> str:
    """The page, in Markdown."""
    cost, lost = found["result"]["cost"], found["acknowledged"] - found["findings"]
    states = Counter(f"{state}: {reason}" if reason else state for state, reason in found["team"].values())
    memory = {name: max(pss for _, pss in rows[-300:]) for name, rows in found["memory"].items() if rows}
    resident = {name: max(rss for rss, _ in rows[-300:]) for name, rows in found["memory"].items() if rows}
    logs, empty = found["transcripts"]
    rows = [
        ("ended with exit code, ending", f"{found['exit']}, {found['result']['ending']}"),
        (
            "killed with SIGKILL",
            ", ".join(f"{n} times a {who}" for who, n in found["killed"].items()) or "nothing",
        ),
        (
            "requests to the provider, by status",
            ", ".join(f"{n} of {code or 'none'}" for code, n in found["requests"].items()),
        ),
        ("researchers at the end", ", ".join(f"{n} {what}" for what, n in states.items())),
        ("findings acknowledged, of these lost", f"{len(found['acknowledged'])}, {len(lost)}"),
        ("transcripts, of these without a sample", f"{logs}, {empty}"),
        ("billed by the provider for answers that arrived", f"${found['billed']:.4f}"),
        ("counted by the lab for these", f"${cost['usd'] - cost['lost_usd']:.4f}"),
        ("billed by the provider for answers that were cut off", f"${found['billed_cut']:.4f}"),
        (
            "estimated by the lab for these",
            f"${cost['lost_usd']:.4f} for {cost['lost_calls']} calls: input, and the most that they may write",
        ),
        (
            "submissions, scored, verified",
            f"{found['result']['submissions']}, {found['result']['scored']}, {found['result']['verified']}",
        ),
        (
            "ledger",
            found["result"]["ledger"]["problem"]
            or f"verifies ({found['result']['ledger']['entries']} entries)",
        ),
        ("heard by the proxy", f"{len(found['proxy'])} requests"),
        (
            "most memory of a researcher, PSS (RSS)",
            f"{max(memory.values(), default=0):.0f} MB ({max(resident.values(), default=0):.0f} MB)",
        ),
    ]
    return "\n".join(
        [
            "# Days: nine researchers under kills and outages",
            "",
            f"    python benchmarks/days.py --minutes {options.minutes:g} --researchers {options.researchers} "
            f"--testbed {options.testbed} --seed {options.seed}",
            "",
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {found['minutes']} "
            "minutes. This page is generated.",
            "",
            "| | |",
            "|---|---|",
            *(f"| {what} | {figure} |" for what, figure in rows),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--researchers", type=int, default=9)
    parser.add_argument("--submissions", type=int, default=20, help="of each researcher")
    parser.add_argument("--testbed", default="mini-chat")
    parser.add_argument("--every", type=float, default=90.0, help="seconds between two kills, in the mean")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    found = measure(options)
    OUT.write_text(page(found, options), encoding="utf-8")
    print(OUT.read_text(encoding="utf-8"))
    lost = found["acknowledged"] - found["findings"]
    return int(
        bool(lost or found["transcripts"][1] or found["proxy"] or found["result"]["ledger"]["problem"])
    )


if __name__ == "__main__":
    sys.exit(main())
