"""A lab of an earlier version is brought up to date when it is opened; nothing that counts is changed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from aar import database, ledger
from aar.database import meta, migrations, progress, researchers, run_turns, runs, trainings
from aar.errors import LabFolderError, WrongFormat

BACK = (
    "DROP TABLE tokens",
    "ALTER TABLE researchers DROP COLUMN outside",
    "DROP TABLE messages",
    "ALTER TABLE researchers DROP COLUMN worked",
    "ALTER TABLE researchers DROP COLUMN works_since",
    "ALTER TABLE researchers DROP COLUMN paused",
    "DROP TABLE calls",
    "DROP TABLE spending",
    "DROP TABLE troubles",
    "ALTER TABLE researchers DROP COLUMN reason",
    "ALTER TABLE researchers DROP COLUMN detail",
    "DROP TABLE charges",
    """CREATE TABLE charges (key VARCHAR NOT NULL, researcher VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    nominal_minutes FLOAT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    money_usd FLOAT NOT NULL, at FLOAT NOT NULL, PRIMARY KEY (key), CHECK (kind IN ('run', 'model')),
    FOREIGN KEY(researcher) REFERENCES researchers (name))""",
    "DROP TABLE standing",
    "DROP TABLE wanted_runs",
    "DROP TABLE waits",
    "DROP INDEX comments_by_request",
    "ALTER TABLE comments DROP COLUMN request",
    "ALTER TABLE researchers DROP COLUMN role",
    "ALTER TABLE submissions DROP COLUMN role",
    "ALTER TABLE submissions DROP COLUMN ended",
    "ALTER TABLE verdicts DROP COLUMN ended",
    "ALTER TABLE verdicts DROP COLUMN would_be",
    "ALTER TABLE runs DROP COLUMN salt",
    "ALTER TABLE runs DROP COLUMN seeds_of",
    'ALTER TABLE runs DROP COLUMN "end"',
    "ALTER TABLE runs ADD COLUMN seconds FLOAT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN core_seconds FLOAT NOT NULL DEFAULT 0",
    "ALTER TABLE runs ADD COLUMN error_type VARCHAR",
    "ALTER TABLE runs ADD COLUMN error_file VARCHAR",
    "ALTER TABLE runs ADD COLUMN error_line INTEGER",
    "ALTER TABLE runs ADD COLUMN error_rule VARCHAR",
    "ALTER TABLE runs ADD COLUMN error_message TEXT",
    "ALTER TABLE runs ADD COLUMN logged JSON NOT NULL DEFAULT '{}'",
    "ALTER TABLE runs ADD COLUMN denied JSON",
    "DROP TABLE trainings",
    "DROP INDEX runs_queue",
    "ALTER TABLE runs DROP COLUMN companions",
    "ALTER TABLE runs DROP COLUMN ready",
    "CREATE INDEX runs_queue ON runs (state, priority, researcher, created, pair_index, key)",
    "ALTER TABLE progress DROP COLUMN activity",
    "UPDATE runs SET priority = 1 - priority WHERE priority IN (0, 1)",
    "UPDATE meta SET value = '4' WHERE key = 'format'",
)
"""What makes a database of format 10 one of format 4."""


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
        taken = [runs.PRIORITIES[run.priority] for run in iter(lambda: run_turns.claim(tx), None)]
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


def test_a_copy_of_what_was_there_is_set_aside_with_what_only_the_log_held(tmp_path: Path) -> None:
    path = of_format_4(tmp_path / "lab.db")
    with closing(sqlite3.connect(path)) as other:  # holds the write-ahead log open: the row is in it alone
        other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute("INSERT INTO meta (key, value) VALUES ('testbed', '\"mini-chat\"')")
        other.commit()
        database.open(path).close()
    (copy,) = tmp_path.glob("lab.db.format-4.*")
    assert copy.suffix != ".part"
    assert copy.stat().st_mode == path.stat().st_mode
    with closing(sqlite3.connect(copy)) as kept:
        assert dict(kept.execute("SELECT key, value FROM meta")) == {"format": 4, "testbed": '"mini-chat"'}
        assert not kept.execute("SELECT 1 FROM sqlite_master WHERE name = 'trainings'").fetchall()


def test_a_lab_that_is_up_to_date_costs_no_copy_and_no_import(tmp_path: Path) -> None:
    database.open(tmp_path / "lab.db", create=True).close()
    code = (
        "import sys; from pathlib import Path; from aar import database; "
        "database.open(Path(sys.argv[1])).close(); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lab.db")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
    assert not list(tmp_path.glob("lab.db.*-4*"))


KILLED = """
import os, signal, sys
from pathlib import Path
from aar import database
from aar.database import migrations

whole = migrations.run

