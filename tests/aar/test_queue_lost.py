"""Code whose runs the lab lost is handed in again as it is: nobody's fault costs nobody anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_lab import PretendedEngine, broken, files, lost, open_lab, submit, trivial, work

from aar import ledger
from aar.database import charges, runs, submissions, verdicts
from aar.database.figures import Figures
from aar.database.submissions import Ended
from aar.engines import Job, Outcome
from aar.errors import BadRequest, BrokenChain
from aar.lab import slots
from aar.lab.intake import Lab
from aar.lab.resubmission import MOST_TIMES
from aar.scoring.evidence import correctness
from aar.scoring.evidence.board import Watch
from aar.scoring.verdicts.duplicates import same_code
from aar.scoring.verdicts.failure import failure
from aar.scoring.verdicts.record import write


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr(slots, "FIRST_PAUSE_SECONDS", 0.01)  # what is lost here is lost on purpose
    made = open_lab(tmp_path, "r1", "r2", submissions=1)
    yield made
    made.database.close()


def lose(lab: Lab, id: str, *, stage: verdicts.VerdictStage = "dev") -> None:
    """The engine loses a run of it, and the scorer says so."""
    work(lab, PretendedEngine(lost))
    board = Watch(lab.database).board()
    with lab.database.read() as tx:
        submission = submissions.get(tx, id)
        run = runs.all(tx, code_hash=submission.code_hash, state="lost")[0]
    decision = failure(submission, stage, correctness.Outcome("lost", {}, run), n=8)
    assert write(lab.database, board, decision)


def ends(lab: Lab) -> Counter[str]:
    with lab.database.read() as tx:
        return Counter(one.body["state"] for one in ledger.entries(tx) if one.kind == "run")


def test_lost_code_is_handed_in_again_by_its_author_and_uses_up_no_submission(lab: Lab) -> None:
    first = submit(lab, "r1", "unlucky")
    lose(lab, first)
    again = submit(lab, "r1", "unlucky")
    work(lab, PretendedEngine())
    with lab.database.read() as tx:
        assert submissions.get(tx, first).ended is Ended.LOST
        assert {(run.state, run.submission, run.tries) for run in runs.all(tx)} == {("done", again, 1)}
        assert charges.of_researcher(tx, "r1").runs == 2
        assert submissions.count(tx, "r1") == 1
    assert ends(lab) == {"lost": 2, "done": 2}
    ledger.Ledger(lab.database).verify()


def test_what_was_done_before_the_loss_is_not_computed_again(lab: Lab) -> None:
    first = submit(lab, "r1", "half")
    started: list[Job] = []

    def answer(job: Job) -> Outcome:
        started.append(job)
        return lost(job) if job.student_seed == started[0].student_seed else trivial(job)

    work(lab, PretendedEngine(answer), slots=1)
    lose(lab, first)
    submit(lab, "r1", "half")
    engine = PretendedEngine()
    work(lab, engine)
    assert engine.started == ["half"]
    with lab.database.read() as tx:
        assert {run.state for run in runs.all(tx)} == {"done"}


def test_a_confirmation_that_was_lost_is_run_again(lab: Lab) -> None:
    first = submit(lab, "r1", "record")
    work(lab, PretendedEngine())
    with lab.database.write() as tx:
        for_sealed = Figures(seeds=2, n=8)
        ledger.record_verdict(tx, first, stage="dev", status="pending", reply="", figures=for_sealed)
        lab.queue.sealed(tx, submissions.get(tx, first), seeds=2, students=1, spare=False)
    lose(lab, first, stage="sealed")
    with lab.database.write() as tx:  # for the one that lost them, they stay lost
        assert lab.queue.sealed(tx, submissions.get(tx, first), seeds=2, students=1, spare=False) == 0
    again = submit(lab, "r1", "record")
    with lab.database.write() as tx:
        assert lab.queue.sealed(tx, submissions.get(tx, again), seeds=2, students=1, spare=False) == 2
    work(lab, PretendedEngine())
    with lab.database.read() as tx:
        assert {(run.split, run.state) for run in runs.all(tx)} == {("dev", "done"), ("sealed", "done")}
    ledger.Ledger(lab.database).verify()


def test_only_lost_code_is_run_again(lab: Lab) -> None:
    unlucky = submit(lab, "r1", "unlucky")
    lose(lab, unlucky)
    again = submit(lab, "r2", "unlucky")
    work(lab, PretendedEngine(broken))
    board = Watch(lab.database).board()
    with lab.database.read() as tx:
        submission = submissions.get(tx, again)
        culprit = runs.all(tx, code_hash=submission.code_hash, state="failed")[0]
    write(lab.database, board, failure(submission, "dev", correctness.Outcome("failed", {}, culprit), n=8))
    board = Watch(lab.database).board()
    assert board.first == {board.named(again).code_hash: again}
    repeated = submit(lab, "r1", "unlucky")
    engine = PretendedEngine()
    work(lab, engine)
    assert engine.started == []
    board = Watch(lab.database).board()
    assert same_code(board, board.named(repeated)) == board.named(again)


def test_code_that_is_lost_each_time_is_declined_in_the_end(lab: Lab) -> None:
    for _ in range(MOST_TIMES):
        lose(lab, submit(lab, "r1", "breaks the sandbox"))
    with pytest.raises(BadRequest, match=f"lost {MOST_TIMES} times"):
        submit(lab, "r1", "breaks the sandbox")
    assert set(ends(lab)) == {"lost"}


def test_a_lost_practice_run_is_run_again_when_it_is_asked_for_again(lab: Lab) -> None:
    key = lab.practice("r1", files("tried"))
    work(lab, PretendedEngine(lost))
    assert lab.practice("r1", files("tried")) == key
    work(lab, PretendedEngine(broken))
    with lab.database.read() as tx:
        assert runs.get(tx, key).state == "failed"
    assert lab.practice("r1", files("tried")) == key  # a failure is an answer: it stays
    work(lab, PretendedEngine())
    assert ends(lab) == {"lost": 1, "failed": 1}


def test_no_end_but_a_loss_can_be_taken_back(lab: Lab) -> None:
    submit(lab, "r1", "done")
    work(lab, PretendedEngine())
    with lab.database.write() as tx:
        key = runs.all(tx)[0].key
        assert not ledger.record_again(tx, key, submission=None, researcher="r1", priority="dev")
        ledger.append(tx, "again", {"key": key, "submission": None})
    with pytest.raises(BrokenChain, match="not lost"):
        ledger.Ledger(lab.database).verify()
