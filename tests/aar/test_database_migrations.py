"""A lab of an earlier version is brought up to date when it is opened; nothing that counts is changed."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from aar import database, ledger
from aar.database import progress, researchers, runs, trainings
from aar.errors import WrongFormat

BACK = (
    "DROP TABLE trainings",
    "DROP INDEX runs_queue",
    "ALTER TABLE runs DROP COLUMN companions",
    "ALTER TABLE runs DROP COLUMN ready",
    "CREATE INDEX runs_queue ON runs (state, priority, researcher, created, pair_index, key)",
    "ALTER TABLE progress DROP COLUMN activity",
    "UPDATE runs SET priority = 1 - priority WHERE priority IN (0, 1)",
    "UPDATE meta SET value = '4' WHERE key = 'format'",
)
"""What makes a database of format 5 one of format 4."""


def of_format_4(path: Path) -> Path:
    store = database.open(path, create=True)
    with store.write() as tx:
        researchers.add(tx, "r1")
        progress.add(tx, "r1", progress.Activity.WRITING, "writes a method")
        facts = {"researcher": "r1", "code_hash": "c", "commit": "c", "split": "dev", "student_seed": "0"}
        for k, priority in enumerate(("practice", "opening", "dev")):
            runs.queue(
                tx, f"run {k}", pair_index=k, supervisor_seed=k, nominal_cost=1.0, priority=priority, **facts
            )  # type: ignore[arg-type]
        ledger.append(tx, "note", {"of": "an earlier version"})
    store.close()
    with sqlite3.connect(path) as base:
        for statement in BACK:
            base.execute(statement)
    base.close()
    return path


def test_runs_that_waited_are_taken_in_the_order_that_they_had(tmp_path: Path) -> None:
    store = database.open(of_format_4(tmp_path / "lab.db"))
    with store.write() as tx:
        taken = [runs.PRIORITIES[run.priority] for run in iter(lambda: runs.claim(tx), None)]
        assert trainings.all(tx) == []
        assert progress.latest(tx)["r1"].text == "writes a method"
    assert taken == ["practice", "opening", "dev"]
    assert ledger.Ledger(store).verify().entries == 1
    store.close()


def test_several_processes_may_open_it_at_once(tmp_path: Path) -> None:
    path = of_format_4(tmp_path / "lab.db")
    failed: list[Exception] = []

    def open_it() -> None:
        try:
            database.open(path).close()
        except Exception as error:  # noqa: BLE001  (whatever it is, the test names it)
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize("other", ["3", "99", '"x"'])
def test_a_format_without_a_step_is_refused_by_its_number(tmp_path: Path, other: str) -> None:
    path = tmp_path / "lab.db"
    database.open(path, create=True).close()
    with sqlite3.connect(path) as base:
        base.execute("UPDATE meta SET value = ? WHERE key = 'format'", (other,))
    base.close()
    with pytest.raises(WrongFormat, match="reads format 5"):
        database.open(path)


def test_a_commit_of_anybody_changes_the_version(tmp_path: Path) -> None:
    mine = database.open(tmp_path / "lab.db", create=True)
    other = database.open(tmp_path / "lab.db")
    seen = [mine.version()]
    for store in (other, mine):
        with store.write() as tx:
            researchers.add(tx, f"of {id(store)}")
        seen.append(mine.version())
    with mine.read() as tx:
        researchers.all(tx)
    assert len(set(seen)) == 3
    assert mine.version() == seen[-1]
    mine.close()
    other.close()
