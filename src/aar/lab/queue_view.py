"""What the engine does, what waits for it and for how long: measured for people, nominal for researchers.

A researcher is never told a measured time: shared caches would make it an oracle. It learns how many of the runs
that it asked for are left, how many nominal minutes go before them, and when it may come back if it must wait.
Confirmations and their audits are not among them, whoever's they are: how many runs wait would tell, before the
verdict, that a gain was reproduced. Not covered: the clock. A dev run that waits longer tells that the lab is busy.
"""

from __future__ import annotations

from typing import Any

from aar.database import Transaction, clock, meta, researchers, runs, waiting, waits
from aar.lab import cooldown

TOLD: tuple[runs.Priority, ...] = ("opening", *runs.ASKED_FOR)
"""Of these runs researchers are told."""


def traffic(tx: Transaction, *, slots: int) -> dict[str, Any]:
    """The queue by priority and researcher, what runs where and since when, who waits, and how long it will take.

    `seconds` of a line is when, by the durations measured so far, every run of its priority and of those
    before it will be done; None as long as nothing was measured.
    """
    now = clock.now()
    took = {practice: waiting.seconds_a_run(tx, practice=practice) for practice in (True, False)}
    running = runs.all(tx, state="running")
    ahead = 0.0
    known = True
    for run in running:
        each = took[run.split == "practice"]
        known = known and each is not None
        ahead += max(0.0, (each or 0.0) - (now - (run.started or now)))
    everything = waiting.lines(tx)
    lines: list[dict[str, Any]] = []
    for priority in runs.PRIORITIES:
        here = [line for line in everything if line.priority == priority]
        each = took[priority == "practice"]
        known = known and (each is not None or not here)
        ahead += sum(line.runs for line in here) * (each or 0.0)
        lines += [
            {
                "priority": priority,
                "researcher": line.researcher,
                "runs": line.runs,
                "nominal_minutes": round(line.nominal, 2),
                "seconds": round(ahead / slots, 1) if known else None,
            }
            for line in here
        ]
    return {
        "counts": dict(waiting.counts(tx)),
        "queued": lines,
        "running": [
            {
                "run": run.key[:12],
                "researcher": run.researcher,
                "submission": run.submission,
                "split": run.split,
                "pair": run.pair_index,
                "place": run.place,
                "seconds": round(max(0.0, now - (run.started or now)), 1),
                "tries": run.tries,
            }
            for run in running
        ],
        "held": [
            {
                "researcher": one.name,
                "failures": one.failures,
                "seconds": round(cooldown.seconds_left(one), 1),
            }
            for one in researchers.all(tx)
            if cooldown.seconds_left(one) > 0
        ],
        "waits": [waiting_of(wait, now) for wait in waits.all(tx).values()],
        "engine": _engine(tx, now),
        "seconds_left": round(ahead / slots, 1) if known and (lines or running) else None,
    }


def waiting_of(wait: waits.Wait, now: float) -> dict[str, Any]:
    """What an undecided submission waits for, as a JSON object; words are made where it is shown, for people only."""
    return {
        "submission": wait.submission,
        "reason": wait.reason.value,
        "what": dict(wait.what),
        "seconds": round(max(0.0, now - wait.at), 1),
    }


def of_researcher(tx: Transaction, who: researchers.Researcher, *, slots: int) -> dict[str, Any]:
    """What one researcher may know of the queue: counts and nominal minutes of what was asked for, nothing measured."""
    lines = [line for line in waiting.lines(tx) if line.priority in TOLD]
    own = [line for line in lines if line.researcher == who.name]
    last = max((runs.PRIORITIES.index(line.priority) for line in own), default=-1)
    minutes = sum(line.nominal for line in lines if runs.PRIORITIES.index(line.priority) <= last) / slots
    return {
        "runs_queued": sum(line.runs for line in own),
        "nominal_minutes_until_done": round(minutes, 2),
        "failures_in_a_row": who.failures,
        "wait_seconds": round(cooldown.seconds_left(who), 1),
    }


def _engine(tx: Transaction, now: float) -> dict[str, Any]:
    """How many runs the engine lost one after the other, what it said last, and when it is given the next."""
    found = meta.find(tx, "engine", {"lost_in_a_row": 0, "resumes": 0.0, "why": ""})
    return {
        "lost_in_a_row": found["lost_in_a_row"],
        "why": found["why"],
        "resumes_in_seconds": round(max(0.0, found["resumes"] - now), 1),
    }
