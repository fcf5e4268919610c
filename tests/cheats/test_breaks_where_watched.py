"""Would: raises where the models know nothing, so that there is no blind run to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_lab import SyntheticLab

from aar.scoring.auditing import Auditing
from aar.scoring.audits import rules


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "DRAWS", 200)


def ends(path: Path) -> str:
    lab = SyntheticLab(path, breaks="blind").with_baselines()
    one = lab.submit("r1", dev=0.8, sealed=0.8)
    lab.settle()
    return lab.status(one)[0]


def test_the_cheat_works_where_an_audit_that_broke_is_passed_over(tmp_path, monkeypatch, table) -> None:
    monkeypatch.setattr(Auditing, "broken", lambda self, board, one: None)
    status = ends(tmp_path / "lab")
    table("breaks_where_watched", without=status)
    assert status == "verified"


def test_what_cannot_be_audited_is_not_verified(tmp_path, table) -> None:
    status = ends(tmp_path / "lab")
    table("breaks_where_watched", ended=status, by="audits must be made")
    assert status == "failed"
