"""The conductor writes only where there is something to write, and asks for nothing a second time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import researchers as people
from aar.database import runs, submissions, trainings, wanted_runs
from aar.database.figures import Figures
from aar.database.wanted_runs import WantedRun
from aar.folder import LabFolder
from aar.lab import conductor
from aar.lab.intake import Lab
from aar.lab.references import planned
from aar.run_records import RunEnd
from aar.settings import Settings

METHOD = "def run(bench):\n    return bench.strong().predict(bench.test)\n"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    folder, settings = LabFolder(tmp_path), Settings(dev_seeds=2, sealed_seeds=2)
    folder.describe({"settings": settings.as_json(), "testbed": settings.testbed})
    store = database.open(folder.database, create=True)
    with store.write() as tx:
        people.add(tx, people.LAB)
        for name in ("r1", "r2"):
            people.add(tx, name, token=name, submissions=5)
        trainings.keep(tx, planned(settings))
    yield Lab(folder, settings, store, elapsed=0.0)
    store.close()


def hand_in(lab: Lab, researcher: str = "r1", *, code: str = METHOD) -> str:
    made = lab.submit(
        researcher,
        files={"method.py": code},
        title="a method",
        summary="",
        parents=(),
        claim="",
        request=None,
    )
    return made.id


def pass_dev(lab: Lab, submission: str) -> None:
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx, submission, stage="dev", status="pending", reply="pending", figures=Figures(seeds=2, n=9)
        )


def sealed(lab: Lab) -> list[runs.Run]:
    with lab.database.read() as tx:
        return runs.all(tx, split="sealed")


def test_a_step_without_anything_to_do_does_not_wait_for_whoever_writes(lab: Lab) -> None:
    submission = hand_in(lab)
    pass_dev(lab, submission)
    phase = conductor.advance(lab)
    assert len(sealed(lab)) == 2
    other = database.open(lab.folder.database)
    with other.write():  # the scorer is in the middle of a verdict
        assert conductor.advance(lab) == phase
    other.close()


def test_a_run_that_was_lost_for_one_submission_is_queued_again_for_a_later_one_of_the_same_code(
    lab: Lab,
) -> None:
    first, second = hand_in(lab, "r1"), hand_in(lab, "r2")
    for submission in (first, second):
        pass_dev(lab, submission)
    conductor.advance(lab)
    assert {run.submission for run in sealed(lab)} == {first}
    with lab.database.write() as tx:
        ledger.record_run(tx, sealed(lab)[0].key, state="lost", end=RunEnd())
    conductor.advance(lab)
    assert sorted(run.submission or "" for run in sealed(lab)) == [first, second]
    assert {run.state for run in sealed(lab)} == {"queued"}


def test_code_that_was_refused_leaves_the_queue_once_and_nothing_is_asked_for_it_again(lab: Lab) -> None:
    submission = hand_in(lab)
    pass_dev(lab, submission)
    conductor.advance(lab)
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx,
            submission,
            stage="sealed",
            status="not_reproduced",
            reply="no",
            figures=Figures(seeds=2, n=9),
        )
    for _ in range(2):
        conductor.advance(lab)
        assert {run.state for run in sealed(lab)} == {"cancelled"}
        assert len(sealed(lab)) == 2


def test_a_step_that_broke_off_is_taken_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = hand_in(lab)
    pass_dev(lab, submission)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(conductor.meta, "put", full)
        with pytest.raises(OSError, match="no space"):
            conductor.advance(lab)
    assert sealed(lab) == []
    conductor.advance(lab)
    assert len(sealed(lab)) == 2


def test_the_code_of_every_submission_is_laid_out_for_the_scorer_by_the_first_step(lab: Lab) -> None:
    submission = hand_in(lab)
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx, submission, stage="dev", status="failed", reply="no", figures=Figures(seeds=0, n=0)
        )
        code = submissions.get(tx, submission).code_hash
    conductor.advance(lab)
    assert lab.folder.code(code).exists()


def test_a_run_under_an_intervention_that_there_is_no_more_stops_nothing(lab: Lab) -> None:
    one = hand_in(lab)
    pass_dev(lab, one)
    with lab.database.write() as tx:
        wanted_runs.add(tx, one, [WantedRun("sealed", 0, "blind"), WantedRun("sealed", 0, "forgetfull")])
    conductor.advance(lab)
    assert {run.intervention for run in sealed(lab)} == {"none", "blind"}


def test_whoever_others_are_compared_with_has_more_students_for_each_supervisor(lab: Lab) -> None:
    """So that its luck counts for less; a candidate has one, and what is queued once stays as it is."""
    with lab.database.write() as tx:
        for name in ("vanilla", "newcomer"):
            people.add(tx, name, token=name, submissions=5)
    holder, candidate = hand_in(lab, "vanilla"), hand_in(lab, "newcomer", code=METHOD + "# another\n")
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx, holder, stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=2, n=9)
        )
        ledger.record_verdict(
            tx,
            candidate,
            stage="dev",
            status="pending",
            reply="pending",
            figures=Figures(seeds=2, n=9, champion=holder, sealed_seeds=2),
        )
    conductor.advance(lab)
    by_submission = {
        one: sorted((run.supervisor_seed, run.student_seed) for run in sealed(lab) if run.submission == one)
        for one in (holder, candidate)
    }
    assert [supervisor for supervisor, _ in by_submission[candidate]] == [0, 1]
    assert [supervisor for supervisor, _ in by_submission[holder]] == [0, 0, 1, 1]
    assert len({seed for _, seed in by_submission[holder]}) == 4


def test_a_confirmation_has_the_plain_baseline_on_its_supervisors_whoever_it_is_compared_with(
    lab: Lab,
) -> None:
    """Its students tell how good these supervisors are."""
    plain, other = (
        lab.submit(
            people.LAB,
            files={"method.py": METHOD + f"# {title}\n"},
            title=title,
            summary="",
            parents=(),
            claim="",
            request=None,
        ).id
        for title in ("vanilla", "zero_shot")
    )
    one = hand_in(lab, code=METHOD + "# mine\n")
    with lab.database.write() as tx:
        figures = Figures(seeds=2, n=9, champion=other, sealed_seeds=3)
        ledger.record_verdict(tx, one, stage="dev", status="pending", reply="", figures=figures)
    conductor.advance(lab)
    with lab.database.read() as tx:
        asked = {
            name: {run.supervisor_seed for run in runs.all(tx, split="sealed") if run.submission == name}
            for name in (plain, other, one)
        }
    assert asked == {name: {0, 1, 2} for name in (plain, other, one)}
