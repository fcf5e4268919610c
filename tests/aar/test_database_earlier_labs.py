"""What earlier versions wrote in sentences means the same after a lab is brought up to date, and its ledger holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import (
    charges,
    meta,
    posts,
    researchers,
    run_turns,
    runs,
    spending,
    standing,
    submissions,
    verdicts,
    wanted_runs,
)
from aar.database.researchers import Role
from aar.database.spending import Spending
from aar.database.standing import Standing
from aar.database.submissions import Ended
from aar.database.wanted_runs import WantedRun
from aar.errors import BrokenChain
from aar.run_records import Cause, RunEnd, RunError

LABS = Path(__file__).parent / "earlier_labs"
"""Written by the versions of these formats, as SQL."""


@pytest.fixture(params=["format_4", "format_5", "format_6"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[database.Database]:
    path = tmp_path / "lab.db"
    with closing(sqlite3.connect(path)) as base:
        base.executescript((LABS / f"{request.param}.sql").read_text())
    opened = database.open(path)
    yield opened
    opened.close()


def test_every_end_and_role_is_known(store: database.Database) -> None:
    with store.read() as tx:
        made = {one.code_hash: (one.status, one.ended, one.role) for one in submissions.all(tx)}
        assert [one.name for one in researchers.team(tx)] == ["r1", "r2"]
        assert (submissions.count(tx, "r1"), submissions.count_of_researchers(tx)) == (3, 6)
    assert made == {
        "vanilla": ("pending", None, Role.BASELINE),
        "gains": ("pending", None, Role.RESEARCHER),
        "fails": ("failed", Ended.DECIDED, Role.RESEARCHER),
        "lost": ("failed", Ended.LOST, Role.RESEARCHER),
        "withdrawn": ("failed", Ended.WITHDRAWN, Role.RESEARCHER),
        "cancelled": ("failed", Ended.CANCELLED, Role.RESEARCHER),
        "overruled": ("violation", Ended.OVERRULED, Role.RESEARCHER),
        "twin": ("pending", None, Role.RESEARCHER),
        "by-a-person": ("pending", None, Role.OPERATOR),
        "by-itself": ("pending", None, Role.FRESH),
    }


def test_a_would_be_record_in_flight_stays_one_and_what_a_person_has_measured_is_none(
    store: database.Database,
) -> None:
    with store.read() as tx:
        assert [one.submission for one in verdicts.all(tx) if one.would_be] == ["s2"]


def test_the_standing_and_the_wanted_runs_are_what_they_were(store: database.Database) -> None:
    with store.read() as tx:
        assert standing.find(tx) == Standing("s1", 0.6612, 600)
        assert wanted_runs.all(tx) == {
            "s2": [
                WantedRun("dev", 0, "thin"),
                WantedRun("sealed", 0, "blind"),
                WantedRun("sealed", 0, "part"),
            ],
            "s8": [WantedRun("dev", k, seeds_of="gains") for k in range(3)],
        }
        assert meta.find(tx, "testbed", None) == "mini-chat"
        assert meta.find(tx, "audit runs of s2", None) is meta.find(tx, "ladder", None) is None


def test_how_each_run_ended_is_one_record(store: database.Database) -> None:
    with store.read() as tx:
        ends = {run.key.removesuffix("-none-0"): run.end for run in runs.all(tx)}
        causes = {run.code_hash: run.end.cause for run in runs.all(tx, state="cancelled")}
        (twin,) = (run for run in runs.all(tx, code_hash="twin") if run.seeds_of)
        (audit,) = (run for run in runs.all(tx) if run.intervention != "none")
    took = {"seconds": 1.1234567890123457, "core_seconds": 0.1 + 0.2}
    assert ends["vanilla-dev"] == RunEnd(**took, denied={"ptrace": 1}, logged={"loss": 0.5})
    assert ends["gains-dev"] == RunEnd(**took, denied={})
    assert ends["fails-dev"] == RunEnd(**took, error=RunError("ValueError", "method.py", 3))
    assert ends["practised-practice"].error == RunError("ValueError", message="its own words")
    assert ends["by-itself-dev"] == RunEnd()
    assert causes == {
        "fails": Cause.SIBLING_FAILED,
        "withdrawn": Cause.WITHDRAWN,
        "cancelled": Cause.BY_A_PERSON,
    }
    assert (twin.seeds_of, twin.intervention, twin.plain, audit.plain) == ("gains", "none", False, False)


def test_its_ledger_holds_and_goes_on(store: database.Database) -> None:
    before = ledger.Ledger(store).verify()
    with store.write() as tx:
        run_turns.claim(tx, key="by-itself-dev-none-0")
        ledger.record_run(tx, "by-itself-dev-none-0", state="done", end=RunEnd(seconds=2.0))
    after = ledger.Ledger(store).verify()
    assert (after.entries, after.leaks) == (before.entries + 1, before.leaks)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE submissions SET ended = 'decided' WHERE code_hash = 'lost'",
        "UPDATE submissions SET role = 'researcher' WHERE code_hash = 'vanilla'",
        "UPDATE verdicts SET would_be = 1 WHERE submission = 's9'",
        "UPDATE runs SET \"end\" = '{}' WHERE code_hash = 'fails'",
        "UPDATE standing SET record = 0.7",
    ],
)
def test_a_typed_state_that_the_old_entry_does_not_bear_out_is_found(
    store: database.Database, change: str
) -> None:
    with store.write() as tx:
        tx.exec_driver_sql(change)
    with pytest.raises(BrokenChain):
        ledger.Ledger(store).verify()


def test_comments_are_still_there(store: database.Database) -> None:
    with store.read() as tx:
        (post,) = posts.all(tx)
    assert [(one.body, one.request) for one in post.comments] == [("a remark", None)]


def test_what_was_spent_is_whole_nano_dollars_now_and_cached_input_stays_counted_as_it_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lab.db"
    with closing(sqlite3.connect(path)) as base:
        base.executescript((LABS / "format_6.sql").read_text())
    opened = database.open(path)
    with opened.read() as tx:
        sums = spending.all(tx)
        assert charges.of_researcher(tx, "r1").runs > 0
    assert sums == {
        "r1": Spending(
            calls=2,
            input_tokens=120_355,
            output_tokens=1_235,
            weighted_tokens=121_590,
            nano_usd=632_575_000 + 300_000_000,
        ),
        "r2": Spending(calls=1, input_tokens=7, output_tokens=3, weighted_tokens=10),
    }
    with opened.write() as tx:
        tx.exec_driver_sql("UPDATE charges SET nano_usd = 1 WHERE key = 'model:r1:a1'")
    with pytest.raises(BrokenChain, match="model:r1:a1 differs"):
        ledger.Ledger(opened).verify()
    opened.close()
