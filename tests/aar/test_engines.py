"""The local engine with its real sandbox and services: every job comes to an end that says whose fault it was."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from engine_jobs import VANILLA, Folders, job
from student_lab import fill

from aar.engines import RunSpec, code_hash
from aar.engines.local import LocalEngine
from aar.errors import BadSnapshot, EngineError, NoSandbox
from aar.sandboxes import choose
from aar.scoring.audits import Case
from aar.scoring.audits.denied import denied_calls
from aar.submissions.source import check
from w2s.contract import log_names


@pytest.fixture(scope="module")
def provider():
    try:
        return choose()
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = Folders(tmp_path_factory.mktemp("engine"))
    fill(made.service)
    return made


@pytest.fixture(scope="module")
def loop():
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def others():
    """Processes that are no engine's."""
    return set(psutil.Process().children(recursive=True))


@pytest.fixture(scope="module")
def engine(provider, folders, loop, others):
    made = LocalEngine(provider, folders, slots=1, testbed="mini-chat")
    loop.run(made.start())
    yield made
    loop.run(made.stop())


@pytest.fixture
def outcome(engine, loop):
    return lambda source, **changes: loop.run(engine.run(job(source, **changes)))


def test_code_of_a_0_1_study_finds_the_building_blocks_where_they_were(outcome):
    done = outcome(
        """
        import w2s.targets
        from w2s.losses import LogConfidence

        def run(bench):
            assert w2s.targets is w2s.blocks.targets
            student = bench.strong()
            student.finetune(bench.unlabelled, w2s.targets.hard(bench.weak.soft - 0.5), loss=LogConfidence(), epochs=1)
            return student.predict(bench.test)
        """
    )
    assert done.status == "ok", done


def test_a_job_that_is_cancelled_is_killed_and_its_slot_serves_the_next(engine, loop, outcome):
    def processes():
        return set(psutil.Process().children(recursive=True))

    async def start_and_cancel():
        waiting = processes()
        task = asyncio.ensure_future(engine.run(job("def run(bench):\n    while True: pass")))
        while not (running := processes() - waiting):
            await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return task.cancelled(), running

    cancelled, running = loop.run(start_and_cancel())
    assert cancelled
    _, alive = psutil.wait_procs(list(running), timeout=60)
    assert alive == []
    assert outcome(VANILLA).status == "ok"


def test_a_custom_loss_runs_in_the_sandbox(outcome):
    done = outcome(
        """
        import torch

        def loss(batch):
            return torch.nn.functional.binary_cross_entropy_with_logits(batch.logits, batch.targets)

        def run(bench):
            student = bench.strong()
            student.finetune(bench.unlabelled, bench.weak.hard, loss=loss, epochs=1)
            return student.predict(bench.test)
    """,
        memory_mb=2048,
    )
    plain = outcome(VANILLA)
    assert done.status == "ok", done
    np.testing.assert_allclose(done.arrays["predictions"], plain.arrays["predictions"], atol=1e-4)


TRIES = """
    import contextlib, ctypes, os, socket

    def run(bench):
        libc = ctypes.CDLL(None)
        libc.ptrace(0, 0, 0, 0)
        libc.unshare(0x10000000)
        for attempt in (lambda: os.memfd_create("x"), lambda: socket.create_connection(("127.0.0.1", 53))):
            with contextlib.suppress(OSError):
                attempt()
        %s
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [("return bench.strong().predict(bench.test)", "ok"), ("os._exit(3)", "method_failed")],
)
def test_what_a_method_tried_and_was_denied_is_asked_about_however_it_ends(outcome, end, status):
    done = outcome(TRIES % end)
    assert done.status == status, done
    if done.end.denied is None:
        pytest.skip("only root with bubblewrap counts what it denies")
    assert done.end.denied == {"ptrace": 1, "unshare": 1, "memfd_create": 1, "socket": 1}
    found = denied_calls(Case("s1", {}, denied=[done.end.denied]))
    assert found.verdict == "person"
    assert "memfd_create (1), ptrace (1), socket (1), unshare (1)" in found.sentence


def test_an_honest_method_is_denied_nothing(outcome):
    done = outcome(VANILLA)
    assert done.status == "ok", done
    if done.end.denied is None:
        pytest.skip("only root with bubblewrap counts what it denies")
    found = denied_calls(Case("s1", {}, denied=[done.end.denied]))
    assert (found.verdict, found.statistic) == ("clean", 0.0)


async def under_way(engine):
    """Wait until the only slot runs a method; the processes of that."""
    while (method := engine._slots[0]._method) is None or len(found := method.members()) < 2:
        await asyncio.sleep(0.01)
    return found


def test_a_killed_service_is_replaced_and_the_run_repeated(engine, loop):
    async def killed():
        running = asyncio.create_task(
            engine.run(
                job("""
            import time

            def run(bench):
                time.sleep(1)
                return bench.strong().predict(bench.test)
        """)
            )
        )
        await under_way(engine)
        for process in psutil.Process(engine._slots[0].service_pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it died with the one before
                process.kill()
        return await running

    assert loop.run(killed()).status == "ok"


def test_a_method_process_killed_from_outside_is_repeated(engine, loop):
    async def killed():
        running = asyncio.create_task(
            engine.run(
                job("""
            import time

            def run(bench):
                time.sleep(1.5)
                return bench.strong().predict(bench.test)
        """)
            )
        )
        for pid in await under_way(engine):
            with contextlib.suppress(ProcessLookupError):  # it died with the one before
                os.kill(pid, signal.SIGKILL)
        return await running

    assert loop.run(killed()).status == "ok"


def test_a_method_that_ends_as_if_killed_each_time_has_failed(outcome):
    done = outcome("import os\ndef run(bench): os._exit(137)")
    assert (done.status, done.end.error.type, done.end.error.rule) == (
        "method_failed",
        "BadMethod",
        "its process was killed 3 times; a method ends by returning or raising",
    )


BUSY = """
    def run(bench):
        student = bench.strong()
        while True:
            student.finetune(bench.unlabelled, bench.weak.hard, epochs=1)
