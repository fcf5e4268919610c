"""A sandbox ends at its limits, when it is killed, and when its parent dies; and nothing of it is left."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starting import Warmed, ways

from aar.sandboxes import Limits, Profile, Provider, SandboxProcess, uid_for

UID = uid_for("test limits")
ORPHANS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(300)
        os._exit(0)
print("ready", flush=True)
"""


@pytest.fixture(scope="module", params=list(ways()))
def provider(request: pytest.FixtureRequest) -> Iterator[Provider | Warmed]:
    way = ways()[request.param]
    check = way.check()
    if not check.ok:
        pytest.skip(f"{way.name}: {check.detail}; {check.remedy}")
    yield way
    if isinstance(way, Warmed):
        way.close()


def start(
    provider: Provider | Warmed, code: str, *, stdout: int | None = subprocess.DEVNULL, **limits: float
) -> SandboxProcess:
    profile = Profile(uid=UID, limits=Limits(**limits))  # type: ignore[arg-type]
    return provider.start(
        [sys.executable, "-u", "-c", code], profile, stdout=stdout, stderr=subprocess.STDOUT
    )


def said(process: SandboxProcess) -> str:
    assert process.stdout is not None
    return process.stdout.read().decode()


def all_gone(pids: list[int], *, within: float = 60.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not [pid for pid in pids if is_alive(pid)]:
            return True
        time.sleep(0.02)
    return False


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_memory_of_all_processes_together_is_bounded(provider: Provider | Warmed) -> None:
    hog = "import os, time\nos.fork(); os.fork()\nx = []\nwhile len(x) < 80: x.append(bytearray(1 << 20))\n"
    hog += "time.sleep(60)"
    with start(provider, hog, memory_mb=200) as process:
        process.wait(60)
        assert process.reason == "memory"
        assert process.peak_memory_mb > 150


def test_one_huge_allocation_fails_at_once(provider: Provider | Warmed) -> None:
    with start(provider, "bytearray(100 << 30)", memory_mb=200, stdout=subprocess.PIPE) as process:
        assert "MemoryError" in said(process)
        assert process.wait(60) == 1


def test_an_endless_loop_ends_with_reason_time(provider: Provider | Warmed) -> None:
    with start(provider, "while True: pass", wall_seconds=1) as process:
        assert process.wait(60) == 137
        assert process.reason == "time"


def test_processor_time_of_all_processes_together_is_bounded(provider: Provider | Warmed) -> None:
    with start(provider, "import os; os.fork()\nwhile True: pass", cpu_seconds=0.5) as process:
        process.wait(60)
        assert process.reason == "cpu"
        assert process.usage().cpu_seconds > 0.4
        assert process.usage().processes == 0


def test_a_fork_bomb_stays_small_and_ends(provider: Provider | Warmed) -> None:
    # one that takes breath where it is refused: those that do not are an engine's to end (tests/conformance)
    bomb = "import os, time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(.01)"
    with start(provider, bomb, processes=30, wall_seconds=3) as process:
        while len(pids := process.members()) <= 5:
            assert process.poll() is None
        assert len(pids) <= 30 + 5
        process.wait(60)
        assert process.reason == "time"
    assert all_gone(pids)


def test_threads_are_bounded_too(provider: Provider | Warmed) -> None:
    if not provider.separates_users:
        pytest.skip(f"{provider.name} counts processes, not threads")
    code = "import threading, time\nfor _ in range(500):\n"
    code += " threading.Thread(target=time.sleep, args=(9,), daemon=True).start()"
    with start(provider, code, processes=30, stdout=subprocess.PIPE) as process:
        assert "can't start new thread" in said(process)


def test_a_file_cannot_grow_beyond_its_limit(provider: Provider | Warmed) -> None:
    code = "import tempfile\nwith tempfile.TemporaryFile() as f:\n while True: f.write(bytes(1 << 20))"
    with start(provider, code, file_mb=8, stdout=subprocess.PIPE) as process:
        output = said(process)
        assert "File too large" in output or "No space left" in output


def test_scratch_space_is_bounded(provider: Provider | Warmed) -> None:
    if provider.name.startswith("sandlock"):
        pytest.skip("sandlock's scratch folder is on the host's disk; only single files are bounded")
    code = "for n in range(50):\n with open(f'/tmp/filler {n}', 'wb') as f: f.write(bytes(1 << 20))"
    for place in ("/tmp", "/dev/shm"):
        with start(provider, code.replace("/tmp", place), file_mb=8, stdout=subprocess.PIPE) as process:
            assert "No space left" in said(process)


def test_nothing_outside_scratch_can_be_filled(provider: Provider | Warmed) -> None:
    code = "for p in ('/', '/dev', '/etc', '/opt', '/usr', '/proc', '/var'):\n"
    code += " try: open(p + '/x', 'w'); print('made', p)\n except OSError: pass"
    with start(provider, code, stdout=subprocess.PIPE) as process:
        assert "made" not in said(process)


def test_open_files_are_bounded(provider: Provider | Warmed) -> None:
    code = "x = []\nwhile len(x) < 1000: x.append(open('/dev/null'))"
    with start(provider, code, open_files=64, stdout=subprocess.PIPE) as process:
        assert "Error" in said(process)  # sandlock says "Permission denied"


def test_an_endless_printer_is_ended_by_its_reader(provider: Provider | Warmed) -> None:
    with start(provider, "while True: print('x' * 1000)", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert len(process.stdout.read(100_000)) == 100_000
        process.kill()
        assert process.wait(60) == 137


def test_kill_leaves_nothing_even_of_daemons(provider: Provider | Warmed) -> None:
    with start(provider, ORPHANS + "time.sleep(300)", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        pids = process.members()
        assert len(pids) >= 5
        process.kill()
        assert process.reason == "killed"
        assert not [pid for pid in pids if is_alive(pid)]


def test_daemons_do_not_outlive_the_program(provider: Provider | Warmed) -> None:
    with start(provider, ORPHANS + "time.sleep(0.5)", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        pids = process.members()
        assert process.wait(60) == 0
        assert not [pid for pid in pids if is_alive(pid)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_parent(provider: Provider | Warmed, how: signal.Signals) -> None:
    parent = f"""
    import sys, subprocess, time
    from aar.sandboxes import Profile, uid_for
    from starting import ways
    process = ways()[{provider.name!r}].start(
        [sys.executable, "-u", "-c", {ORPHANS + "time.sleep(300)"!r}],
        Profile(uid=uid_for("test limits")), stdout=subprocess.PIPE)
    process.stdout.readline()
    print(*process.members(), flush=True)
    time.sleep(300)
    """
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, env=environment
    ) as host:
        assert host.stdout is not None
        pids = [int(pid) for pid in host.stdout.readline().split()]
        assert len(pids) >= 5
        host.send_signal(how)
        host.wait()
    assert all_gone(pids)


def test_a_sandbox_outlives_the_thread_that_started_it(provider: Provider | Warmed) -> None:
    import threading

    started: list[SandboxProcess] = []
    thread = threading.Thread(target=lambda: started.append(start(provider, "import time; time.sleep(1)")))
    thread.start()
    thread.join()
    with started[0] as process:
        assert process.wait(60) == 0


def test_waiting_has_a_timeout_and_notices_the_end_at_once(provider: Provider | Warmed) -> None:
    with start(provider, "import time; time.sleep(0.5)") as process:
        with pytest.raises(TimeoutError):
            process.wait(0.05)
        assert process.wait(60) == 0
        assert process.poll() == 0
