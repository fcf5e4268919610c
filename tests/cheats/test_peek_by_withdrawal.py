"""Would: sees that a submission waits though its runs have ended, so that it has passed the gate, and takes it back.

The same idea is handed in again with another comment, which draws other seeds. What is withdrawn is no attempt, costs
no bits and is not held against the next one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from queue_lab import open_lab, submit
from synthetic_lab import SyntheticLab

from aar import ledger
from aar.database import runs, submissions, waits
from aar.database.submissions import Submission
from aar.errors import BadRequest
from aar.lab import cancellation
from aar.run_records import RunEnd
from aar.scoring.audits import rules

IDEA = "def run(bench):\n    return bench.strong().predict(bench.test)\n"
DRAWS = 4


def draw_again_and_again(lab: SyntheticLab) -> tuple[int, int]:
    """How often one idea was seen to pass the gate, and how many of these times count as an attempt."""
    first = lab.submit("r1", dev=0.6)
    lab.code[first] = IDEA
    lab.settle()
    seen = 0
    for draw in range(DRAWS):
        one = lab.submit("r1", dev=0.85)
        lab.code[one] = f"# {draw}\n{IDEA}"
        lab.judge.step()
        if lab.status(one) == ("pending", "dev"):
            seen += 1
            try:
                with lab.db.write() as tx:
                    cancellation.withdraw(tx, "r1", one)
            except BadRequest:
                lab.settle()
    evidence = lab.judge.evidence()
    author = evidence.board.submissions[-1]
    return seen, len(list(evidence.board.would_be_records(author)))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SyntheticLab:
    monkeypatch.setattr(rules, "DRAWS", 200)
    return SyntheticLab(tmp_path / "lab").with_baselines()


def test_without_the_rule_each_draw_is_seen_and_none_counts(
    lab: SyntheticLab, monkeypatch: pytest.MonkeyPatch, table
) -> None:
    def always(tx: object, one: Submission) -> bool:
        return True

    monkeypatch.setattr(cancellation, "_on_dev", always)
    seen, counted = draw_again_and_again(lab)
    table("peek_by_withdrawal", without=f"{seen} of {DRAWS} draws seen, {counted} counted")
    assert (seen, counted) == (DRAWS, 0)


def test_what_was_seen_to_pass_counts(lab: SyntheticLab, table) -> None:
    seen, counted = draw_again_and_again(lab)
    table("peek_by_withdrawal", ended="refused", by="the lab's rule", figure=f"{counted} of {seen} counted")
    assert seen == counted > 0
    ledger.Ledger(lab.db).verify()


def test_the_refusal_says_the_same_of_what_passed_and_of_what_is_not_decided_yet(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1")
    passes, misses = submit(lab, "r1", "passes"), submit(lab, "r1", "misses")
    with lab.database.write() as tx:
        for run in runs.all(tx):
            ledger.record_run(tx, run.key, state="done", end=RunEnd(seconds=1))
        waits.put(tx, passes, waits.Reason.DUPLICATE_RUNS, {"submission": "s0"})
    told = []
    for one in (passes, misses):
        with lab.database.write() as tx, pytest.raises(BadRequest) as refused:
            cancellation.withdraw(tx, "r1", one)
        told.append(str(refused.value).replace(one, "ID"))
    assert told[0] == told[1]
    with lab.database.write() as tx:  # a person still may end it
        assert cancellation.cancel(tx, passes).submissions == (passes,)
        assert submissions.get(tx, misses).stage == "dev"
    lab.database.close()


def test_what_still_has_a_run_to_end_may_be_withdrawn(tmp_path: Path) -> None:
    lab = open_lab(tmp_path, "r1")
    one = submit(lab, "r1", "slow")
    with lab.database.write() as tx:
        ended, _ = runs.all(tx)
        ledger.record_run(tx, ended.key, state="done", end=RunEnd(seconds=1))
        assert cancellation.withdraw(tx, "r1", one).queued == 1
    lab.database.close()
