"""A run folder that is moved while its run goes on ends the run in one sentence, and nothing grows in its place."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aar.errors import LabFolderError
from aar.launch.children import Child, plain
from aar.launch.moved import Held


def test_a_folder_is_known_by_what_it_is_and_not_by_its_name(tmp_path: Path) -> None:
    folder, other = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    with Held(folder) as held:
        held.check()
        folder.rename(other)
        with pytest.raises(
            LabFolderError, match=f"was moved to {other} .* go on with: aar run --resume {other}"
        ):
            held.check()
        folder.mkdir()
        with pytest.raises(LabFolderError, match="was moved"):
            held.check()
        folder.rmdir()
        other.rename(folder)
        held.check()
        folder.rmdir()
        with pytest.raises(LabFolderError, match="was deleted"):
            held.check()
        folder.mkdir()
        with pytest.raises(LabFolderError, match="was deleted"):
            held.check()


def test_no_process_is_started_in_a_folder_that_is_gone(tmp_path: Path) -> None:
    child = Child("lab", plain([sys.executable, "-c", ""]), tmp_path / "run" / "logs" / "lab.log")
    with pytest.raises(FileNotFoundError):
        child.start()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "after Ctrl-C"])
def test_a_run_whose_folder_is_moved_ends_and_says_where_it_goes_on(tmp_path: Path, asked: bool) -> None:
    command = [sys.executable, "-m", "aar.cli", "run", "--out", str(tmp_path / "runs")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as launcher:
        while launcher.poll() is None and not list(tmp_path.glob("runs/*/logs/prepare.log")):
            time.sleep(0.05)
        (made,) = (tmp_path / "runs").iterdir()
        made.rename(tmp_path / "moved")
        if asked:
            launcher.send_signal(signal.SIGINT)
        output, _ = launcher.communicate()
    assert launcher.returncode not in (0, None), output
    assert output.strip().endswith(f"aar run --resume {tmp_path / 'moved'}"), output
    assert "started again" not in output
    assert "lab.json" not in output
