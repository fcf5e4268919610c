from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import aar
from aar import locks
from aar.errors import LabBusy

HOLDER = """
import sys, time
from pathlib import Path
from aar import locks

with locks.held(Path(sys.argv[1]), busy=""):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_lock_of_a_killed_process_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(LabBusy, match="end it first"), locks.held(path, busy="another one; end it first"):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locks.held(path, busy="still held"):
        assert path.exists()


def test_one_thread_after_the_other_holds_a_lock(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def hold() -> None:
        with locks.held(tmp_path / "lock", busy="never", seconds=-1):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_a_lock_of_a_whole_group_can_be_written_by_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with locks.held(tmp_path / "lock", busy="never", mode=0o660):
            assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o660
    finally:
        os.umask(before)


def test_no_other_module_locks_files_in_a_way_of_its_own_without_saying_why() -> None:
    root = Path(aar.__file__).parent
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"flock\(|FileLock", path.read_text(encoding="utf-8"))
    }
    # `running` asks whether somebody else holds a lock, and must neither make it nor write it for that
    assert users == {"locks.py", "researchers/running.py"}
