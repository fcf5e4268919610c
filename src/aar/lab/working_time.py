"""The time that each researcher works, by the run's clock; what it is counted against is `Settings.hours_each`.

It is counted from a researcher's first word to the lab until its end, as long as nobody pauses it. Turns, tools, waits
for verdicts, rests and outages of its provider are all in it. The run's clock stands still while no lab runs and while
the machine sleeps, and does not notice if the machine's own clock is set.

Covered: any process that is killed at any moment. What is stored is since when somebody works, so that a lab that dies
loses nothing; if all are killed, what came after the last note of the run's clock is not counted. A pause, an end or a
start by whoever writes it: the lab looks after each commit. Not covered: the part of a second until it looks.
"""

from __future__ import annotations

from dataclasses import dataclass

from aar.database import Transaction, meta, researchers
from aar.lab import budgets, coming_back
from aar.lab.intake import Lab


@dataclass(frozen=True)
class Hours:
    """Whose hours for research are over, and when the next one's will be.

    Attributes:
        over: Names of those who still work.
        seconds_left: Seconds until one more is over; None if nobody else works under a bound.
    """

    over: frozenset[str] = frozenset()
    seconds_left: float | None = None


def look(lab: Lab) -> Hours:
    """Note who has begun to work and who works no longer."""
    with lab.database.read() as tx:
        team = researchers.team(tx)
    clock_s = lab.elapsed()
    if any(who.is_working != (who.works_since is not None) for who in team):
        with lab.database.write() as tx:
            for who in researchers.team(tx):
                if who.is_working and who.works_since is None:
                    researchers.note_work(tx, who.name, worked=who.worked, since=clock_s)
                elif not who.is_working:
                    _settle(tx, who, clock_s)
                    if who.state == "finished" and who.works_since is not None:
                        coming_back.note_ended(tx, who.name, clock_s)
            team = researchers.team(tx)
    return _hours(lab, [who for who in team if who.is_working], clock_s)


def settle_all(tx: Transaction, clock_s: float | None = None) -> None:
    """Nobody works any more: since `clock_s`, or since the run's clock was last noted."""
    until = float(meta.find(tx, "elapsed_seconds", 0.0)) if clock_s is None else clock_s
    for who in researchers.team(tx):
        _settle(tx, who, until)


def _settle(tx: Transaction, who: researchers.Researcher, clock_s: float) -> None:
    if who.works_since is not None:
        researchers.note_work(tx, who.name, worked=who.worked_at(clock_s), since=None)


def _hours(lab: Lab, working: list[researchers.Researcher], clock_s: float) -> Hours:
    if lab.settings.hours_each is None:
        return Hours()
    most = budgets.research_seconds(lab.settings.hours_each)
    left = {who.name: most - who.worked_at(clock_s) for who in working}
    return Hours(
        frozenset(name for name, seconds in left.items() if seconds <= 0),
        min((seconds for seconds in left.values() if seconds > 0), default=None),
    )
