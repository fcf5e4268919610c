"""The scorer's view of the lab: what it says is what the database holds, and what a look costs stays small."""

from __future__ import annotations

import time
from pathlib import Path

from synthetic_lab import SyntheticLab

from aar import database, ledger
from aar.database import Database, researchers, runs, submissions
from aar.run_records import RunEnd
from aar.scoring.evidence.board import Watch

RUNS = 1200


def add(db: Database, first: int, last: int) -> None:
    with db.write() as tx:
        for number in range(first, last):
            code = f"code{number // 4}"
            if number % 4 == 0:
                ledger.record_submission(tx, code_hash=code, commit="0" * 40, researcher="r1", title="x")
            runs.queue(
                tx,
                f"run{number}",
                researcher="r1",
                code_hash=code,
                commit="0" * 40,
                split="dev",
                pair_index=number % 4,
                supervisor_seed=number % 4,
                student_seed="00",
                nominal_cost=1.0,
            )
            if number % 4 != 3:
                ledger.record_run(tx, f"run{number}", state="done", end=RunEnd(seconds=1.0, core_seconds=1.0))


def test_a_look_reads_what_is_new_and_not_every_run(tmp_path: Path) -> None:
    db = database.open(tmp_path / "lab.db", create=True)
    with db.write() as tx:
        researchers.add(tx, "r1")
    add(db, 0, RUNS)
    watch = Watch(db)

    def look() -> float:
        began = time.process_time()
        board = watch.board()
        taken = time.process_time() - began
        assert len(board.submissions) == sum(len(ended) == 3 for ended in board.runs.values())
        return taken

    everything = look()
    new = []
    for number in range(RUNS, RUNS + 40, 4):
        add(db, number, number + 4)
        new.append(look())
    assert min(new) < everything / 10
    board = watch.board()
    assert len(board.unfinished) == RUNS // 4 + 10
    assert board.waits(board.named("s1"), "dev")
    db.close()


def test_a_board_that_grew_entry_by_entry_is_the_one_that_is_read_at_once(tmp_path: Path) -> None:
    lab = SyntheticLab(tmp_path / "lab", baselines=()).with_baselines()
    grown = lab.judge.watch
    for accuracy in (0.55, 0.8):
        lab.submit("r1", dev=accuracy, sealed=accuracy)
        lab.settle()
    one, other = grown.board(), Watch(lab.db).board()
    assert list(one.submissions) == list(other.submissions)
    for name in ("runs", "audits", "recomputed", "verdicts", "first", "unfinished", "standing", "account"):
        assert getattr(one, name) == getattr(other, name), name
    with lab.db.read() as tx:
        assert list(one.submissions) == submissions.all(tx)
        ended = [run for run in runs.all(tx) if run.state in runs.ENDED]
    kept = [
        run for table in (one.runs, one.audits, one.recomputed) for some in table.values() for run in some
    ]
    assert sorted(run.key for run in kept) == sorted(run.key for run in ended)
