"""What a run shows on the terminal while it goes on: who does what, what is verified, the time left."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

STATUS_STYLE = {
    "verified": "bold green",
    "pending": "cyan",
    "no_improvement": "dim",
    "not_reproduced": "yellow",
    "violation": "bold red",
    "failed": "red",
}
PLAIN_EVERY_SECONDS = 10.0


class Display:
    """A live table where the terminal can show one; else a line whenever something changed.

    `update` takes what `GET /v1/status` answers; `stage` tells of the work before researchers start.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.live: Live | None = None
        self.last_line = ""
        self.last_plain = 0.0
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            console=self.console,
        )
        self.task = self.progress.add_task("", total=None)

    def __enter__(self) -> Display:
        if self.console.is_terminal:
            self.live = Live(console=self.console, refresh_per_second=4, transient=True)
            self.live.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        if self.live is not None:
            self.live.__exit__(None, None, None)
            self.live = None

    def say(self, line: str) -> None:
        """Print one line that stays."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """Show what is being prepared."""
        if self.live is None:
            self._plain(f"{text}" + (f" ({done}/{total})" if total else ""))
            return
        self.progress.update(self.task, description=text, completed=done or 0, total=total)
        self.live.update(self.progress if total else Text(text + " ..."))

    def update(self, status: dict[str, Any]) -> None:
        """Show the state of the run."""
        if self.live is None:
            self._plain(_line(status))
            return
        self.live.update(Group(_researchers(status), _footer(status)))

    def _plain(self, line: str) -> None:
        now = time.monotonic()
        if line == self.last_line or now - self.last_plain < PLAIN_EVERY_SECONDS:
            return
        self.last_line, self.last_plain = line, now
        self.say(line)


def _researchers(status: dict[str, Any]) -> Table | Text:
    if not status["researchers"]:
        return Text("")
    table = Table(box=None, pad_edge=False, expand=True)
    for title, ratio in (("researcher", 2), ("direction", 4), ("now", 8), ("submitted", 2), ("verified", 2)):
        table.add_column(title, ratio=ratio, overflow="ellipsis", no_wrap=True)
    for row in status["researchers"]:
        table.add_row(
            Text(row["name"], style="bold"),
            Text(row["direction"], style="dim"),
            Text(row["doing"]),
            str(row["submitted"]),
            Text(str(row["verified"]), style="bold green" if row["verified"] else "dim"),
        )
    return table


def _footer(status: dict[str, Any]) -> Text:
    text = Text()
    for row in status["recent"]:
        text.append(f"{row['id']:>4} {row['status']:<15}", style=STATUS_STYLE.get(row["status"], ""))
        text.append(f"{row['researcher']:<10}{row['title']}\n")
    queue = status["queue"]
    if status["researchers"]:  # without any, a lab takes as long as its runs do
        text.append(f"{minutes(status['seconds_left'])} left   ", style="bold")
    text.append(f"runs: {queue['running']} running, {queue['queued']} queued, {queue['done']} done")
    if trouble := _trouble(status):
        text.append(f"   {trouble}", style="bold red")
    if status.get("best"):
        text.append(f"   best verified: {status['best']}", style="green")
    return text


def _trouble(status: dict[str, Any]) -> str:
    """What is wrong with the engine, if it keeps losing runs."""
    engine = status["traffic"]["engine"]
    if engine["lost_in_a_row"] < 2:
        return ""
    resumes = minutes(engine["resumes_in_seconds"])
    return f"the engine lost {engine['lost_in_a_row']} runs in a row, next in {resumes}: {engine['why']}"


def _line(status: dict[str, Any]) -> str:
    queue = status["queue"]
    if trouble := _trouble(status):
        return trouble
    if not status["researchers"]:
        return f"runs: {queue['running']} running, {queue['queued']} queued, {queue['done']} done"
    doing = "; ".join(f"{row['name']}: {row['doing']}" for row in status["researchers"])
    return f"[{minutes(status['seconds_left'])} left, {queue['running']}+{queue['queued']} runs] {doing}"


def minutes(seconds: float) -> str:
    """Minutes and seconds.

    >>> minutes(125.0)
    '2:05'
    """
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
