"""Every known cheat is run through the real engine, sandbox and service, and gets nothing.

Each file of `exploits/` says who did it or would. It either breaks the contract and fails by name, or it
logs `found`, which must be nothing. Each is shown to get something where nothing stops it: as a plain process on this
machine, in the process of its own student, or against a service of which one check is taken away (`careless`).
"""

from __future__ import annotations

import asyncio
import builtins
import pickle
import runpy
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from careless import CHECKS, EXPLOITS, in_a_service, in_one_process, on_this_machine
from student_lab import SEEDS, fill, request, serve

from aar.engines import Job, Outcome
from aar.engines.local import LocalEngine
from aar.sandboxes import choose
from aar.students.server import Service
from w2s.client import RemoteBench

REFUSED = {
    "text_in_template": "TooMuch",
    "narrow_questions": "TooMuch",
    "forged_ids": "WrongIds",
    "logged_leak": "TooMuch",
    "raw_protocol": "BadMethod",
    "pickled_frame": "BadMethod",
    "train_on_test": "WrongIds",
    "words_of_an_exception": "Exception",
}
TWICE = ("left_behind",)
"""What the first run does is for the second."""


@dataclass(frozen=True)
class Folders:
    root: Path

    @property
    def service(self) -> Path:
        return self.root / "service"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(fill(tmp_path_factory.mktemp("careless") / "service"))


@pytest.fixture(scope="module")
def listener() -> Iterator[None]:
    """A socket without a file name, which `network` tries: it is there while the exploits run, too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as waiting:
        waiting.bind("\0abstract")
        waiting.listen()
        yield


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, listener: None) -> dict[str, Outcome]:
    folders = Folders(tmp_path_factory.mktemp("cheats"))
    fill(folders.service)

    async def run_all() -> dict[str, Outcome]:
        engine = LocalEngine(choose(), folders, slots=2, testbed="mini-chat")
        await engine.start()

        async def run(names: list[str]) -> dict[str, Outcome]:
            jobs = {
                name: Job(
                    code={"method.py": EXPLOITS[name].read_text(encoding="utf-8")},
                    testbed="mini-chat",
                    split="dev",
                    supervisor_seeds=(SEEDS[0],),
                    student_seed=7,
                    salt=b"salt",
                    wall_seconds=60,
                    memory_mb=800,
                )
                for name in names
            }
            ended = await asyncio.gather(*(engine.run(job) for job in jobs.values()))
            return dict(zip(jobs, ended, strict=True))

        ended = await run(list(EXPLOITS))
        for _ in range(2):  # once more on each slot
            ended |= await run(list(TWICE))
        await engine.stop()
        return ended

    return asyncio.run(run_all())


@pytest.mark.parametrize("name", EXPLOITS)
def test_a_known_cheat_gets_nothing(name, outcomes, table) -> None:
    outcome = outcomes[name]
    if name in REFUSED:
        assert (outcome.status, outcome.end.error.type) == ("method_failed", REFUSED[name])
        assert not outcome.end.error.message
        table(name, ended=f"failed: {outcome.end.error.type}", by="contract")
        return
    assert outcome.status == "ok", outcome
    assert not outcome.end.logged.get("found")
    served = name in CHECKS or name == "text_through_generation"
    table(name, ended="found nothing", by="service" if served else "sandbox")


@pytest.mark.parametrize("name", CHECKS)
def test_the_cheat_works_against_a_service_without_its_check(name, service, table) -> None:
    found = in_a_service(name, service)
    table(name, without="gets through" if found == 1 else f"{found:g} answers")
    assert found > 0


def test_text_can_be_had_of_a_student_in_ones_own_process(table) -> None:
    assert in_one_process("text_of_items") > 0
    found = in_one_process("text_through_generation")
    table("text_through_generation", without="reads what was generated")
    assert found > 0


def test_network_and_memory_are_open_without_a_sandbox(listener, table) -> None:
    for name in ("network", "truth_in_memory"):
        found = on_this_machine(name)
        table(name, without=f"{found:g} found")
        assert found > 0


def test_the_disk_is_open_without_a_sandbox(tmp_path, table) -> None:
    fill(tmp_path / "lab" / "service")
    found = on_this_machine("truth_on_disk", str(tmp_path))
    table("truth_on_disk", without=f"{found:g} files of a lab")
    assert found > 0


def test_a_file_that_was_left_is_found_without_a_sandbox(tmp_path, monkeypatch, table) -> None:
    name = runpy.run_path(str(EXPLOITS["left_behind"]))["NAME"]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    try:
        on_this_machine("left_behind")
        found = on_this_machine("left_behind")
    finally:
        for folder in ("/tmp", "/var/tmp", "/dev/shm", *sys.path):
            Path(folder, name).unlink(missing_ok=True)
    table("left_behind", without=f"{found:g} places kept it")
    assert found > 0


def test_a_process_that_was_left_goes_on_without_a_sandbox(table) -> None:
    started = time.time()
    source = (
        f"import runpy\nfrom unittest.mock import Mock\nexploit = {str(EXPLOITS['frozen_after_scoring'])!r}\n"
    )
    source += "runpy.run_path(exploit)['run'](Mock())"
    subprocess.run([sys.executable, "-c", source], timeout=60, check=True)
    left = [
        one
        for one in psutil.process_iter(["cmdline", "create_time"])
        if "frozen_after_scoring" in " ".join(one.info["cmdline"] or [])
        and one.info["create_time"] > started - 1
        and one.pid != psutil.Process().pid
    ]
    for one in left:
        one.kill()
    table("frozen_after_scoring", without=f"{len(left)} process went on")
    assert left


def test_an_exceptions_words_are_shown_on_practice_only(service, table) -> None:
    method = runpy.run_path(str(EXPLOITS["words_of_an_exception"]))["run"]

    def fails(sock: socket.socket) -> None:
        bench = RemoteBench(sock)
        try:
            method(bench)
        except Exception as error:  # noqa: BLE001
            bench.fail("Exception", file="method.py", line=1, message=str(error))

    shown = [serve(service, fails, request(split))[0].end.error.message for split in ("practice", "dev")]
    table("words_of_an_exception", without=f"{len(shown[0])} weak labels in its words")
    assert len(shown[0]) > 50
    assert shown[1] is None


def test_what_is_pickled_runs_where_it_is_unpickled(table) -> None:
    payload = runpy.run_path(str(EXPLOITS["pickled_frame"]))["Payload"]
    pickle.loads(pickle.dumps(payload()))  # noqa: S301 - what nobody should do
    assert builtins.unpickled  # type: ignore[attr-defined]
    del builtins.unpickled  # type: ignore[attr-defined]
    table("pickled_frame", without="runs code of its own")


def test_every_exploit_has_been_shown_to_work() -> None:
    elsewhere = {
        "text_through_generation",
        "network",
        "truth_in_memory",
        "truth_on_disk",
        "left_behind",
        "frozen_after_scoring",
        "words_of_an_exception",
        "pickled_frame",
    }
    assert set(CHECKS) | elsewhere == set(EXPLOITS)


def test_no_process_of_a_cheat_outlives_its_run(outcomes: dict[str, Outcome]) -> None:
    mine = psutil.Process().children(recursive=True)
    with_command = {p.pid: p.as_dict(["cmdline"])["cmdline"] or [] for p in mine if p.is_running()}
    assert [pid for pid, command in with_command.items() if "w2s.runner" in command] == []
