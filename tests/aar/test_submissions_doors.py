"""The same folder gets the same answer, through whichever door it is handed in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aar.errors import BadSnapshot
from aar.submissions import in_sandbox, source
from aar.submissions.folder import read_method
from aar.submissions.snapshots import Snapshots
from w2s.bounds import SUBMISSION_BYTES
from w2s.errors import NoRun

METHOD = b"def run(bench): ..."
LINK = "a link"
NAMES = st.sampled_from(
    [
        "method.py",
        "part.py",
        "parts/part.py",
        "Parts/part.py",
        "parts/deep/part.py",
        "notes.md",
        "w2s.py",
        "w2s/part.py",
        "a-b.py",
        "1.py",
        ".hidden.py",
        "__pycache__/part.py",
        "é.py",
    ]
)
CONTENTS = st.sampled_from(
    [METHOD, b"", b"x = 1", b"\xff", b"a\0b", b"#" * SUBMISSION_BYTES, b"#" * (SUBMISSION_BYTES + 1), LINK]
)
FOLDERS = st.dictionaries(NAMES, CONTENTS, max_size=5)


def make(folder: Path, files: dict[str, bytes | str]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            path.symlink_to("/etc/hostname")


def scored(folder: Path) -> object:
    try:
        return read_method(folder)
    except (BadSnapshot, NoRun) as error:
        return str(error).removeprefix(str(folder))


def sent(folder: Path) -> object:
    command = [sys.executable, "-I", "-c", in_sandbox.READER, str(folder)]
    limits = [str(SUBMISSION_BYTES), str(in_sandbox.MOST_FOUND)]
    done = subprocess.run([*command, *limits], capture_output=True, text=True, check=True)
    try:
        return in_sandbox.read(json.loads(done.stdout), str(folder))
    except BadSnapshot as error:
        return str(error).removeprefix(f"the folder {str(folder)!r}")


@settings(max_examples=25, deadline=None)
@given(FOLDERS)
@example({"method.py": METHOD, "parts/part.py": b"x = 1"})
@example({"method.py": METHOD, "parts/deep/part.py": b"x = 1"})
@example({"method.py": METHOD, "notes.md": b"what I think"})
@example({"method.py": METHOD, "part.py": LINK})
@example({"method.py": b"x = 1"})
@example({})
def test_a_person_and_a_researcher_are_told_the_same(files: dict[str, bytes | str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "mine"
        folder.mkdir()
        make(folder, files)
        answer = scored(folder)
        assert sent(folder) == answer
        if isinstance(answer, dict):
            stored = Snapshots(Path(place) / "git").put(answer, researcher="r1", message="m")
            assert Snapshots(Path(place) / "git").get(stored.commit) == answer
            source.check(answer)


def test_a_folder_that_is_a_link_or_holds_a_pipe_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    make(folder, {"method.py": METHOD})
    os.mkfifo(folder / "pipe.py")
    assert sent(folder) == scored(folder)
    assert "cannot be part of a method" in str(sent(folder))
    (tmp_path / "link").symlink_to(folder)
    assert "cannot be sent" in str(sent(tmp_path / "link"))


@pytest.mark.parametrize(
    "answer", [[], {}, {"found": 1}, {"found": [["method.py"]]}, {"found": [["a", "file", 3]]}]
)
def test_what_a_sandbox_prints_is_not_trusted(answer: object) -> None:
    with pytest.raises(BadSnapshot, match="could not be read"):
        in_sandbox.read(answer, "mine")


@pytest.mark.parametrize("nested", ["-" * 60_000 + "1", "x" + ".a" * 30_000], ids=["minus", "attributes"])
def test_source_that_is_nested_too_deeply_is_refused_in_words(tmp_path: Path, nested: str) -> None:
    make(tmp_path, {"method.py": f"def run(bench): ...\n{nested}\n".encode()})
    with pytest.raises(NoRun, match=r"method\.py is nested too deeply"):
        read_method(tmp_path)