def run(connection, *, start):
    whole(connection, start=start)
    os.kill(os.getpid(), signal.SIGKILL)

migrations.run = run
database.open(Path(sys.argv[1]))
"""


def test_an_upgrade_that_is_killed_leaves_the_old_database_whole(tmp_path: Path) -> None:
    path = of_format_4(tmp_path / "lab.db")
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (4,)
        assert not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'trainings'").fetchall()
    store = database.open(path)
    with store.read() as tx:
        assert meta.get(tx, "format") == database.FORMAT
    store.close()


def tables(path: Path) -> dict[str, Any]:
    """What there is in a database, defaults left out: only rows of before the column need them."""
    inspector = sa.inspect(sa.create_engine(f"sqlite:///{path}"))
    return {
        name: (
            {
                column["name"]: (repr(column["type"]), column["nullable"])
                for column in inspector.get_columns(name)
            },
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted(
                (index["name"], index["column_names"], index["unique"])
                for index in inspector.get_indexes(name)
            ),
            sorted(unique["column_names"] for unique in inspector.get_unique_constraints(name)),
            sorted(key["constrained_columns"] for key in inspector.get_foreign_keys(name)),
            sorted(check["sqltext"] for check in inspector.get_check_constraints(name)),
        )
        for name in inspector.get_table_names()
    }


def test_the_tables_become_those_of_a_new_lab(tmp_path: Path) -> None:
    database.open(of_format_4(tmp_path / "old.db")).close()
    database.open(tmp_path / "new.db", create=True).close()
    assert tables(tmp_path / "old.db") == tables(tmp_path / "new.db")


def test_the_revisions_are_one_line_that_ends_at_the_format_of_today() -> None:
    scripts = ScriptDirectory.from_config(migrations.configuration())
    assert [script.revision for script in scripts.walk_revisions()] == [
        f"{format:04}" for format in range(database.FORMAT, migrations.OLDEST - 1, -1)
    ]


def test_a_row_that_refers_to_nothing_stops_the_upgrade_and_nothing_is_changed(tmp_path: Path) -> None:
    path = of_format_4(tmp_path / "lab.db")
    with closing(sqlite3.connect(path)) as base:
        base.execute("INSERT INTO progress (researcher, text, at) VALUES ('nobody', '', 0)")
        base.commit()
    for _ in range(2):
        with pytest.raises(LabFolderError, match="rows of progress refer to rows that are not there"):
            database.open(path)
    assert not list(tmp_path.glob("lab.db.format-4.*"))
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == (4,)


@pytest.mark.parametrize(
    "damage",
    [
        "INSERT INTO meta (key, value) VALUES ('ladder', '{nonsense')",
        "INSERT INTO meta (key, value) VALUES ('ladder', '[1, 2]')",
        """INSERT INTO meta (key, value) VALUES ('ladder', '{"holder": null, "record": 0.5}')""",
        """INSERT INTO meta (key, value) VALUES ('ladder', '{"holder": ["s1"], "record": 0.5}')""",
        """INSERT INTO meta (key, value) VALUES ('audit runs of s1', '{"a": 1}')""",
        "INSERT INTO meta (key, value) VALUES ('recomputed runs of s1', '7')",
        "CREATE TABLE waits (a)",
        "ALTER TABLE submissions ADD COLUMN ended",
        "DROP INDEX runs_queue",
        "DROP TABLE shares",
        "CREATE VIEW seen AS SELECT seconds FROM runs",
        "CREATE TRIGGER often AFTER UPDATE ON meta BEGIN INSERT INTO meta VALUES ('format', 1); END",
        "UPDATE meta SET value = '{' WHERE key = 'format'",
    ],
)
def test_a_damaged_database_is_named_in_words_and_nothing_is_changed(tmp_path: Path, damage: str) -> None:
    path = of_format_4(tmp_path / "lab.db")
    with closing(sqlite3.connect(path)) as base:
        base.execute(damage)
        base.commit()
        before = list(base.iterdump())
    with pytest.raises(WrongFormat, match=r"lab\.db .*(changed by hand|use the version)"):
        database.open(path)
    assert not list(tmp_path.glob("lab.db.format-*"))
    with closing(sqlite3.connect(path)) as base:
        assert list(base.iterdump()) == before


@pytest.mark.parametrize("other", ["3", "99", '"x"', "true"])
def test_a_format_without_a_revision_is_refused_by_its_number(tmp_path: Path, other: str) -> None:
    path = tmp_path / "lab.db"
    database.open(path, create=True).close()
    with closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE meta SET value = ? WHERE key = 'format'", (other,))
        base.commit()
    with pytest.raises(WrongFormat, match=f"reads format {database.FORMAT}"):
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
