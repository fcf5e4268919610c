from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import aar
import w2s
from w2s.files import write_beside, write_whole


def test_readers_see_the_old_file_or_the_new_one_while_writers_race(tmp_path: Path) -> None:
    path = tmp_path / "note"
    contents = [letter * 200_000 for letter in "abcd"]
    write_whole(path, contents[0])
    writers = [
        threading.Thread(target=lambda content=content: [write_whole(path, content) for _ in range(10)])
        for content in contents
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_text() in contents
    for writer in writers:
        writer.join()
    assert [file.name for file in tmp_path.iterdir()] == ["note"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "note"
    write_whole(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "no text: \ud800")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["note"]


FULL = """
import resource, sys
from pathlib import Path
from w2s.files import write_whole

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_whole(Path(sys.argv[1]), b"x" * 5000)
"""


def test_a_write_that_is_killed_half_way_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note"
    write_whole(path, "old")
    assert subprocess.run(
        [sys.executable, "-c", FULL, str(path)], check=False, capture_output=True
    ).returncode
    assert path.read_text() == "old"


def test_a_file_has_the_mode_that_was_asked_for_from_the_first_moment(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        part = write_beside(tmp_path / "new" / "secret", b"1", mode=0o600)
        write_whole(tmp_path / "new" / "public", b"2")
    finally:
        os.umask(before)
    assert part.name.startswith(".secret.")
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new" / "public").stat().st_mode) == 0o644


def test_no_other_module_writes_files_by_way_of_its_own() -> None:
    own_way = re.compile(r"mkstemp|NamedTemporaryFile|os\.replace")
    users = {
        str(path.relative_to(Path(package.__file__).parent.parent))
        for package in (aar, w2s)
        for path in Path(package.__file__).parent.rglob("*.py")
        if own_way.search(path.read_text(encoding="utf-8"))
    }
    assert users == {"w2s/files.py"}
