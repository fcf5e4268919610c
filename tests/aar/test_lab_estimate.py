"""The time left follows from the work that is left and from what work took on this machine, not from a constant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from queue_lab import open_lab, submit
from sqlalchemy import update

from aar.database import researchers, runs, standing, submissions, trainings
from aar.database.schema import runs as runs_table
from aar.database.schema import submissions as submissions_table
from aar.lab.estimate import Left, seconds_left
from aar.lab.intake import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Nothing is trained and nothing handed in; two researchers may hand in four methods each."""
    found = open_lab(tmp_path, "r1", "r2", submissions=4, slots=2)
    with found.database.write() as tx:
        trainings.keep(tx, [])
        standing.put(tx, standing.Standing("floor", 0.5, 8))
        for name in ("r1", "r2"):
            researchers.begin_again(tx, name, submissions=4, model="aar/evolution")
    yield found
    found.database.close()


def left(lab: Lab, *, load: float = 1.0, clock_s: float = 0.0, hours_each: float | None = None) -> Left:
    settings = replace(lab.settings, hours_each=hours_each)
    with lab.database.read() as tx:
        return seconds_left(tx, settings, submissions.all(tx), clock_s=clock_s, load=load)


def train_all(lab: Lab, seconds: float) -> None:
    with lab.database.write() as tx:
        for place in lab.planned:
            trainings.add(tx, *place, seconds=seconds, core_seconds=seconds)


def end_runs(lab: Lab, seconds: float) -> None:
    """Every run that waits has taken so long."""
    ended = runs_table.c.state == "queued"
    with lab.database.write() as tx:
        at = runs_table.c.created
        tx.execute(update(runs_table).where(ended).values(state="done", started=at, finished=at + seconds))


def test_before_anything_is_measured_the_guess_grows_with_the_load_of_the_machine(lab: Lab) -> None:
    guess = left(lab)
    assert not guess.measured
    assert guess.seconds > 10
    assert left(lab, load=3.0).seconds == pytest.approx(3 * guess.seconds, rel=0.05)


def test_a_machine_half_as_fast_takes_twice_as_long(lab: Lab) -> None:
    train_all(lab, 1.0)
    fast = left(lab)
    assert fast.measured
    with lab.database.write() as tx:
        trainings.keep(tx, [])
    train_all(lab, 2.0)
    assert left(lab).seconds == pytest.approx(2 * fast.seconds, rel=0.15)


def test_work_that_is_done_is_no_longer_counted(lab: Lab) -> None:
    before = left(lab).seconds
    train_all(lab, 1.0)
    trained = left(lab).seconds
    assert trained < before
    for text in ("a", "b", "c", "d"):
        submit(lab, "r1", text)
        submit(lab, "r2", text + " too")
    end_runs(lab, 2.0)
    with lab.database.write() as tx:
        tx.execute(update(submissions_table).values(stage="done", status="no_improvement"))
    assert left(lab).seconds < 0.2 * trained


def test_researchers_who_will_hand_in_nothing_more_cost_no_time(lab: Lab) -> None:
    train_all(lab, 1.0)
    both = left(lab).seconds
    with lab.database.write() as tx:
        researchers.set_state(tx, "r2", "stopped")
    assert left(lab).seconds < 0.7 * both


def test_a_researcher_that_thinks_long_is_waited_for(lab: Lab) -> None:
    train_all(lab, 1.0)
    first, second = submit(lab, "r1", "a"), submit(lab, "r1", "b")
    end_runs(lab, 1.0)
    with lab.database.write() as tx:
        for one, created in ((first, 1000.0), (second, 1000.0 + 1800)):
            tx.execute(
                update(submissions_table)
                .where(submissions_table.c.id == one)
                .values(created=created, decided=created, stage="done", status="no_improvement")
            )
    assert (
        2 * 1800 <= left(lab).seconds < 2.2 * 1800
    )  # half an hour for each of the two that it may still hand in
    with lab.database.read() as tx:
        assert runs.all(tx)


def test_whose_hours_are_bounded_hands_in_what_it_can_within_them(lab: Lab) -> None:
    train_all(lab, 1.0)
    for name in ("r1", "r2"):
        submit(lab, name, f"of {name}")
    end_runs(lab, 1.0)
    with lab.database.write() as tx:
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "working")
            researchers.note_work(tx, name, worked=0.0, since=0.0)
    unbounded = left(lab, clock_s=600.0).seconds
    assert left(lab, clock_s=600.0, hours_each=100.0).seconds == pytest.approx(unbounded, rel=0.1)
    one_more_each = left(lab, clock_s=600.0, hours_each=0.3).seconds
    none = left(lab, clock_s=600.0, hours_each=0.15).seconds
    assert 1.1 * none < one_more_each < 0.9 * unbounded
