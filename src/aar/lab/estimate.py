"""Estimate of a run's remaining time on this machine: the remaining work at the measured pace.

    seconds left = max(work left / (slots * share of their time in use), submissions left * time to think of one) + end

What is left is counted where it is known (references, the queue) and expected where it is not: each submission that
may still come costs a practice run and its runs on dev, and some go on to a confirmation with audits, as often as
they did so far. Whose hours are bounded hands in more at the pace that it had until now. A kind of work takes what its
latest ones took; before the first of a kind has ended, what is known of the other kinds sets the pace.

Covered: a machine that is slower than ours, or busy beside us; researchers who think for minutes. Not covered: a
method that costs far more than those before it; a load that comes later.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from aar.database import Transaction, clock, researchers, standing, submissions, trainings, waiting
from aar.database.researchers import Role
from aar.database.runs import PLAIN, PRIORITIES, Priority
from aar.database.schema import runs as table
from aar.lab import budgets, capacity
from aar.lab.references import planned, wanted
from aar.settings import Settings

SECONDS_PER_LIMIT = 1 / 36
"""Duration of a run before any measurement, as a part of its time limit: 2.5 s on a mini testbed."""

RELATIVE: Mapping[str, float] = {
    "supervisor": 0.45,
    "ceiling": 0.8,
    "practice": 0.25,
    "baseline": 0.75,
    "run": 1.0,
    "audit": 1.3,
}
"""Duration of each kind of work relative to a run of a method; measured on mini-chat (two demos, 260 runs)."""

LATEST = 40
"""Of each kind these many count: a machine that has become busy is noticed."""
TRUST = 3.0
"""So many of a kind weigh as much as what is known from the other kinds."""

PRACTICES_EACH = 1.15
"""Practice runs for each submission: some methods break there first."""
CONFIRMED_SHARE, CONFIRMED_TRUST = 0.2, 15.0
"""Share of submissions that go on to a confirmation, and how many submissions that guess weighs as much as."""
LOOKED_AT_SHARE = 0.75
"""Part of a confirmation's runs that is made: some end at half of them."""
AUDIT_RUNS, AUDITED_SHARE = 13, 0.35
"""Runs under interventions that audits ask for, and the share of confirmations that get so far."""
USE, USE_TRUST_SECONDS = 0.8, 40.0
"""Share of the slots' time that is used, and how long it must be measured to weigh as much as that guess."""
END_RUNS = 2.5
"""Last turns, last verdict and report, in runs."""


@dataclass(frozen=True)
class Left:
    """Seconds that a run will still take; `measured` says that something on this machine has set the pace."""

    seconds: float
    measured: bool


