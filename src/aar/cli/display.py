"""Display of a running lab on the terminal: each researcher's activity, verified submissions, the time left.

A screen is drawn only when something on it changed: no thread refreshes it, and an idle run costs nothing.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment

from aar.cli.money import in_trouble, spent
from aar.cli.screen import ATTENTION, Line, by_state, in_order, screen, stage_screen
from aar.cli.wording import State, plain, time_left, trouble

PLAIN_EVERY_SECONDS = 10.0
LAID_OUT_EVERY_SECONDS = 1.0
MOST_NAMED = 4
"""Researchers whose names a plain line can hold; of more it tells how many do what."""
MOST_NAMED_IN_TROUBLE = 3


@dataclass(frozen=True)
class Stage:
    """Stage of preparation, with its progress."""

    text: str
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Drawn:
    """Lines that Rich puts on the terminal as they are."""

    lines: tuple[Line, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            for text, style in line:
                yield Segment(text, console.get_style(style) if style else None)
            yield Segment.line()


class Display:
    """A live table where the terminal can show one; else a line now and then, if something changed.

    `update` takes what `GET /v1/status` answers; `stage` tells of the work before researchers start; `tick`,
    called about once a second, lets the time left run down between updates.
    """

    def __init__(
        self, console: Console | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.console = console or Console(stderr=True)
        self._monotonic = monotonic
        self._live: Live | None = None
        self._shown: Stage | Mapping[str, Any] | None = None
        self._told_at = 0.0  # when `_shown` came
        self._drawn: Drawn | None = None
        self._laid_out_at = -math.inf
        self._last_line = ""
        self._last_line_at = -math.inf

    def __enter__(self) -> Display:
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._live = Live(
                console=self.console, auto_refresh=False, transient=True, vertical_overflow="crop"
            )
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def say(self, line: str) -> None:
        """Print one line that stays."""
        self.console.print(plain(line), markup=False, highlight=False, emoji=False, soft_wrap=True)

    def stage(self, text: str, *, done: int | None = None, total: int | None = None) -> None:
        """Show what is being prepared."""
        new = not isinstance(self._shown, Stage) or self._shown.text != text
        self._show(Stage(text, done, total), at_once=new)

    def update(self, status: Mapping[str, Any]) -> None:
        """Show the state of the run."""
        self._show(status, at_once=not isinstance(self._shown, Mapping))

    def tick(self) -> None:
        """Let the time left run down, and show what changed since the last drawing."""
        if self._shown is not None:
            self._refresh(at_once=False)

    def _show(self, shown: Stage | Mapping[str, Any], *, at_once: bool) -> None:
        self._shown, self._told_at = shown, self._monotonic()
        self._refresh(at_once=at_once)

    def _refresh(self, *, at_once: bool) -> None:
        time_s = self._monotonic()
        if self._live is None:
            if time_s - self._last_line_at >= PLAIN_EVERY_SECONDS:
                self._print(time_s)
            return
        if not at_once and time_s - self._laid_out_at < LAID_OUT_EVERY_SECONDS:
            return  # the next update or tick shows it
        drawn = self._laid_out(time_s)
        self._laid_out_at = time_s
        if drawn != self._drawn:
            self._drawn = drawn
            self._live.update(drawn, refresh=True)

    def _laid_out(self, time_s: float) -> Drawn:
        width, height = self.console.size
        if isinstance(self._shown, Stage):
            stage = self._shown
            return Drawn(stage_screen(stage.text, done=stage.done, total=stage.total, width=width))
        # a row stays empty, so that taking the screen away scrolls nothing
        return Drawn(screen(self._status(time_s), width=width, height=max(1, height - 1)))

    def _print(self, time_s: float) -> None:
        if isinstance(self._shown, Stage):
            line = self._shown.text
            if self._shown.total:
                line += f" ({self._shown.done or 0}/{self._shown.total})"
        else:
            line = progress_line(self._status(time_s))
        if line != self._last_line:
            self._last_line, self._last_line_at = line, time_s
            self.say(line)

    def _status(self, time_s: float) -> dict[str, Any]:
        """The last status with its clock run down until now."""
        assert isinstance(self._shown, Mapping)
        status = dict(self._shown)
        if clock := status.get("clock"):
            passed = time_s - self._told_at
            status["clock"] = {
                name: None if clock.get(name) is None else clock[name] - passed
                for name in ("seconds_left", "bound_seconds_left")
            }
        status["researchers"] = [_later(row, time_s - self._told_at) for row in status["researchers"]]
        return status


def _later(row: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    """A researcher whose trouble has gone on since the status was told."""
    trouble = row.get("trouble")
    return {**row, "trouble": {**trouble, "seconds": trouble["seconds"] + seconds}} if trouble else row


def progress_line(status: Mapping[str, Any]) -> str:
    """The state of a run in one line, for where there is no terminal."""
    queue, researchers = status["queue"], status["researchers"]
    parts = [trouble(status), *(line for line, urgent in in_trouble(researchers) if urgent)]
    clock = status.get("clock")
    if researchers:
        submitted = sum(row["submitted"] for row in researchers)
        budgets = [row.get("budget") for row in researchers]
        budget = "" if None in budgets else f" of {sum(budgets)}"
        judged = submitted - sum(row.get("pending", 0) for row in researchers)
        verified = sum(row.get("verified", 0) for row in researchers)
        parts.append(f"{submitted}{budget} handed in, {judged} judged, {verified} verified")
        parts.append(spent(status))
        parts.append(f"runs {queue['running']}+{queue['queued']}")
        parts.append(_who_does_what(researchers))
    else:
        parts.append(f"runs: {queue['running']} running, {queue['queued']} queued, {queue['done']} done")
    text = "; ".join(part for part in parts if part)
    return f"[{time_left(clock or {})}] {text}" if clock or researchers else text


def _who_does_what(researchers: list[Mapping[str, Any]]) -> str:
    ordered = in_order(researchers)
    if len(ordered) <= MOST_NAMED:
        return ", ".join(f"{plain(row['name'])} {state}" for row, state in ordered)
    names: dict[State, list[str]] = defaultdict(list)
    for row, state in ordered:
        names[state].append(plain(row["name"]))
    named = [state for state in ATTENTION if 0 < len(names[state]) <= MOST_NAMED_IN_TROUBLE]
    grouped = by_state(state for _, state in ordered if state not in named)
    return ", ".join(filter(None, [grouped, *(f"{' and '.join(names[state])} {state}" for state in named)]))
