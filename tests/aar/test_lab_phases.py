"""A run ends when its work is done; a time only cuts it off, and what it cut off is judged later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from queue_lab import open_lab, submit

from aar import ledger
from aar.database import Transaction, researchers, standing
from aar.database.charges import ChargeKind
from aar.database.figures import Figures
from aar.database.progress import EndReason
from aar.errors import OverBudget
from aar.lab import conductor
from aar.lab.intake import RESERVE, Lab
from aar.lab.status import status
from aar.prices import Cost, nano

NOTHING = Figures(seeds=2, n=1000)


def decide(tx: Transaction, one: str, *, status: str = "no_improvement") -> None:
    ledger.record_verdict(tx, one, stage="dev", status=status, reply="", figures=NOTHING)  # type: ignore[arg-type]


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Lab]:
    """A lab with one baseline that is decided on both splits, so that research is on; `used` seconds of its time."""

    def make(*, used: float = 0.0, to_the_end: bool = False, **changes: object) -> Lab:
        lab = open_lab(tmp_path, "r1", "r2", **{"submissions": 1, "baselines": ("vanilla",), **changes})
        lab = Lab(lab.folder, lab.settings, lab.database, elapsed=used, to_the_end=to_the_end)
        with lab.database.read() as tx:
            there = [one.name for one in researchers.all(tx)]
        assert there[-2:] == ["r1", "r2"]
        baseline = submit(lab, researchers.LAB, "vanilla")
        with lab.database.write() as tx:
            for name in ("r1", "r2"):
                researchers.begin_again(tx, name, submissions=1, model="aar/evolution")
                researchers.set_state(tx, name, "working")
            decide(tx, baseline)
            ledger.record_verdict(
                tx, baseline, stage="sealed", status="no_improvement", reply="", figures=NOTHING
            )
        lab.settings = replace(lab.settings, confirmed="best")
        with lab.database.write() as tx:
            standing.put(tx, standing.Standing("another", 0.5, 8))
        return lab

    return make


def test_research_goes_on_until_every_submission_is_used_and_the_run_until_all_are_judged(
    made: Callable[..., Lab],
) -> None:
    lab = made()
    assert conductor.advance(lab) == "research"
    one = submit(lab, "r1", "first")
    assert conductor.advance(lab) == "research"
    other = submit(lab, "r2", "second")
    assert conductor.advance(lab) == "settling"
    with lab.database.write() as tx:
        decide(tx, one)
        decide(tx, other)
    assert conductor.advance(lab) == "closing"  # their last turns
    with lab.database.write() as tx:
        researchers.set_state(tx, "r1", "finished")
        researchers.set_state(tx, "r2", "finished")
    assert conductor.advance(lab) == "finished"


def test_researchers_who_will_not_come_back_hold_nothing_up(made: Callable[..., Lab]) -> None:
    lab = made()
    with lab.database.write() as tx:
        researchers.set_state(tx, "r1", "stopped")
    assert conductor.advance(lab) == "research"
    with lab.database.write() as tx:
        researchers.set_state(tx, "r2", "stopped")
    assert conductor.advance(lab) == "finished"


def test_a_run_whose_researchers_all_died_before_handing_anything_in_ends_at_once(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1", "r2", submissions=1)
    submit(lab, researchers.LAB, "vanilla")
    assert conductor.advance(lab) == "baselines"
    with lab.database.write() as tx:
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "stopped")
    assert conductor.advance(lab) == "finished"


def test_without_a_bound_no_time_is_over(made: Callable[..., Lab]) -> None:
    lab = made(used=1e7)
    assert (lab.seconds_left(), lab.research_seconds_left()) == (None, None)
    submit(lab, "r1", "late")
    assert conductor.advance(lab) == "research"


def test_a_bound_ends_research_early_enough_for_confirmations_and_then_cuts_the_run_off(
    made: Callable[..., Lab],
) -> None:
    lab = made(minutes=10.0)
    submit(lab, "r1", "in time")
    late = Lab(lab.folder, lab.settings, lab.database, elapsed=600 * (1 - RESERVE) + 1)
    with pytest.raises(OverBudget, match="time for submissions is over"):
        submit(late, "r2", "too late")
    assert conductor.advance(late) == "settling"
    over = Lab(lab.folder, lab.settings, lab.database, elapsed=601)
    assert conductor.advance(over) == "finished"
    shown = status(over, "finished")
    assert shown.undecided == 1


def test_what_was_cut_off_is_judged_by_a_later_start_however_long_it_takes(made: Callable[..., Lab]) -> None:
    lab = made(minutes=10.0)
    one = submit(lab, "r1", "in time")
    later = Lab(lab.folder, lab.settings, lab.database, elapsed=1e6, to_the_end=True)
    with lab.database.write() as tx:
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "stopped")
    assert conductor.advance(later) == "settling"
    assert later.seconds_left() is None
    with lab.database.write() as tx:
        decide(tx, one)
    assert conductor.advance(later) == "finished"


def test_a_spent_budget_ends_research_and_what_was_handed_in_is_judged(made: Callable[..., Lab]) -> None:
    lab = made(budget_usd=1.0, budget_usd_each=0.75)
    one = submit(lab, "r1", "first")

    def pay(name: str, usd: float) -> None:
        with lab.database.write() as tx:
            key, paid = f"{name} {usd}", Cost(nano(usd), 1)
            ledger.record_charge(tx, key, researcher=name, kind=ChargeKind.MODEL, cost=paid)

    pay("r2", 0.25)
    assert conductor.advance(lab) == "research"
    assert not status(lab, "research").spending.ends_research
    pay("r2", 0.5)  # its own is spent, and r1 has handed everything in
    assert conductor.advance(lab) == "settling"
    shown = status(lab, "settling")
    assert (shown.spending.ends_research, shown.cut) == (True, False)
    assert (shown.spending.usd, shown.spending.usd_budget, shown.spending.usd_left) == (0.75, 1.0, 0.25)
    assert [member.money.usd_left for member in shown.researchers] == [0.25, 0.0]
    with lab.database.write() as tx:
        decide(tx, one)
        researchers.set_state(tx, "r1", "finished")
        researchers.set_state(tx, "r2", "finished", reason=EndReason.BUDGET)
    assert conductor.advance(lab) == "finished"


def test_one_that_rests_holds_the_research_open_and_one_that_finished_does_not(
    made: Callable[..., Lab],
) -> None:
    lab = made()
    with lab.database.write() as tx:
        researchers.set_state(tx, "r1", "resting", reason=EndReason.NO_EFFECT)
        researchers.set_state(tx, "r2", "finished")
    assert conductor.advance(lab) == "research"
    with lab.database.write() as tx:
        researchers.set_state(tx, "r1", "finished", reason=EndReason.NO_EFFECT)
    assert conductor.advance(lab) == "finished"


def test_a_lab_that_stays_open_takes_methods_in_until_its_time_is_over(made: Callable[..., Lab]) -> None:
    lab = made()
    with lab.database.write() as tx:
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "finished")
    assert conductor.advance(lab) == "finished"
    lab.stays_open = True
    assert conductor.advance(lab) == "research"
    late = made(used=1000.0, minutes=10)
    late.stays_open = True
    assert conductor.advance(late) == "finished"


def test_no_run_waits_for_a_guest(made: Callable[..., Lab]) -> None:
    lab = made()
    with lab.database.write() as tx:
        researchers.add(tx, "ada", outside=True, submissions=5)
        researchers.set_state(tx, "ada", "working")
        for name in ("r1", "r2"):
            researchers.set_state(tx, name, "finished")
    assert conductor.advance(lab) == "finished"
