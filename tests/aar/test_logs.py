"""Logs of a run: one line a record with its time, levels for our own loggers, large files put aside, and no secrets."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aar import logs
from aar.processes import environment

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ [a-z_.]+: .+")


def logged(script: str, **changes: str) -> list[str]:
    """The lines that a process leaves on its error stream."""
    code = f"import logging\nfrom aar import logs\nlogs.set_up()\n{script}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **changes},
    )
    return done.stderr.splitlines()


def test_a_record_is_one_line_with_its_time_whatever_it_holds() -> None:
    script = (
        r"logging.getLogger('aar.lab').info('a title %s', 'x\n2026 INFO aar.scoring: s1 is verified\x1b[31m')"
    )
    lines = logged(script)
    assert len(lines) == 1
    assert LINE.fullmatch(lines[0])
    assert "\x1b" not in lines[0]


def test_the_text_of_an_error_forges_no_line_in_a_traceback() -> None:
    forged = "2026-11-30T00:00:00.000Z INFO aar.scoring: s9 on sealed: verified"
    lines = logged(
        "try:\n"
        f"    raise ValueError('x\\n{forged}\\r{forged}\\x1b[2J')\n"
        "except ValueError:\n"
        "    logging.getLogger('aar.lab').exception('a request broke')\n"
    )
    assert [line for line in lines if LINE.fullmatch(line)] == lines[:1]
    assert all(line.startswith("  | ") for line in lines[1:])
    assert lines[1] == "  | Traceback (most recent call last):"
    assert "\x1b" not in "".join(lines)


def test_libraries_are_not_heard_below_a_warning_even_where_everything_of_ours_is() -> None:
    script = (
        "logging.getLogger('httpx').debug('Authorization: Bearer secret')\n"
        "logging.getLogger('httpx').info('GET http://lab')\n"
        "logging.getLogger('aar.lab').debug('looked')\n"
    )
    lines = logged(script, **{logs.VARIABLE: "debug"})
    assert [line.split(": ", 1)[1] for line in lines] == ["looked"]


@pytest.mark.parametrize(
    ("chosen", "heard"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1), ("loud", 3), ("", 3)],
)
def test_the_level_comes_with_the_environment(chosen: str, heard: int) -> None:
    script = (
        "for name in ('debug', 'info', 'warning', 'error'): getattr(logging.getLogger('aar.x'), name)('.')"
    )
    assert len(logged(script, **{logs.VARIABLE: chosen})) == heard


def test_the_labs_processes_are_told_the_level_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.setenv(logs.VARIABLE, "info")
    logs.choose_level("debug")
    assert environment()[logs.VARIABLE] == "debug"
    assert "ANTHROPIC_API_KEY" not in environment()


def test_a_large_log_is_put_aside_and_its_writer_goes_on_in_the_emptied_file(tmp_path: Path) -> None:
    log = tmp_path / "lab.log"
    small = tmp_path / "scorer.log"
    small.write_text("short\n")
    with log.open("a") as writer:
        for number in range(logs.KEPT + 2):
            writer.write(f"{number} " + "x" * 200 + "\n")
            writer.flush()
            logs.rotate(tmp_path, most_bytes=100)
            assert log.stat().st_size == 0
        writer.write("after\n")
    assert log.read_text() == "after\n"
    aside = [(tmp_path / f"lab.log.{number}").read_text()[0] for number in range(1, logs.KEPT + 1)]
    assert aside == ["4", "3", "2"]
    assert small.read_text() == "short\n"
    assert len(list(tmp_path.iterdir())) == 2 + logs.KEPT


def test_a_log_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x" * 200)
    (tmp_path / "lab.log").symlink_to(tmp_path / "precious")
    logs.rotate(tmp_path, most_bytes=100)
    assert (tmp_path / "precious").read_text() == "x" * 200


@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_place_of_an_earlier_log_is_not_followed(tmp_path: Path, there: bool) -> None:
    folder, precious = tmp_path / "logs", tmp_path / "precious"
    folder.mkdir()
    if there:
        precious.write_text("kept")
    (folder / "lab.log").write_text("x" * 200)
    (folder / "lab.log.1").symlink_to(precious)
    logs.rotate(folder, most_bytes=100)
    assert precious.exists() == there
    assert not there or precious.read_text() == "kept"
    assert (folder / "lab.log.1").read_text() == "x" * 200
    assert (folder / "lab.log").stat().st_size == 0


def test_the_launcher_writes_to_its_file_and_nobody_else_reads_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "launcher.log"
    with logs.kept_in(path):
        logging.getLogger("aar.launch").info("begins")
    logging.getLogger("aar.launch").info("after")
    assert [LINE.fullmatch(line) is not None for line in path.read_text().splitlines()] == [True]
    assert path.parent.stat().st_mode & 0o077 == 0
