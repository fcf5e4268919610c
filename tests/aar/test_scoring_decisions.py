"""The scorer decides first and writes once: a decision is a value, which a function of the evidence gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_lab import SyntheticLab

from aar.ledger import Ledger
from aar.scoring.audits import AUDITS, Audit, rules
from aar.scoring.evidence.board import length
from aar.scoring.verdicts.decision import Decision, Waiting
from aar.scoring.verdicts.dev import dev_verdict
from aar.scoring.verdicts.record import write
from aar.scoring.verdicts.sealed import sealed_verdict
from aar.students.interventions import INTERVENTIONS


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


@pytest.fixture
def lab(tmp_path: Path) -> SyntheticLab:
    return SyntheticLab(tmp_path / "lab").with_baselines()


def test_a_verdict_is_decided_without_writing_anything_and_always_in_the_same_way(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    evidence, before = lab.judge.evidence(), length(lab.db)
    decision = dev_verdict(evidence, evidence.board.named(one))
    assert isinstance(decision, Decision)
    assert [(new.submission, new.status, new.would_be) for new in decision.verdicts] == [
        (one, "pending", True)
    ]
    assert dev_verdict(evidence, evidence.board.named(one)) == decision
    assert length(lab.db) == before
    assert lab.status(one) == ("pending", "dev")


def test_a_decision_is_written_once_and_a_second_time_changes_nothing(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    evidence = lab.judge.evidence()
    decision = dev_verdict(evidence, evidence.board.named(one))
    assert isinstance(decision, Decision)
    assert write(lab.db, evidence.board, decision) == [f"{one} on dev: pending"]
    after = length(lab.db)
    assert write(lab.db, evidence.board, decision) == []
    assert length(lab.db) == after
    Ledger(lab.db).verify()


def test_a_verified_submission_and_the_new_standing_are_one_decision(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.judge.step()
    evidence = lab.judge.evidence()
    assert isinstance(sealed_verdict(evidence, evidence.board.named(one)), Waiting)
    lab.finish_audits()
    evidence = lab.judge.evidence()
    decision = sealed_verdict(evidence, evidence.board.named(one))
    assert isinstance(decision, Decision)
    assert [new.status for new in decision.verdicts] == ["verified"]
    assert decision.standing is not None
    assert decision.standing.holder == one
    assert lab.champion() != one
    write(lab.db, evidence.board, decision)
    assert lab.champion() == one


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.name)
def test_every_audit_needs_runs_that_can_be_made(audit: Audit) -> None:
    for need in audit.needs:
        assert need.intervention in INTERVENTIONS
        assert need.split in ("dev", "sealed")
        assert need.runs > 0


def test_the_evidence_of_one_moment_stays_as_it_was(lab: SyntheticLab) -> None:
    one = lab.submit("r1", dev=0.8)
    evidence = lab.judge.evidence()
    submission = evidence.board.named(one)
    decision = dev_verdict(evidence, submission)
    lab.judge.step()
    lab.run(one, "sealed", 0.8, seeds=10)
    lab.submit("r2", dev=0.9)
    lab.judge.step()
    assert evidence.board.verdict(submission, "dev") is None
    assert evidence.outcome(submission, "sealed").rows == {}
    assert dev_verdict(evidence, submission) == decision