def load() -> float:
    """Load of this machine in processes a core, at least 1; ask before the lab itself is a load."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def seconds_left(
    tx: Transaction,
    settings: Settings,
    everything: Sequence[submissions.Submission],
    *,
    clock_s: float,
    load: float = 1.0,
) -> Left:
    """The estimate for a lab under `settings` whose submissions are `everything`.

    The run's clock stands at `clock_s`; `load` as it was at the lab's start.
    """
    pace, measured = _pace(tx, settings, load)
    coming = {who.name: _may_come(tx, settings, who, clock_s) for who in researchers.own(tx)}
    work = _work(tx, settings, everything, coming)
    computing = sum(count * pace[kind] for kind, count in work.items())
    slots = capacity.of(tx, slots=settings.slots)
    computing /= slots * _use(tx, slots)
    return Left(max(computing, _thinking(tx, everything, coming)) + END_RUNS * pace["run"], measured)


def _pace(tx: Transaction, settings: Settings, load: float) -> tuple[dict[str, float], bool]:
    """Seconds of each kind of work, and whether any was measured."""
    unit = settings.run_seconds * SECONDS_PER_LIMIT * load
    took: dict[str, list[float]] = {kind: [] for kind in RELATIVE}
    for training in trainings.all(tx):
        if training.seconds > 0:
            took[training.role].append(training.seconds)
    roles = researchers.roles(tx)
    ended = (
        sa.select(table.c.split, PLAIN.label("plain"), table.c.researcher, table.c.started, table.c.finished)
        .where(table.c.state == "done")
        .order_by(table.c.finished.desc())
        .limit(3 * LATEST)
    )
    for row in reversed(tx.execute(ended).all()):
        priority: Priority = "practice" if row.split == "practice" else "dev" if row.plain else "audit"
        took[_kind(priority, roles[row.researcher])].append(max(0.0, row.finished - row.started))
    latest = {kind: seconds[-LATEST:] for kind, seconds in took.items()}
    known = sum(sum(seconds) for seconds in latest.values())
    expected = sum(len(seconds) * RELATIVE[kind] for kind, seconds in latest.items())
    unit = (known + unit) / (expected + 1.0)  # one run's worth of the guess
    pace = {
        kind: (sum(seconds) + TRUST * RELATIVE[kind] * unit) / (len(seconds) + TRUST)
        for kind, seconds in latest.items()
    }
    return pace, known > 0


def _work(
    tx: Transaction,
    settings: Settings,
    everything: Sequence[submissions.Submission],
    coming_of: Mapping[str, int],
) -> dict[str, float]:
    """Remaining work of each kind."""
    left = dict.fromkeys(RELATIVE, 0.0)
    roles = researchers.roles(tx)
    for _, (role, _, _) in wanted(tx, planned(settings)):
        left[role] += 1
    for line in waiting.lines(tx):
        left[_kind(line.priority, roles[line.researcher])] += line.runs
    under_way = sa.select(table.c.priority, table.c.researcher).where(table.c.state == "running")
    for rank, who in tx.execute(under_way):
        left[_kind(PRIORITIES[rank], roles[who])] += 1 / 2
    submitted = [submission for submission in everything if submission.role is not Role.BASELINE]
    if standing.find(tx) is None:
        left["baseline"] += (len(settings.baselines) + settings.students - 1) * settings.sealed_seeds
    coming = _coming(tx, settings, coming_of)
    open_on_dev = sum(submission.stage == "dev" for submission in submitted)
    confirming = sum(submission.stage == "sealed" for submission in submitted)
    went_on = confirming + sum(
        submission.status in ("verified", "not_reproduced", "violation") for submission in submitted
    )
    decided = len(submitted) - open_on_dev
    share = (went_on + CONFIRMED_SHARE * CONFIRMED_TRUST) / (decided + CONFIRMED_TRUST)
    confirmations = share * (coming + open_on_dev)
    left["practice"] += PRACTICES_EACH * coming
    left["run"] += coming * settings.dev_seeds
    left["run"] += confirmations * LOOKED_AT_SHARE * settings.sealed_seeds
    left["audit"] += AUDITED_SHARE * AUDIT_RUNS * (confirmations + (confirming if not left["audit"] else 0))
    return left


def _kind(priority: Priority, role: Role) -> str:
    """Kind of work of a run for an author in this role."""
    if priority in ("practice", "audit"):
        return priority
    return "baseline" if role is Role.BASELINE else "run"


def _may_come(tx: Transaction, settings: Settings, who: researchers.Researcher, clock_s: float) -> int:
    """Submissions that a researcher may still hand in; of its hours it makes as much as it has until now."""
    if who.submissions is None or who.state not in researchers.AT_WORK:
        return 0
    submitted = submissions.count(tx, who.name)
    left, worked = max(0, who.submissions - submitted), who.worked_at(clock_s)
    seconds = budgets.research_seconds_left(settings, budgets.Used(seconds=worked))
    if seconds is None or (seconds > 0 and not (submitted and worked)):
        return left
    return min(left, math.ceil(max(0.0, seconds) * submitted / worked))


def _coming(tx: Transaction, settings: Settings, coming_of: Mapping[str, int]) -> int:
    """Submissions that researchers may still hand in."""
    coming = sum(coming_of.values())
    if settings.submissions_in_all is not None:
        coming = min(coming, settings.submissions_in_all - submissions.count_of_researchers(tx))
    return max(0, coming)


def _use(tx: Transaction, slots: int) -> float:
    """Share of the slots' time in which they trained or ran something."""
    first = tx.scalar(sa.select(sa.func.min(table.c.started)))
    if first is None:
        return USE
    busy = sa.select(sa.func.sum(table.c.finished - table.c.started)).where(
        table.c.state.in_(("done", "failed"))
    )
    used = float(tx.scalar(busy) or 0.0)
    used += sum(training.seconds for training in trainings.all(tx) if training.at >= first)
    seconds = clock.now() - first
    share = (used / slots + USE * USE_TRUST_SECONDS) / (seconds + USE_TRUST_SECONDS)
    return float(min(1.0, max(0.2, share)))


def _thinking(
    tx: Transaction, everything: Sequence[submissions.Submission], coming_of: Mapping[str, int]
) -> float:
    """Seconds that the slowest researcher will still think; the time until the lab has answered it is left out."""
    longest = 0.0
    for researcher in researchers.all(tx):
        own = [submission for submission in everything if submission.researcher == researcher.name]
        if not coming_of.get(researcher.name) or len(own) < 2:
            continue
        gaps = [
            max(0.0, later.created - max(earlier.created, earlier.decided or 0.0))
            for earlier, later in itertools.pairwise(own)
        ]
        longest = max(longest, sum(gaps) / len(gaps) * coming_of[researcher.name])
    return longest
