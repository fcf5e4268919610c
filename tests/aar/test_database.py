import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

import aar.database
from aar import ledger
from aar.database import meta, progress, researchers, run_turns, runs, spending, submissions
from aar.database.progress import Activity
from aar.database.turns import Turns
from aar.errors import DiskFull, LabFolderError, NoLab, WrongFormat
from w2s.errors import NotFound


@pytest.fixture
def database(tmp_path: Path) -> aar.database.Database:
    opened = aar.database.open(tmp_path / "db" / "lab.db", create=True)
    with opened.write() as tx:
        researchers.add(tx, "r1", direction="denoise", token="secret", submissions=5)
    return opened


def queue(tx: aar.database.Transaction, key: str, *, priority: runs.Priority = "dev") -> bool:
    return runs.queue(
        tx,
        key,
        researcher="r1",
        code_hash="c0de",
        commit="c",
        split="dev",
        pair_index=0,
        supervisor_seed=11,
        student_seed="ff",
        nominal_cost=1.0,
        priority=priority,
    )


def test_a_missing_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoLab, match=r"no database at .*lab\.db"):
        aar.database.open(tmp_path / "lab.db")


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    aar.database.open(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.commit()
    connection.close()
    with pytest.raises(WrongFormat, match="format 99"):
        aar.database.open(path)


@pytest.mark.parametrize("damaged", ["[4]", "4.5", "null", '"4"', "{}"])
def test_a_format_that_is_no_number_is_refused_and_nothing_is_changed(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "lab.db"
    aar.database.open(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'format'", (damaged,))
    with pytest.raises(WrongFormat):
        aar.database.open(path)
    with sqlite3.connect(path) as connection:
        (kept,) = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    assert str(kept) == damaged


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lab.db"
    path.write_text("no database, but long enough to be taken for one by a careless reader" * 20)
    with pytest.raises(WrongFormat, match="no lab database"):
        aar.database.open(path)


def fill_up(database: aar.database.Database) -> None:
    with database.write() as tx:
        pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        for _ in range(100):
            progress.add(tx, "r1", Activity.THINKING, "x" * 5000)


def test_a_full_disk_is_said_in_plain_words(database: aar.database.Database) -> None:
    with pytest.raises(DiskFull, match="free some space"):
        fill_up(database)
    with database.read() as tx:
        assert progress.all(tx) == []


def test_an_error_of_a_statement_names_no_figure(database: aar.database.Database) -> None:
    twice = sa.text("INSERT INTO meta (key, value) VALUES ('format', :score)")
    with pytest.raises(sa.exc.IntegrityError) as refused, database.write() as tx:
        tx.execute(twice, {"score": "0.7342119"})
    assert "0.7342119" not in str(refused.value)


def test_a_value_that_is_no_json_is_said_in_plain_words(database: aar.database.Database) -> None:
    with database.write() as tx:
        tx.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('testbed', '{nonsense')")
    with pytest.raises(WrongFormat, match="changed by hand or is damaged"), database.read() as tx:
        meta.get(tx, "testbed")


def write_where_only_reading_is_allowed(database: aar.database.Database) -> None:
    with database.write() as tx:
        tx.exec_driver_sql("PRAGMA query_only = 1")
        progress.add(tx, "r1", Activity.THINKING, "x")


def test_a_read_only_database_is_said_in_plain_words(database: aar.database.Database) -> None:
    with pytest.raises(LabFolderError, match="writable"):
        write_where_only_reading_is_allowed(database)


def test_a_group_can_share_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "db" / "lab.db"
    opened = aar.database.open(path, create=True, group=os.getgid())
    with opened.write() as tx:
        meta.put(tx, "testbed", "mini-chat")
        modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert modes == {0o660}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o2770


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_another_user_of_the_group_writes_the_same_database() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        share_with_another_user(Path(folder) / "db" / "lab.db")


def share_with_another_user(path: Path) -> None:
    opened = aar.database.open(path, create=True, group=64123)
    with opened.write() as tx:
        meta.put(tx, "lab", 1)
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(64123)
        os.setuid(64124)
        os.umask(0o077)
        other = aar.database.open(path)
        with other.write() as tx:
            meta.put(tx, "scorer", meta.get(tx, "lab") + 1)
        other.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with opened.write() as tx:
        assert meta.get(tx, "scorer") == 2
        meta.put(tx, "lab", 3)


WRITER = """
import sys
from pathlib import Path
import aar.database
from aar import ledger
from aar.database import meta, researchers
from aar.database.charges import ChargeKind
from aar.prices import Cost, Tokens

database = aar.database.open(Path(sys.argv[1]))
i = 0
while True:
    with database.write() as tx:
        count = meta.find(tx, "count", 0) + 1
        meta.put(tx, "count", count)
        paid = {"kind": ChargeKind.MODEL, "tokens": Tokens(input_tokens=1), "cost": Cost(3, 1)}
        ledger.record_charge(tx, f"call-{count}", researcher="r1", **paid)
    print(count, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_had_reported(database: aar.database.Database) -> None:
    told = 0
    for round_ in range(4):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(database.url.database)], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            told = max(told, int(writer.stdout.readline()))
        time.sleep(0.013 * round_)
        for writer in writers:
            writer.send_signal(signal.SIGKILL)
        for writer in writers:
            rest, _ = writer.communicate()
            told = max([told, *(int(line) for line in rest.split("\n")[:-1] if line)])
        with database.read() as tx:
            count = meta.get(tx, "count")
            assert count >= told
            spent = spending.of(tx, "r1")
            assert (spent.calls, spent.input_tokens, spent.nano_usd) == (count, count, 3 * count)
        assert ledger.Ledger(database).verify().kinds["charge"] == count


def test_writers_wait_for_each_other(database: aar.database.Database) -> None:
    def count_up() -> None:
        for _ in range(20):
            with database.write() as tx:
                meta.put(tx, "count", meta.find(tx, "count", 0) + 1)

    threads = [threading.Thread(target=count_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert meta.get(tx, "count") == 160


def test_a_crowd_of_writers_in_one_process_holds_up_nobody_for_long(database: aar.database.Database) -> None:
    stop = threading.Event()
    written: list[float] = []
    many = 45

    def crowd() -> None:
        while not stop.is_set():
            with database.write() as tx:
                meta.put(tx, "crowd", time.monotonic())
            written.append(time.monotonic())

    threads = [threading.Thread(target=crowd) for _ in range(many)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            before = len(written)
            with database.write() as tx:
                meta.put(tx, "one", 1)
            assert len(written) - before <= 2 * many  # each had one turn; without turns all that 15 s hold
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_turn_that_does_not_come_is_given_up_and_goes_to_the_next() -> None:
    turns = Turns()
    assert turns.take(seconds=0.0)
    assert not turns.take(seconds=0.05)
    took: list[bool] = []
    waits = threading.Thread(target=lambda: took.append(turns.take(seconds=10.0)))
    waits.start()
    turns.give()
    waits.join()
    assert took == [True]
    turns.give()
    assert turns.take(seconds=0.0)


def test_a_failed_block_writes_nothing(database: aar.database.Database) -> None:
    def fall_over() -> None:
        with database.write() as tx:
            meta.put(tx, "testbed", "mini-chat")
            raise RuntimeError("the lab fell over")

    with pytest.raises(RuntimeError):
        fall_over()
    with database.read() as tx, pytest.raises(NoLab, match="'testbed'"):
        meta.get(tx, "testbed")


def test_a_reader_sees_one_moment(database: aar.database.Database) -> None:
    with database.read() as before:
        assert researchers.get(before, "r1").state == "waiting"
        with database.write() as tx:
            researchers.set_state(tx, "r1", "working")
        assert researchers.get(before, "r1").state == "waiting"


def test_a_token_finds_its_researcher_and_is_not_stored(database: aar.database.Database) -> None:
    with database.read() as tx:
        found = researchers.by_token(tx, "secret")
        assert found is not None
        assert found.name == "r1"
        assert found.token_hash != "secret"
        assert researchers.by_token(tx, "guess") is None
        with pytest.raises(NotFound, match="did you mean r1"):
            researchers.get(tx, "r2")


def test_a_run_is_queued_once_and_taken_by_priority(database: aar.database.Database) -> None:
    with database.write() as tx:
        assert queue(tx, "late", priority="dev")
        assert queue(tx, "soon", priority="sealed")
        assert not queue(tx, "late", priority="baseline")
        taken = run_turns.claim(tx, place="slot 1")
        assert taken is not None
        assert (taken.key, taken.state, taken.tries, taken.place) == ("soon", "running", 1, "slot 1")
        last = run_turns.claim(tx)
        assert last is not None
        assert (last.key, run_turns.claim(tx)) == ("late", None)


def test_a_run_that_waits_moves_up_when_it_is_wanted_sooner(database: aar.database.Database) -> None:
    with database.write() as tx:
        queue(tx, "spare", priority="baseline")
        queue(tx, "dev", priority="dev")
        assert not queue(tx, "spare", priority="sealed")
        first = run_turns.claim(tx)
        assert first is not None
        assert first.key == "spare"


def test_runs_under_way_are_queued_again_after_a_crash(database: aar.database.Database) -> None:
    with database.write() as tx:
        queue(tx, "a")
        run_turns.claim(tx)
        assert runs.requeue_running(tx) == 1
        again = run_turns.claim(tx)
        assert again is not None
        assert again.tries == 2


def test_a_request_sent_twice_submits_once(database: aar.database.Database) -> None:
    with database.write() as tx:
        first, second = (
            ledger.record_submission(
                tx, code_hash="c", commit="c", researcher="r1", title="vanilla", request="q1"
            )
            for _ in range(2)
        )
        assert first == second
        assert submissions.count(tx, "r1") == 1


def test_the_latest_progress_is_shown(database: aar.database.Database) -> None:
    with database.write() as tx:
        progress.add(tx, "r1", Activity.READING, "the forum")
        progress.add(tx, "r1", Activity.PRACTISING, "methods/m1")
        latest = progress.latest(tx)["r1"]
        assert (latest.activity, latest.text) == (Activity.PRACTISING, "methods/m1")
