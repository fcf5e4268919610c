"""A sandbox that does nothing costs nothing to guard, and one that wakes up is guarded as if it had never slept."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest
from starting import Warmed, ways

from aar.errors import NoSandbox
from aar.sandboxes import Limits, Profile, Provider, SandboxProcess, Workspace, choose, uid_for
from aar.sandboxes.watch import disk, process
from aar.sandboxes.watch.rest import TRUST_SECONDS, Rest
from aar.sandboxes.watch.tree import TreeUsage, usage

UID = uid_for("test idle")
IDLE_SECONDS = 2
"""Longer than any look at a sandbox that rests is late."""
LIMITS = {"memory_mb": 200, "processes": 40, "wall_seconds": 120.0}
HOARD = """
def hoard(megabytes):
    held = []
    while len(held) < megabytes:
        try: held.append(b"x" * (1 << 20))
        except MemoryError: break  # what one process may have at most, twice the limit of all
    time.sleep(600)
"""
HIDDEN = """
# parents end at once and unreaped, so that the youngest child is on its way to another parent all the time
import ctypes, signal
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    until = time.monotonic() + 1
    while time.monotonic() < until:
        try: child = os.fork()
        except OSError: continue  # on a busy machine those that ended are many before they are gone
        if child: os._exit(0)
    time.sleep(2)
    hoard(100_000)
time.sleep(600)
"""
MANY = f"time.sleep({IDLE_SECONDS})\nfor _ in range(20):\n if os.fork() == 0: hoard(30)\ntime.sleep(600)"
SLEEPERS: dict[str, tuple[str, dict[str, float]]] = {
    "takes 100 GB": (f"time.sleep({IDLE_SECONDS})\nhoard(100_000)", {}),
    "becomes many": (MANY, {}),
    "computes": (f"time.sleep({IDLE_SECONDS})\nwhile True: pass", {"cpu_seconds": 2.0}),
    "sleeps on": ("time.sleep(600)", {"wall_seconds": 3.0}),
    "hides": (HIDDEN, {}),
}


@pytest.fixture(scope="module", params=list(ways()))
def provider(request: pytest.FixtureRequest) -> Iterator[Provider | Warmed]:
    way = ways()[request.param]
    check = way.check()
    if not check.ok:
        pytest.skip(f"{way.name}: {check.detail}; {check.remedy}")
    yield way
    if isinstance(way, Warmed):
        way.close()


@pytest.fixture(scope="module")
def any_provider() -> Provider:
    try:
        return choose()
    except NoSandbox as error:
        pytest.skip(str(error))


def start(
    provider: Provider | Warmed, code: str, *, uid: int | None = UID, **limits: float
) -> SandboxProcess:
    profile = Profile(uid=uid, limits=Limits(**{**LIMITS, **limits}))  # type: ignore[arg-type]
    program = "import os, time\n" + HOARD + textwrap.dedent(code)
    return provider.start([sys.executable, "-u", "-c", program], profile, stdout=subprocess.PIPE)


@pytest.fixture(scope="module")
def ended(provider: Provider | Warmed) -> dict[str, str]:
    """Why each of `SLEEPERS` was ended; they sleep side by side, each as a user of its own."""
    with contextlib.ExitStack() as stack:
        sleepers = {
            name: stack.enter_context(start(provider, code, uid=uid_for(f"test idle {name}"), **limits))
            for name, (code, limits) in SLEEPERS.items()
        }
        for sandbox in sleepers.values():
            sandbox.wait()
        return {name: sandbox.reason for name, sandbox in sleepers.items()}


def heard(sandbox: SandboxProcess) -> None:
    assert sandbox.stdout is not None
    assert sandbox.stdout.readline() == b"idle\n"


def test_a_sleeper_that_takes_100_gb_is_ended(ended: dict[str, str]) -> None:
    assert ended["takes 100 GB"] == "memory"


def test_a_sleeper_that_becomes_many_small_processes_is_ended(ended: dict[str, str]) -> None:
    assert ended["becomes many"] == "memory"


def test_a_sleeper_that_computes_is_ended(ended: dict[str, str]) -> None:
    assert ended["computes"] == "cpu"


def test_a_sleeper_is_ended_when_its_time_is_up(ended: dict[str, str]) -> None:
    assert ended["sleeps on"] == "time"


def test_a_process_that_hid_while_it_was_listed_is_found(ended: dict[str, str]) -> None:
    assert ended["hides"] == "memory"


def test_a_workspace_that_slept_and_then_fills_the_disk_is_ended(
    any_provider: Provider, tmp_path: Path
) -> None:
    writer = f"""
        import time
        time.sleep({IDLE_SECONDS})
        for n in range(10**9):
            open(f'/workspace/small{{n}}', 'w').close()
            time.sleep(.002)
    """

    async def session() -> None:
        limits = Limits(memory_mb=300, processes=32, disk_mb=24, files=300)
        async with Workspace(any_provider, tmp_path / "r1", UID, limits=limits) as workspace:
            result = await workspace.exec(["python", "-c", textwrap.dedent(writer)], timeout=110)
            assert result.returncode == 137
            assert "300 files" in result.stderr

    asyncio.run(session())


def test_one_that_rests_is_measured_once_a_second_and_its_disk_not_at_all(
    any_provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    walked: list[Path] = []

    def counted_usage(processes: Sequence[int], *, enough_mb: float) -> TreeUsage:
        measured.append(processes[0])
        return usage(processes, enough_mb=enough_mb)

    def counted_excess(folders: Sequence[Path], limits: Limits, *, processes: Sequence[int]) -> str:
        walked.extend(folders)
        return disk_excess(folders, limits, processes=processes)

    disk_excess = disk.excess
    monkeypatch.setattr(process, "usage", counted_usage)
    monkeypatch.setattr(disk, "excess", counted_excess)
    root = tmp_path / "r1"

    async def session() -> None:
        async with Workspace(any_provider, root, UID) as workspace:
            command = asyncio.create_task(workspace.exec(["sleep", "600"]))  # one that waits, too, rests
            await asyncio.sleep(3)
            assert workspace._process is not None
            mine = workspace._process.pid
            looks, walks = measured.count(mine), walked.count(root)
            assert looks
            assert walks
            await asyncio.sleep(3)
            assert measured.count(mine) - looks <= 3 / TRUST_SECONDS + 5  # sixty if it computed
            assert walked.count(root) - walks <= 1  # six if it computed
            assert not command.done()
        assert (await command).returncode == 137

    asyncio.run(session())


def test_who_awaits_the_end_is_told_however_many_they_are(any_provider: Provider) -> None:
    async def session() -> None:
        with start(any_provider, "print('idle')\ntime.sleep(600)") as sandbox:
            waiting = [asyncio.create_task(sandbox.ended()) for _ in range(3)]
            heard(sandbox)
            await asyncio.sleep(0)
            waiting.pop().cancel()
            assert not any(task.done() for task in waiting)
            sandbox.kill()
            await asyncio.wait_for(asyncio.gather(*waiting), 60)
            await sandbox.ended()

    asyncio.run(session())


OUTERMOST = """
import os, signal, subprocess, sys
signal.signal(signal.SIGUSR1, lambda *_: subprocess.Popen(["sleep", "600"]))
signal.signal(signal.SIGUSR2, lambda *_: print("looked after it", flush=True))
if os.fork() == 0:
    for line in sys.stdin: print("moved", flush=True)
    os._exit(0)
