"""Nothing but the backend knows which kind of database holds a lab."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

import aar
import w2s
from aar import database
from aar.database import schema
from aar.errors import LabFolderError
from aar.folder import LabFolder
from w2s.errors import NotFound

SOURCES = [Path(package.__file__).parent for package in (aar, w2s)]
BACKEND = "aar/database/sqlite.py"
READS_INSPECTS_OWN_FILE = "aar/researchers/recovering.py"
"""Inspect keeps the events of a session in an SQLite file; that it is one is Inspect's affair."""


def sources() -> dict[str, str]:
    return {
        str(path.relative_to(root.parent)): path.read_text(encoding="utf-8")
        for root in SOURCES
        for path in sorted(root.rglob("*.py"))
    }


def imported(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_one_module_alone_imports_sqlite() -> None:
    users = {
        name
        for name, text in sources().items()
        if any(module.split(".")[0] == "sqlite3" or ".dialects" in module for module in imported(text))
    }
    assert users == {BACKEND, READS_INSPECTS_OWN_FILE}


def test_one_module_alone_speaks_sqlites_own_words() -> None:
    own = re.compile(r"PRAGMA|BEGIN IMMEDIATE|sqlite_master|exec_driver_sql|on_conflict|func\.total\b")
    # written for databases that were SQLite files when their format was the newest
    users = {name for name, text in sources().items() if own.search(text) and "/migrations/" not in name}
    assert users == {BACKEND}


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=lambda table: str(table.name))
def test_a_table_can_be_made_in_postgresql(table: sa.Table) -> None:
    dialect = postgresql.dialect()
    assert "CREATE TABLE" in str(sa.schema.CreateTable(table).compile(dialect=dialect))
    for index in table.indexes:
        assert " INDEX " in str(sa.schema.CreateIndex(index).compile(dialect=dialect))


def test_a_url_opens_what_a_path_opens(tmp_path: Path) -> None:
    database.open(f"sqlite:///{tmp_path / 'lab.db'}", create=True).close()
    database.open(tmp_path / "lab.db").close()
    assert (tmp_path / "lab.db").is_file()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(LabFolderError, match="names no file"):
        database.open(url, create=True)


def test_storage_that_is_not_installed_is_named_without_its_password() -> None:
    with pytest.raises(NotFound, match="no storage 'postgresql'") as refused:
        database.open("postgresql://aar:secret@host/lab")
    assert "secret" not in str(refused.value)


def test_a_lab_folder_opens_its_own_file_unless_its_settings_name_a_url(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    assert folder.storage == folder.database
    folder.describe({"settings": {}})
    assert folder.storage == folder.database
    folder.describe({"settings": {"storage": "postgresql:///lab"}})
    assert folder.storage == "postgresql:///lab"
