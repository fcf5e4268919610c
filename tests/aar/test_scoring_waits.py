"""What a verdict waits for is a value: it changes with what is there, goes with the verdict, and is shown in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_lab import SyntheticLab

from aar.cli import queue
from aar.database import submissions, waits, wanted_runs
from aar.database.submissions import Ended
from aar.database.waits import Reason
from aar.database.wanted_runs import WantedRun
from aar.scoring.audits import rules


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    return SyntheticLab(tmp_path / "lab").with_baselines()


def waiting(lab: SyntheticLab) -> dict[str, tuple[Reason, dict[str, object]]]:
    """Reason and details of every wait after the scorer has looked."""
    lab.judge.step()
    with lab.db.read() as tx:
        return {id: (wait.reason, dict(wait.what)) for id, wait in waits.all(tx).items()}


@pytest.fixture
def shown(lab: SyntheticLab, capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines of `aar queue show` about undecided submissions."""

    def lines() -> list[str]:
        queue.show(lab.path)
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("undecided")]

    return lines


def test_without_a_baseline_that_ran_everybody_waits_for_the_baselines(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab")
    baseline = lab.hand_in("lab", "vanilla", title="vanilla")
    one = lab.submit("r1", dev=0.8)
    assert waiting(lab)[one] == (Reason.BASELINES, {})
    assert waiting(lab)[baseline] == (Reason.BASELINES, {"waiting": [baseline]})


def test_a_submission_waits_in_turn_for_its_runs_its_confirmation_and_its_audits(
    lab: SyntheticLab, shown: Callable[[], list[str]]
) -> None:
    one = lab.hand_in("r1", "new")
    assert waiting(lab) == {one: (Reason.DEV_RUNS, {"done": 0, "needed": 3})}
    lab.run(one, "dev", 0.8, seeds=2)
    assert waiting(lab) == {one: (Reason.DEV_RUNS, {"done": 2, "needed": 3})}
    lab.run(one, "dev", 0.8, seeds=3, first=2)
    reason, what = waiting(lab)[one]
    assert (reason, what["done"]) == (Reason.SEALED_RUNS, 0)
    assert shown() == [f"undecided  {one} waits for runs on sealed (0 of {what['needed']})"]
    lab.run(one, "sealed", 0.8, seeds=10)
    reason, what = waiting(lab)[one]
    assert (reason, what["done"]) == (Reason.AUDIT_RUNS, 0)
    lab.settle()
    assert lab.status(one) == ("verified", "done")
    assert waiting(lab) == {}
    assert shown() == []


def test_the_same_code_waits_for_the_verdict_on_the_first(
    lab: SyntheticLab, shown: Callable[[], list[str]]
) -> None:
    first, second = lab.hand_in("r1", "same"), lab.hand_in("r2", "same")
    assert waiting(lab)[second] == (Reason.EARLIER_VERDICT, {"submission": first})
    assert f"undecided  {second} waits for the verdict on {first}" in shown()


def test_a_wait_is_written_only_when_it_changes(lab: SyntheticLab) -> None:
    one = lab.hand_in("r1", "new")
    lab.judge.step()
    with lab.db.read() as tx:
        before = waits.all(tx)[one]
    lab.hand_in("r2", "another")
    lab.judge.step()
    with lab.db.read() as tx:
        assert waits.all(tx)[one] == before


def test_a_run_under_an_intervention_that_there_is_no_more_ends_its_submission_and_blames_nobody(
    lab: SyntheticLab,
) -> None:
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    with lab.db.write() as tx:
        wanted_runs.add(tx, one, [WantedRun("sealed", 0, "forgetfull")])
    lab.judge.step()
    assert lab.status(one) == ("failed", "done")
    assert lab.ended(one) is Ended.LOST
    assert "no intervention 'forgetfull'" in lab.reply(one)
    assert lab.figures(one, "sealed").note == "no intervention 'forgetfull'"
    with lab.db.read() as tx:
        code = submissions.get(tx, one).code_hash
    again = lab.hand_in("r1", code)
    lab.settle()
    assert lab.status(again) == ("verified", "done")


def test_a_run_that_was_made_under_an_intervention_that_there_is_no_more_still_counts(
    lab: SyntheticLab,
) -> None:
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    with lab.db.write() as tx:
        wanted_runs.add(tx, one, [WantedRun("sealed", 0, "forgotten")])
    lab.finish_audits()
    lab.settle()
    assert lab.status(one) == ("verified", "done")