while True: signal.pause()
"""


@pytest.fixture
def tree() -> Iterator[subprocess.Popen[bytes]]:
    """A process that only looks after its child, which answers each line."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", OUTERMOST], stdin=pipe, stdout=pipe) as outermost:
        yield outermost
        for below in psutil.Process(outermost.pid).children():
            below.kill()
        outermost.kill()


def move(tree: subprocess.Popen[bytes]) -> None:
    assert tree.stdin is not None
    assert tree.stdout is not None
    tree.stdin.write(b"go\n")
    tree.stdin.flush()
    assert tree.stdout.readline() == b"moved\n"


def at_rest(tree: subprocess.Popen[bytes]) -> Rest:
    """What is known of a tree that does nothing any more."""
    rest, deadline = Rest(tree.pid), time.monotonic() + 60
    while rest.look() and not rest.still:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return rest


def notices(rest: Rest) -> bool:
    """Whether it is seen that something ran; a process that still runs is charged at the kernel's next tick."""
    deadline = time.monotonic() + 10
    while rest.still and time.monotonic() < deadline:
        rest.holds()
        time.sleep(0.01)
    return not rest.still


def test_a_tree_rests_until_a_member_moves(tree: subprocess.Popen[bytes]) -> None:
    move(tree)
    assert not Rest(tree.pid).holds()
    rest = at_rest(tree)
    assert rest.still
    move(tree)
    assert notices(rest)


def test_a_tree_rests_while_its_outermost_process_looks_after_it(tree: subprocess.Popen[bytes]) -> None:
    move(tree)
    rest = at_rest(tree)
    tree.send_signal(signal.SIGUSR2)
    assert tree.stdout is not None
    assert tree.stdout.readline() == b"looked after it\n"
    time.sleep(0.1)
    rest.holds()
    assert rest.still


def test_a_tree_does_not_rest_when_one_is_started_or_ended(tree: subprocess.Popen[bytes]) -> None:
    move(tree)
    rest = at_rest(tree)
    tree.send_signal(signal.SIGUSR1)
    while len(below := psutil.Process(tree.pid).children()) < 2:
        time.sleep(0.02)
    assert notices(rest)
    rest = at_rest(tree)
    below[-1].kill()
    while below[-1].is_running() and below[-1].status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.02)
    assert notices(rest)


def test_nothing_is_believed_for_long(tree: subprocess.Popen[bytes]) -> None:
    move(tree)
    rest = at_rest(tree)
    time.sleep(TRUST_SECONDS)
    assert not rest.holds()
    assert rest.still
