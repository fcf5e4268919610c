"""The demo as a newcomer runs it: how long it takes, what it decides, where its core-minutes go, what idling costs.

    python benchmarks/demo.py quiet one-core loaded idle --out demo.jsonl
    python benchmarks/demo.py --table demo.jsonl

Each word is one whole `aar run`: `quiet` with what the machine has, `one-core` on its first core alone, `loaded`
beside a busy loop on every core. `idle` stops a run's computing processes (SIGSTOP) once every researcher waits for a
verdict, and measures for 25 s what all the others take while nothing can happen.

Processor time is read from /proc twice a second, so up to half a second of each process is missing; what a run itself
computes is what the lab measured. The estimates are those of the terminal. `--aar` names another installation's
`aar`, to measure an earlier version in the same way.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

SAMPLE_SECONDS = 0.5
IDLE_SECONDS = 25.0
ROLES = (
    ("aar.scoring prepare", "references"),
    ("aar.scoring references", "references"),
    ("aar.scoring serve", "scorer"),
    ("aar.api", "lab"),
    ("aar.students", "runs"),
    ("w2s.runner", "runs"),
    ("warm_daemon", "runs"),
    ("fork_server", "runs"),
    ("aar.researchers", "researchers"),
    ("exec_daemon", "workspaces"),
)
LEFT = re.compile(r"(?:(\d+) h ?)?(?:(\d+) min ?)?(?:(\d+) s )?left")


def role(command: str, *, launcher: bool) -> str:
    """What a process of the run is for, by its command line."""
    return next((name for words, name in ROLES if words in command), "launcher" if launcher else "other")


class Sampler:
    """Processor seconds by role of every process below `pid`, until `stop`."""

    def __init__(self, pid: int) -> None:
        self.root = psutil.Process(pid)
        self.seen: dict[tuple[int, float], tuple[str, float]] = {}
        self.trace: list[tuple[float, dict[str, float]]] = []
        self.began = time.monotonic()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Take the last sample."""
        self.stopping.set()
        self.thread.join()

    def _loop(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            try:
                processes = [self.root, *self.root.children(recursive=True)]
            except psutil.Error:
                return
            for process in processes:
                try:
                    key = (process.pid, process.create_time())
                    times = process.cpu_times()
                    known = self.seen.get(key, ("other", 0.0))
                    what = known[0]
                    if what == "other":
                        what = role(" ".join(process.cmdline()), launcher=process.pid == self.root.pid)
                    self.seen[key] = (what, times.user + times.system)
                except psutil.Error:
                    continue
            self.trace.append((time.monotonic() - self.began, self.by_role()))

    def by_role(self) -> dict[str, float]:
        """Seconds of each role so far."""
        found: dict[str, float] = {}
        for what, seconds in self.seen.values():
            found[what] = found.get(what, 0.0) + seconds
        return found


def burn() -> None:
    """A busy loop, until it is killed."""
    while True:
        sum(range(10_000))


def measure(kind: str, aar: str, options: list[str], core: int) -> dict[str, Any]:
    """One run of the demo under the condition `kind`; `core` is the one of `one-core`."""
    out = Path(tempfile.mkdtemp(prefix="aar-demo-"))
    load = [multiprocessing.Process(target=burn, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in load if kind == "loaded" else []:
        process.start()
    pinned = ["taskset", "-c", str(core)] if kind == "one-core" else []
    before = os.getloadavg()[0]
    began, wall = time.monotonic(), time.time()
    process = subprocess.Popen(
        [*pinned, aar, "run", "--json", "--out", str(out), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    sampler = Sampler(process.pid)
    lines: list[tuple[float, str]] = []

    def read() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append((time.monotonic() - began, line.rstrip()))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert process.stdout is not None
    printed = process.stdout.read()
    code = process.wait()
    seconds = time.monotonic() - began
    sampler.stop()
    for one in load if kind == "loaded" else []:
        one.kill()
    folder = next(out.iterdir())
    result = {
        "kind": kind,
        "code": code,
        "seconds": round(seconds, 1),
        "load_before": round(before, 2),
        "cpu_minutes": {name: round(value / 60, 2) for name, value in sorted(sampler.by_role().items())},
        **from_database(folder, wall),
        **transcripts(folder),
        "estimates": estimates(lines, seconds),
        "said": printed.splitlines()[:-1],
        "folder": str(folder),
    }
    return result


def measure_idle(aar: str) -> dict[str, Any]:
    """Share of a core that each role takes while every researcher waits and nothing computes."""
    out = Path(tempfile.mkdtemp(prefix="aar-demo-"))
    process = subprocess.Popen(
        [aar, "run", "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    root = psutil.Process(process.pid)
    quiet_since = None
    while quiet_since is None or time.monotonic() - quiet_since < 3:
        time.sleep(0.2)
        if not all_wait(out):
            quiet_since = None
        elif quiet_since is None:
            quiet_since = time.monotonic()
    everybody = [root, *root.children(recursive=True)]
    roles: dict[int, str] = {}
    for one in everybody:
        with contextlib.suppress(psutil.NoSuchProcess):
            roles[one.pid] = role(" ".join(one.cmdline()), launcher=one.pid == root.pid)
    everybody = [one for one in everybody if one.pid in roles]
    stopped = [one for one in everybody if roles[one.pid] in ("runs", "references")]
    for one in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.suspend()
    time.sleep(3)
    everybody = [one for one in everybody if one.is_running()]
    before = {one.pid: sum(one.cpu_times()[:2]) for one in everybody}
    time.sleep(IDLE_SECONDS)
    shares: dict[str, float] = {}
    for one in everybody:
        if not one.is_running():  # a command in a workspace that ended meanwhile
            continue
        used = 100 * (sum(one.cpu_times()[:2]) - before[one.pid]) / IDLE_SECONDS
        shares[roles[one.pid]] = shares.get(roles[one.pid], 0.0) + used
    root.kill()
    for one in stopped:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    measured = {name: round(share, 2) for name, share in sorted(shares.items())}
    return {"kind": "idle", "load": round(os.getloadavg()[0], 2), "percent_of_a_core": measured}


def all_wait(out: Path) -> bool:
    """Whether every researcher of the run below `out` has a submission that is not decided, and no practice run."""
    found = list(out.glob("*/db/lab.db"))
    if not found:
        return False
    base = sqlite3.connect(f"file:{found[0]}?mode=ro", uri=True)
    try:
        practising = "SELECT count(*) FROM runs WHERE split = 'practice' AND state IN ('queued', 'running')"
        waiting = "SELECT count(DISTINCT researcher) FROM submissions WHERE status = 'pending' AND researcher != 'lab'"
        return base.execute(practising).fetchone()[0] == 0 and base.execute(waiting).fetchone()[0] == 3
    except sqlite3.Error:
        return False
    finally:
        base.close()


def from_database(folder: Path, began: float) -> dict[str, Any]:
    """What was decided, and when, by the lab's own database."""
    base = sqlite3.connect(folder / "db" / "lab.db")
    made = base.execute(
        "SELECT id, status, stage, created, decided, researcher FROM submissions WHERE researcher != 'lab'"
    ).fetchall()
    scored = base.execute(
        "SELECT count(*) FROM verdicts v JOIN submissions s ON s.id = v.submission "
        "WHERE v.stage='dev' AND s.researcher != 'lab' AND json_extract(v.figures, '$.accuracy') IS NOT NULL"
    ).fetchone()[0]
    runs = base.execute(
        """SELECT split, intervention, count(*), sum(json_extract("end", '$.core_seconds'))/60 FROM runs
        GROUP BY split, intervention"""
    ).fetchall()
    return {
        "first_submission": round(min(row[3] for row in made) - began, 1) if made else None,
        "first_verdict": round(min((row[4] for row in made if row[4]), default=began) - began, 1),
        "handed_in": len(made),
        "scored": scored,
        "verified": sum(row[1] == "verified" for row in made),
        "pending": sum(row[1] == "pending" for row in made),
        "statuses": {word: sum(row[1] == word for row in made) for word in {row[1] for row in made}},
        "runs": {f"{split} {name}": [n, round(minutes or 0.0, 2)] for split, name, n, minutes in runs},
    }


def transcripts(folder: Path) -> dict[str, Any]:
    """How many logs there are, and how many of them are whole."""
    from inspect_ai.log import list_eval_logs, read_eval_log

    logs = [read_eval_log(info) for info in list_eval_logs(str(folder / "inspect"))]
    whole = [log for log in logs if log.status != "started" and log.samples]
    return {"transcripts": len(logs), "transcripts_whole": len(whole)}


def estimates(lines: list[tuple[float, str]], seconds: float) -> list[tuple[float, float, float]]:
    """When (s), what the terminal said was left (s), what was left in truth (s)."""
    found = []
    for at, line in lines:
        said = LEFT.search(line)
        if "under a minute left" in line:
            found.append((round(at, 1), 59.0, round(seconds - at, 1)))
        elif said and any(said.groups()):
            hours, minutes, rest = (int(part or 0) for part in said.groups())
            found.append((round(at, 1), float(hours * 3600 + minutes * 60 + rest), round(seconds - at, 1)))
    return found


def table(results: list[dict[str, Any]]) -> list[str]:
    """The whole runs as a Markdown table, a line each."""
    lines = [
        "| machine | seconds | first submission, s | handed in | scored | verified | pending | whole transcripts | "
        "core-minutes | estimates right from the middle on: of the whole time, of what is left |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        if one["kind"] == "idle":
            continue
        whole, left, count = right_estimates(one)
        lines.append(
            f"| {one['kind']} | {one['seconds']:.0f} | {one['first_submission']:.0f} | {one['handed_in']} | "
            f"{one['scored']} | {one['verified']} | {one['pending']} | {one['transcripts_whole']} of "
            f"{one['transcripts']} | {sum(one['cpu_minutes'].values()):.1f} | {whole} and {left} of {count} |"
        )
    return lines


def right_estimates(one: dict[str, Any]) -> tuple[int, int, int]:
    """Estimates of the second half within a factor of 1.5 of the whole time, of the time left, and how many there are.

    "Under a minute" (said as 59 s here) is right of the time left where at most 90 s were left.
    """
    late = [(at, said, true) for at, said, true in one["estimates"] if at >= one["seconds"] / 2]
    whole = [1 / 1.5 <= (at + said) / one["seconds"] <= 1.5 for at, said, _ in late]
    left = [true <= 90 if said < 60 else true / 1.5 <= said <= true * 1.5 for _, said, true in late]
    return sum(whole), sum(left), len(late)


def kind(word: str) -> str:
    """One of the conditions; argparse cannot check a list that may be empty."""
    if word not in ("quiet", "one-core", "loaded", "idle"):
        raise argparse.ArgumentTypeError(f"{word!r} is none of quiet, one-core, loaded, idle")
    return word


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", type=kind, metavar="quiet|one-core|loaded|idle")
    parser.add_argument("--out", type=Path, help="append a JSON line a run to this file")
    parser.add_argument("--aar", default=shutil.which("aar") or str(Path(sys.executable).with_name("aar")))
    parser.add_argument("--table", type=Path, help="print the table of such a file")
    parser.add_argument("--core", type=int, default=0, help="the core of one-core")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="further options of aar run")
    given = parser.parse_args()
    for one in given.kinds:
        result = (
            measure_idle(given.aar) if one == "idle" else measure(one, given.aar, given.options, given.core)
        )
        line = json.dumps(result)
        if given.out:
            with given.out.open("a") as stream:
                stream.write(line + "\n")
        print(line, flush=True)
    if given.table:
        print("\n".join(table([json.loads(line) for line in given.table.read_text().splitlines()])))


if __name__ == "__main__":
    main()
