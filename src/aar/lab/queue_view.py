"""View of the engine's work and of its queue, with durations: measured for people, nominal for researchers.

A researcher is never told a measured time: shared caches would make it an oracle. It learns how many of the runs
that it asked for are left, how many nominal minutes go before them, and when it may come back if it must wait.
Confirmations and their audits are not among them, for any author: how many runs wait would tell, before the
verdict, that a gain was reproduced. Not covered: the clock. A dev run that waits longer tells that the lab is busy.
"""

# no `from __future__ import annotations`: pydantic reads the types of these fields when the classes are made

from typing import Any

from aar.database import Transaction, clock, meta, researchers, runs, waiting, waits
from aar.lab import cooldown
from aar.lab.view import View
from aar.seeds import supervisor_of

TOLD: tuple[runs.Priority, ...] = ("opening", *runs.ASKED_FOR)
"""Of these runs researchers are told."""


class OwnQueue(View):
    """A researcher's view of the queue: counts and nominal minutes, nothing measured."""

    runs_queued: int
    nominal_minutes_until_done: float
    failures_in_a_row: int
    wait_seconds: float
    """Seconds of cool-down that remain after failures."""


class Line(View):
    """One researcher's waiting runs at one priority."""

    priority: runs.Priority
    researcher: str
    runs: int
    nominal_minutes: float
    seconds: float | None
    """Until these and all before them are done, by the durations measured so far; null while nothing was measured."""


class UnderWay(View):
    """A run that a slot has."""

    run: str
    researcher: str
    submission: str | None
    split: str
    pair: int
    place: str | None
    seconds: float
    tries: int


class Held(View):
    """A researcher that is held back after failures."""

    researcher: str
    failures: int
    seconds: float


class EngineState(View):
    """State of the engine: runs lost in a row, its last words, and the time of its next run."""

    lost_in_a_row: int
    why: str
    resumes_in_seconds: float


class WaitsFor(View):
    """Wait of a submission's verdict; words are made where it is shown."""

    submission: str
    reason: str
    """A `aar.database.waits.Reason`."""
    what: dict[str, Any]
    seconds: float


class Traffic(View):
    """The queue by priority and researcher, what runs where, who waits, and how long it will take."""

    counts: dict[str, int]
    """Runs by state."""
    queued: tuple[Line, ...]
    running: tuple[UnderWay, ...]
    held: tuple[Held, ...]
    waits: tuple[WaitsFor, ...]
    engine: EngineState
    seconds_left: float | None


def traffic(tx: Transaction, *, slots: int) -> Traffic:
    """The state of the queue, for people."""
    time_s = clock.now()
    took = {practice: waiting.seconds_a_run(tx, practice=practice) for practice in (True, False)}
    running = runs.all(tx, state="running")
    ahead = 0.0
    known = True
    for run in running:
        each = took[run.split == "practice"]
        known = known and each is not None
        ahead += max(0.0, (each or 0.0) - (time_s - (run.started or time_s)))
    everything = waiting.lines(tx)
    lines: list[Line] = []
    for priority in runs.PRIORITIES:
        at_priority = [line for line in everything if line.priority == priority]
        each = took[priority == "practice"]
        known = known and (each is not None or not at_priority)
        ahead += sum(line.runs for line in at_priority) * (each or 0.0)
        lines += [
            Line(
                priority=priority,
                researcher=line.researcher,
                runs=line.runs,
                nominal_minutes=round(line.nominal, 2),
                seconds=round(ahead / slots, 1) if known else None,
            )
            for line in at_priority
        ]
    return Traffic(
        counts=dict(waiting.counts(tx)),
        queued=tuple(lines),
        running=tuple(_under_way(run, time_s) for run in running),
        held=tuple(
            Held(researcher=who.name, failures=who.failures, seconds=round(cooldown.seconds_left(who), 1))
            for who in researchers.all(tx)
            if cooldown.seconds_left(who) > 0
        ),
        waits=tuple(_waits_for(wait, time_s) for wait in waits.all(tx).values()),
        engine=_engine(tx, time_s),
        seconds_left=round(ahead / slots, 1) if known and (lines or running) else None,
    )


def of_researcher(tx: Transaction, who: researchers.Researcher, *, slots: int) -> OwnQueue:
    """A researcher's view of the queue: counts and nominal minutes of its own requests, nothing measured."""
    lines = [line for line in waiting.lines(tx) if line.priority in TOLD]
    own = [line for line in lines if line.researcher == who.name]
    last = max((runs.PRIORITIES.index(line.priority) for line in own), default=-1)
    minutes = sum(line.nominal for line in lines if runs.PRIORITIES.index(line.priority) <= last) / slots
    return OwnQueue(
        runs_queued=sum(line.runs for line in own),
        nominal_minutes_until_done=round(minutes, 2),
        failures_in_a_row=who.failures,
        wait_seconds=round(cooldown.seconds_left(who), 1),
    )


def _under_way(run: runs.Run, time_s: float) -> UnderWay:
    return UnderWay(
        run=run.key[:12],
        researcher=run.researcher,
        submission=run.submission,
        split=run.split,
        pair=supervisor_of(run.pair_index),
        place=run.place,
        seconds=round(max(0.0, time_s - (run.started or time_s)), 1),
        tries=run.tries,
    )


def _waits_for(wait: waits.Wait, time_s: float) -> WaitsFor:
    return WaitsFor(
        submission=wait.submission,
        reason=wait.reason.value,
        what=dict(wait.what),
        seconds=round(max(0.0, time_s - wait.at), 1),
    )


def _engine(tx: Transaction, time_s: float) -> EngineState:
    stored = meta.find(tx, "engine", {"lost_in_a_row": 0, "resumes": 0.0, "why": ""})
    return EngineState(
        lost_in_a_row=stored["lost_in_a_row"],
        why=stored["why"],
        resumes_in_seconds=round(max(0.0, stored["resumes"] - time_s), 1),
    )