"""


def test_a_cancelled_job_leaves_its_service_as_if_it_had_never_been(engine, loop, outcome):
    async def cancelled(source):
        running = asyncio.create_task(engine.run(job(source)))
        await under_way(engine)
        began = busy()
        while busy() < began + 0.3:  # it is in the middle of it
            await asyncio.sleep(0.05)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    def busy():
        slot = engine._slots[0]
        return slot._service.usage().cpu_seconds + slot._method.usage().cpu_seconds

    before = outcome(VANILLA)
    service = engine._slots[0].service_pid
    for source in (BUSY, "def run(bench):\n    while True: pass"):
        loop.run(cancelled(source))
        after = outcome(VANILLA)
        assert after.arrays["predictions"].tobytes() == before.arrays["predictions"].tobytes()
        assert engine._slots[0].service_pid == service


def test_stop_ends_everything_and_jobs_in_flight_are_lost(engine, loop, others):
    """The engine that the tests before it used; none after it may."""

    async def play():
        running = asyncio.create_task(engine.run(job("def run(bench):\n    while True: pass")))
        await under_way(engine)
        ours = set(psutil.Process().children(recursive=True)) - others
        await engine.stop()
        return await running, ours

    done, ours = loop.run(play())
    assert done.status == "lost"
    assert ours
    assert all(gone(process) for process in ours)


def test_when_the_host_is_killed_nothing_is_left_running(provider, folders):
    script = Path(__file__).with_name("engine_host.py")
    host = subprocess.Popen([sys.executable, script, folders.root], stdout=subprocess.PIPE)
    try:
        assert host.stdout.readline() == b"started\n"
        before = {process.pid for process in psutil.Process(host.pid).children(recursive=True)}
        deadline = time.monotonic() + 60
        while True:
            below = psutil.Process(host.pid).children(recursive=True)
            if any("w2s.runner" in one.cmdline() and one.pid not in before for one in below):
                break
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert any("aar.students" in process.cmdline() for process in below)
    finally:
        host.kill()
        host.wait()
    assert all(gone(process) for process in below)


def gone(process):
    try:
        process.wait(60)
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    return True


def test_a_folder_without_splits_stops_the_start_with_the_reason(provider, tmp_path):
    (tmp_path / "service").mkdir()
    engine = LocalEngine(provider, Folders(tmp_path), slots=1, testbed="mini-chat")
    with pytest.raises(EngineError, match="prepare"):
        asyncio.run(engine.start())


def test_the_key_of_a_run_follows_everything_that_makes_it():
    spec = RunSpec("c0de", "mini-chat", "dev", pair_index=0, supervisor_seeds=(3,), student_seed=7)
    others = [
        replace(spec, code_hash="c0df"),
        replace(spec, testbed="mini-math"),
        replace(spec, split="sealed"),
        replace(spec, pair_index=1),
        replace(spec, supervisor_seeds=(4,)),
        replace(spec, student_seed=8),
        replace(spec, intervention="blind"),
    ]
    assert len({spec.key(), *(other.key() for other in others)}) == 8
    assert replace(spec).key() == spec.key()


def test_the_hash_of_code_follows_names_and_contents_and_not_their_order():
    assert code_hash({"a.py": "1", "b.py": "2"}) == code_hash({"b.py": "2", "a.py": "1"})
    assert code_hash({"a.py": "1"}) != code_hash({"b.py": "1"}) != code_hash({"b.py": "2"})


def test_names_to_log_are_the_keywords_in_the_source():
    many = "\n".join(f"bench.log(n{k}=1)" for k in range(40))
    assert log_names({"method.py": "bench.log(a=1, b=2); print(c=3); bench.log(**d)"}) == ("a", "b")
    assert len(log_names({"method.py": many})) == 32
    assert log_names({"method.py": "def ("}) == ()


def test_files_outside_the_bounds_are_refused_by_name_and_size():
    check({"method.py": "x", "part/more.py": "y"})
    for name in ("../x.py", "/x.py", "x.txt", "a//b.py", "a/../b.py", ".hidden.py"):
        with pytest.raises(BadSnapshot, match="plain"):
            check({name: ""})
    with pytest.raises(BadSnapshot, match="at most"):
        check({"method.py": "é" * 40_000})
