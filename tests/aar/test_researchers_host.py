"""Researchers are forked from one host: each as a process of its own, and none outlives the host or the launcher.

The host is the real one. Where nothing but forking is tested it imports nothing, and `PROBE` stands for a researcher.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_lab import FakeLab, serve
from test_launch_children import Clock, Heard, a_team

from aar.launch import children, hosting
from aar.launch.children import Child
from aar.launch.hosting import Hosting
from aar.launch.restarts import MOST_DEATHS
from aar.launch.team import Team
from aar.processes import python
from aar.researchers import EMBEDDED, RUNTIMES, Assignment, Hosted
from aar.researchers.exits import ExitCode
from aar.researchers.inspect_runtime import PROGRAM

TOKEN = "a-token-that-nobody-else-may-learn"
PROBE = """
import gc, json, os, random, signal, sys, time
from aar.researchers import host

generator = random.Random(1)  # as a library may have one from its import on

def probe(arguments):
    if arguments[0] == "code":
        return int(arguments[1])
    if arguments[0] == "raise":
        raise ValueError("its last words")
    if arguments[0] == "sleep":
        time.sleep(600)
    handlers = {number: repr(signal.getsignal(number)) for number in signal.valid_signals()}
    print(json.dumps({
        "line": sys.stdin.readline(),
        "rest": sys.stdin.read(),
        "arguments": sys.argv[1:],
        "open": {name: os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")},
        "ids": [os.getpid(), os.getsid(0), os.getpgid(0), os.getppid()],
        "random": [random.random(), generator.random()],
        "handlers": list(handlers.values()),
        "collects": gc.isenabled(),
        "main": sys.modules["__main__"].__name__,
        "folder": os.getcwd(),
    }))
    return 0

host.imports.for_models = lambda models: None
host.program.main = probe
"""
SERVE = "sys.exit(host.main([]))"
Start = Callable[..., Child]


def until(condition: Callable[[], object], seconds: float = 600.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class Run:
    """A host that forks probes, and its processes."""

    def __init__(self, folder: Path, before: str = "") -> None:
        self.folder = folder
        self.hosting = Hosting([sys.executable, "-P", "-c", f"{PROBE}\n{before}\n{SERVE}"])
        self.host = Child("the researchers' host", self.hosting.start, folder / "host.log")
        self.probes: list[Child] = []

    def probe(self, *words: str, command: list[str] | None = None) -> Child:
        name = f"r{len(self.probes) + 1}"
        starter = self.hosting.starter(name, command or [*PROGRAM, *words], secret=TOKEN)
        self.probes.append(Child(name, starter, self.folder / f"{name}.log"))
        return self.probes[-1]

    def forked(self) -> list[psutil.Process]:
        assert isinstance(self.host.process, subprocess.Popen)
        return psutil.Process(self.host.process.pid).children()

    def end(self) -> None:
        for child in (*self.probes, self.host):
            child.stop()
        self.hosting.close()
        if isinstance(self.host.process, subprocess.Popen):
            self.host.process.wait()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path)
    made.host.start()
    yield made
    made.end()


def ended(child: Child) -> int:
    until(lambda: child.code() is not None)
    code = child.code()
    assert code is not None
    return code


def report(child: Child) -> dict[str, Any]:
    assert ended(child) == 0, child.log.read_text()
    return dict(json.loads(child.log.read_text().splitlines()[-1]))


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_each_is_as_a_fresh_process_and_knows_nothing_of_the_others(run: Run) -> None:
    sleeper = run.probe("sleep")
    sleeper.start()
    probes = [run.probe("look", str(number)) for number in range(2)]
    for probe in probes:
        probe.start()
    told = [report(probe) for probe in probes]
    fresh = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, signal; print(json.dumps([repr(signal.getsignal(n)) for n in signal.valid_signals()]))",
        ],
        capture_output=True,
        check=True,
    )
    for number, one in enumerate(told):
        assert (one["line"], one["rest"]) == (f"{TOKEN}\n", "")
        assert one["arguments"] == ["look", str(number)]
        pid, session, group, parent = one["ids"]
        assert pid == session == group
        assert isinstance(run.host.process, subprocess.Popen)
        assert parent == run.host.process.pid
        assert set(one["open"]) == {"0", "1", "2", "3"}, "three streams, and the one that lists them"
        assert "pipe" in one["open"]["0"]
        assert {one["open"]["1"], one["open"]["2"]} == {str(probes[number].log.resolve())}
        assert one["handlers"] == json.loads(fresh.stdout)
        assert one["collects"]
        assert one["main"] == "aar.researchers.__main__"
        assert one["folder"] == "/"
    for draws in zip(*(one["random"] for one in told), strict=True):
        assert len(set(draws)) == len(told), "no two draw the same"
    assert sleeper.code() is None


def test_a_token_is_in_no_argument_and_no_environment(run: Run) -> None:
    run.probe("sleep").start()
    until(run.forked)
    (sleeper,) = run.forked()
    until(lambda: sleeper.name() == "aar r1")
    for process in (sleeper, *sleeper.parents()[:1]):
        assert TOKEN not in " ".join(process.cmdline())
        assert TOKEN not in Path(f"/proc/{process.pid}/environ").read_text()
    environment = dict(
        line.split("=", 1)
        for line in Path(f"/proc/{sleeper.pid}/environ").read_text().split("\0")
        if "=" in line
    )
    changing = {"PYTEST_CURRENT_TEST"}
    assert {name: environment[name] for name in environment.keys() - changing} == {
        name: os.environ[name] for name in os.environ.keys() - changing
    }


def test_the_launcher_learns_how_each_ended(run: Run) -> None:
    good, bad, loud, killed, asked = (
        run.probe("code", "0"),
        run.probe("code", str(int(ExitCode.ENDED_FOR_GOOD))),
        run.probe("raise"),
        run.probe("sleep"),
        run.probe("sleep"),
    )
    for child in run.probes:
        child.start()
    asked.ask()  # before the host has imported anything
    assert [ended(child) for child in (good, bad, loud)] == [0, ExitCode.ENDED_FOR_GOOD, 1]
    assert loud.tail() == "ValueError: its last words"
    assert ended(asked) == -signal.SIGTERM
    assert killed.code() is None
    killed.stop()
    assert ended(killed) == -signal.SIGKILL
    assert not any(child.lost for child in run.probes)


def test_who_is_killed_from_outside_is_not_taken_for_one_whose_host_died(run: Run) -> None:
    sleeper = run.probe("sleep")
    sleeper.start()
    until(run.forked)
    run.forked()[0].kill()
    assert ended(sleeper) == -signal.SIGKILL
    assert not sleeper.lost
    assert run.host.code() is None


def test_nobody_is_left_running_behind_a_dead_host(run: Run) -> None:
    for _ in range(3):
        run.probe("sleep").start()
    until(lambda: len(run.forked()) == 3)
    processes = run.forked()
    run.host.stop()
    assert [ended(child) for child in run.probes] == [-signal.SIGKILL] * 3
    assert all(child.lost for child in run.probes)
    assert not alive(processes)


def test_a_host_that_nobody_can_ask_ends_and_takes_all_with_it(run: Run) -> None:
    sleeper = run.probe("sleep")
    sleeper.start()
    until(run.forked)
    processes = run.forked()
    run.hosting.close()
    until(lambda: run.host.code() == 0)
    assert ended(sleeper) == -signal.SIGKILL
    assert sleeper.lost
    assert not alive(processes)


def test_nobody_is_left_running_behind_a_dead_launcher(tmp_path: Path) -> None:
    code = (
        f"import sys, time; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from test_researchers_host import Run\n"
        f"run = Run(Path({str(tmp_path)!r}))\n"
        "run.host.start()\n"
        "for _ in range(2): run.probe('sleep').start()\n"
        "while True: time.sleep(1)\n"
    )
    launcher = subprocess.Popen([sys.executable, "-c", code])
    below = psutil.Process(launcher.pid)
    until(lambda: len(below.children(recursive=True)) == 3)
    processes = below.children(recursive=True)
    launcher.kill()
    launcher.wait()
    until(lambda: not alive(processes))


def test_a_library_that_starts_a_thread_costs_memory_and_breaks_nothing(tmp_path: Path) -> None:
    thread = (
        "import threading; threading.Thread(target=time.sleep, args=(600,), name='busy', daemon=True).start()"
    )
    run = Run(tmp_path, thread)
    run.host.start()
    try:
        line = "import os, sys; print(sys.stdin.readline().strip(), len(os.listdir('/proc/self/fd')))"
        child = run.probe(command=[sys.executable, "-c", line])
        child.start()
        assert ended(child) == 0
        assert child.tail() == f"{TOKEN} 4", "three streams, and the one that lists them"
        assert "r1 is not forked, but started anew: the imports left 1 threads running (busy)" in (
            run.host.log.read_text()
        )
    finally:
        run.end()


def test_nothing_is_forked_while_an_event_loop_runs() -> None:
    code = (
        "import asyncio\n"
        "from aar.researchers.host import why_not\n"
        "async def inside(): return why_not()\n"
        "print([why_not(), asyncio.run(inside())])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['', 'an event loop runs']"


def test_a_machine_without_room_for_a_process_ends_that_one_only(tmp_path: Path) -> None:
    full = (
        "real, tries = os.fork, []\n"
        "def fork():\n"
        "    tries.append(1)\n"
        "    if len(tries) == 1: raise OSError(11, 'Resource temporarily unavailable')\n"
        "    return real()\n"
        "os.fork = fork"
    )
    run = Run(tmp_path, full)
    run.host.start()
    try:
        first, second = run.probe("code", "0"), run.probe("code", "0")
        first.start()
        second.start()
        assert (ended(first), ended(second)) == (1, 0)
        assert "Resource temporarily unavailable" in first.tail()
    finally:
        run.end()


def a_hosted_team(tmp_path: Path, run: Run, count: int) -> tuple[Team, Heard, list[str]]:
    team, show, heard = a_team(tmp_path)
    team.add_host(run.host, run.hosting)
    for _ in range(count):
        team.add_researcher(run.probe("sleep"))
    return team, show, heard


def test_a_host_that_dies_is_one_death_and_its_researchers_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(children, "time", clock)
    run = Run(tmp_path)
    team, show, heard = a_hosted_team(tmp_path, run, 3)
    try:
        until(lambda: len(run.forked()) == 3)
        last = run.host.tail()
        run.host.stop()
        assert all(ended(child) for child in run.probes)
        team.look_after()
        assert {team.state(child.name) for child in run.probes} == {"restarting"}
        team.look_after()
        clock.now += 1
        until(lambda: team.look_after() or run.host.code() is None)
        until(lambda: team.look_after() or len(run.forked()) == 3)
        assert show.lines == [
            f"the researchers' host ended (code -9) and is started again, and with it r1, r2, r3: {last}"
        ]
        assert [len(child.deaths.times) for child in (run.host, *run.probes)] == [1, 0, 0, 0]
        assert sorted(heard) == [f"/v1/operator/researchers/r{number}/restarts" for number in (1, 2, 3)]
    finally:
        run.end()


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock of the launcher that stands still unless a test moves it."""
    clock = Clock()
    monkeypatch.setattr(children, "time", clock)
    monkeypatch.setattr(hosting, "time", clock)
    return clock


def stop_host(run: Run) -> None:
    assert isinstance(run.host.process, subprocess.Popen)
    run.host.process.send_signal(signal.SIGSTOP)


@pytest.mark.parametrize("owed", ["a start", "an end"])
def test_a_host_that_hangs_is_killed_and_started_again_with_its_researchers(
    tmp_path: Path, clocks: Clock, owed: str
) -> None:
    run = Run(tmp_path)
    team, show, _ = a_hosted_team(tmp_path, run, 2)
    try:
        until(lambda: team.look_after() or len(run.forked()) == 2)
        first, second = run.forked()
        last = run.host.tail()
        stop_host(run)
        if owed == "a start":
            team.add_researcher(run.probe("sleep"))
        else:
            second.kill()
        names = ", ".join(child.name for child in run.probes)

        def killed() -> bool:
            clocks.now += 1
            team.look_after()
            return run.host.code() is not None

        until(killed)
        until(lambda: not alive([first]))
        until(lambda: all(child.lost for child in run.probes))
        team.look_after()
        clocks.now += 1
        until(lambda: team.look_after() or len(run.forked()) == len(run.probes))
        assert show.lines == [
            f"the researchers' host hung (no answer for 1 min 1 s) and is started again, and with it {names}: {last}"
        ]
        assert (run.host.starts, len(run.host.deaths.times)) == (2, 1)
    finally:
        run.end()


def test_a_host_that_hangs_while_it_imports_is_given_more_time_and_then_judged_as_any(
    tmp_path: Path, clocks: Clock
) -> None:
    run = Run(tmp_path, "time.sleep(600)")
    team, show, _ = a_hosted_team(tmp_path, run, 1)

    def given_up() -> bool:
        if not run.host.killed_for or run.host.code() is not None:  # however long it takes to end it here
            clocks.now += hosting.MOST_STEP_SECONDS
        team.look_after()
        return team.everybody_given_up()

    until(given_up)
    assert run.host.starts == MOST_DEATHS
    assert (
        "the researchers' host hung (not ready for 5 min 5 s) and is started again, and with it r1"
        in (show.lines[0])
    )
    assert f"ended {MOST_DEATHS} times within an hour; not started again: r1" in show.lines[-1]
    run.end()


def test_a_sleep_of_the_machine_is_no_hang_nor_is_a_host_that_nobody_needs(
    tmp_path: Path, clocks: Clock
) -> None:
    run = Run(tmp_path)
    team, show, _ = a_hosted_team(tmp_path, run, 1)
    try:
        until(lambda: team.look_after() or len(run.forked()) == 1)
        stop_host(run)
        for _ in range(100):
            clocks.now += 1
            team.look_after()
        team.add_researcher(run.probe("sleep"))
        for _ in range(10):
            clocks.now += 3600
            team.look_after()
        assert (run.host.code(), show.lines) == (None, [])
    finally:
        run.end()


def test_a_host_that_cannot_start_is_given_up_in_one_line_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(children, "time", clock)
    run = Run(tmp_path, "host.main = lambda models: __import__('no_such_package')")
    team, show, heard = a_hosted_team(tmp_path, run, 2)

    def given_up() -> bool:
        clock.now += 10 if run.host.code() is not None else 0  # however long a start takes here
        team.look_after()
        return team.everybody_given_up()

    until(given_up)
    reason = "ModuleNotFoundError: No module named 'no_such_package'"
    assert run.host.starts == MOST_DEATHS
    assert team.given_up == {"r1": reason, "r2": reason}
    assert f"ended {MOST_DEATHS} times within an hour; not started again: r1, r2; {reason}" in show.lines[-1]
    assert len(show.lines) == MOST_DEATHS
    assert heard[-2:] == [f"/v1/operator/researchers/r{number}/stopped" for number in (1, 2)]
    run.end()


def test_a_host_that_nobody_needs_is_left_alone(tmp_path: Path) -> None:
    run = Run(tmp_path)
    team, show, _ = a_team(tmp_path)
    team.add_host(run.host, run.hosting)
    team.add_researcher(run.probe("code", "0"))
    assert ended(run.probes[0]) == 0
    run.host.stop()
    until(lambda: run.host.code() is not None)
    for _ in range(3):
        team.look_after()
    assert run.host.starts == 1
    assert show.lines == []
    run.end()


SESSION = """
import sys
import aar.researchers.__main__ as program
from aar.researchers import imports

imports.for_models([sys.argv[1]])
before = set(sys.modules)
code = program.main(sys.argv[2:])
print("anew", *sorted(set(sys.modules) - before))
sys.exit(code)
"""


def test_a_session_imports_little_that_its_host_has_not_imported(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("forum", "practice"):
        (tmp_path / "lab" / name).mkdir(parents=True)
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0, submissions_each=1)
    with serve(lab, {TOKEN: "r1"}) as url:
        assignment = Assignment(tmp_path / "lab", "r1", url=url, model=EMBEDDED, seed=3)
        words = list(RUNTIMES.make("inspect").command(assignment))[len(PROGRAM) :]
        done = subprocess.run(
            [sys.executable, "-P", "-c", SESSION, EMBEDDED, *words],
            input=f"{TOKEN}\n",
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    anew = done.stdout.splitlines()[-1].split()
    assert anew[0] == "anew"
    assert len(anew) < 100, anew
    assert not {"anthropic", "openai", "acp", "numpy"} & set(anew), (
        "the first three are the host's, the last nobody's"
    )


def test_the_shipped_runtime_names_each_model_of_its_host_once() -> None:
    runtime = RUNTIMES.make("inspect")
    assert isinstance(runtime, Hosted)
    models = [EMBEDDED, "anthropic/claude-opus-4-5", EMBEDDED]
    assert list(runtime.host(models)) == python("aar.researchers.host", *models[:2])
