"""Processes beside each other: one thread each, and none outlives the process that started them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from w2s import workers

PARENT = """
import os, signal, time
from w2s import workers

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    with workers.pool(2) as pool:
        pids = {pool.submit(os.getpid).result() for _ in range(4)}
        for _ in range(2):
            pool.submit(time.sleep, 300)
        print(*pids, flush=True)
        time.sleep(300)
"""


def test_each_computes_with_one_thread():
    with workers.pool(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1


def test_an_interrupt_ends_what_runs_and_what_is_queued(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        pids = parent.stdout.readline().split()
        assert pids
        try:
            os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all of them
            _, errors = parent.communicate(timeout=60)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
    assert errors.count(b"Traceback") <= 1  # that of the one that started them
    assert not [pid for pid in pids if Path("/proc", pid.decode()).exists()]


def test_none_outlives_a_killed_parent(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        pids = parent.stdout.readline().split()
        assert pids
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 20
    while alive := [pid for pid in pids if Path("/proc", pid.decode()).exists()]:
        assert time.monotonic() < deadline, alive
        time.sleep(0.05)
