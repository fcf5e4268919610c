"""What every storage does: SQLite, and the one whose URL `--storage` gives (an empty database).

python -m pytest tests/conformance/test_storage.py --storage postgresql://aar@localhost/empty
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from aar import database, ledger
from aar.database import researchers
from aar.database.backend import STORAGES, backend
from aar.errors import NoLab


@pytest.fixture
def url(storage_url: str, tmp_path: Path) -> sa.URL:
    return sa.make_url(f"sqlite:///{tmp_path / 'lab.db'}" if storage_url == "sqlite" else storage_url)


@pytest.fixture
def opened(url: sa.URL) -> Callable[[], database.Database]:
    return lambda: database.open(url, create=True)


def names(store: database.Database) -> list[str]:
    with store.read() as tx:
        return [one.name for one in researchers.all(tx)]


def test_it_is_found_by_the_dialect_of_its_url(url: sa.URL) -> None:
    assert url.get_backend_name() in STORAGES.names()
    assert not backend(url).exists()


def test_what_is_not_there_is_no_lab(url: sa.URL) -> None:
    with pytest.raises(NoLab):
        database.open(url)


def test_what_was_written_is_there_when_it_is_opened_again(opened: Callable[[], database.Database]) -> None:
    first = opened()
    with first.write() as tx:
        researchers.add(tx, "r1")
    first.close()
    again = opened()
    assert names(again) == ["r1"]
    again.close()


def test_a_block_that_fails_writes_nothing(opened: Callable[[], database.Database]) -> None:
    store = opened()

    def fail() -> None:
        with store.write() as tx:
            researchers.add(tx, "r1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert names(store) == []
    store.close()


def test_a_reader_sees_one_moment_and_holds_up_no_writer(opened: Callable[[], database.Database]) -> None:
    store = opened()
    with store.read() as tx:
        before = researchers.all(tx)
        writing = threading.Thread(target=lambda: add(store, "r1"))
        writing.start()
        writing.join(30)
        assert not writing.is_alive()
        assert researchers.all(tx) == before
    assert names(store) == ["r1"]
    store.close()


def test_writers_are_one_after_the_other_so_that_the_chain_of_the_ledger_holds(
    opened: Callable[[], database.Database],
) -> None:
    stores = [opened() for _ in range(4)]

    def write(store: database.Database) -> None:
        for number in range(10):
            with store.write() as tx:
                ledger.append(tx, "note", {"number": number})

    threads = [threading.Thread(target=write, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ledger.Ledger(stores[0]).verify().entries == 40
    for store in stores:
        store.close()


def test_the_version_changes_with_a_commit_of_anybody(opened: Callable[[], database.Database]) -> None:
    ours, theirs = opened(), opened()
    before = ours.version()
    assert ours.version() == before
    add(theirs, "r1")
    assert ours.version() != before
    ours.close()
    theirs.close()


def test_an_upgrade_happens_once_and_as_a_whole(url: sa.URL, opened: Callable[[], database.Database]) -> None:
    def due(connection: sa.Connection) -> bool:
        return not sa.inspect(connection).has_table("added")

    def change(connection: sa.Connection) -> None:
        changed.append(1)
        connection.execute(
            sa.schema.CreateTable(sa.Table("added", sa.MetaData(), sa.Column("id", sa.Integer)))
        )
        if len(changed) == 1:
            raise RuntimeError("the machine fell over")

    changed: list[int] = []
    storage = backend(url)
    with closing(opened()) as store:
        with pytest.raises(RuntimeError):
            storage.upgrade("test", due=due, change=change)
        with store.read() as tx:
            assert not sa.inspect(tx).has_table("added")
        threads = [
            threading.Thread(target=storage.upgrade, args=("test",), kwargs={"due": due, "change": change})
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(changed) == 2
        with store.read() as tx:
            assert sa.inspect(tx).has_table("added")
    storage.close()


def add(store: database.Database, name: str) -> None:
    with store.write() as tx:
        researchers.add(tx, name)
