"""The command line: each call is a process of its own, forked from one that has imported it already.

That saves a second of processor time a call. What importing costs, and that it is done at all, is tested with
processes that start from nothing (`test_help_*` in `test_cli.py`).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

IMPORTED = """
import atexit, json, os, sys, traceback
import numpy, pydantic, rich.console, rich.progress, sqlalchemy
import aar.database, aar.ledger, aar.settings, w2s.testbeds
from aar.cli import (baselines, doctor, ledger, main, method, queue, run, score, testbed, testbed_audit,
                     testbed_check, testbed_import, testbed_measure, testbed_predict, testbed_rebuild)

def call(asked):
    for number, path in ((1, asked["stdout"]), (2, asked["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = ["aar", *asked["arguments"]]
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

for line in sys.stdin:
    child = os.fork()
    if not child:
        call(json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def aar(
    *arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What `aar ARGUMENTS` prints, and its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        stdout, stderr = Path(folder, "stdout"), Path(folder, "stderr")
        stdout.touch()
        stderr.touch()
        asked = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "env": {**os.environ, **(env or {})},
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        warm = _warm()
        assert warm.stdin is not None
        assert warm.stdout is not None
        print(json.dumps(asked), file=warm.stdin, flush=True)
        code = int(warm.stdout.readline())
        return subprocess.CompletedProcess(["aar", *arguments], code, stdout.read_text(), stderr.read_text())


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The only line of its errors."""
    assert result.returncode != 0
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


@cache
def _warm() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def end() -> None:
        with contextlib.suppress(OSError):
            process.communicate(timeout=10)

    atexit.register(end)
    return process
