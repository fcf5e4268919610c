"""What every runtime does with a researcher's process: the shipped one, one of the page, and the one `--runtime` names.

    python -m pytest tests/conformance/test_runtime.py --runtime NAME --model MODEL

The lab is a double, the process is real.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_lab import FakeLab, serve

from aar.database.progress import Activity
from aar.errors import ModelError
from aar.launch.children import Child
from aar.launch.hosting import Hosting
from aar.launch.team import LEAVE_SECONDS
from aar.processes import python
from aar.researchers import RUNTIMES, Assignment, Hosted, Runtime

pytestmark = pytest.mark.usefixtures("packages")

TOKEN = "a-token-that-nobody-else-may-learn"
MODELS = {"inspect": "aar/evolution", "one-shot": "logconf"}
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def runtime(runtime_name: str) -> Runtime:
    return RUNTIMES.make(runtime_name)


@pytest.fixture
def model(runtime_name: str, pytestconfig: pytest.Config) -> str:
    return str(pytestconfig.getoption("--model") or MODELS[runtime_name])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("forum", "practice", "inspect", "workspaces"):
        (tmp_path / "lab" / name).mkdir(parents=True)
    (tmp_path / "lab" / "practice" / "items.jsonl").write_text("")
    tmp_path.chmod(0o755)
    return tmp_path / "lab"


@pytest.fixture
def start(runtime: Runtime, model: str, folder: Path) -> Start:
    def started(url: str, token: str = TOKEN) -> subprocess.Popen[str]:
        assignment = Assignment(folder, "r1", url=url, model=model, seed=3)
        command = list(runtime.command(assignment))
        assert not any(token in argument for argument in command), "arguments can be seen by everybody"
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(f"{token}\n")
        process.stdin.close()
        process.stdin = None
        return process

    return started


def a_lab(**changes: float) -> FakeLab:
    return FakeLab(
        researchers=("r1",), **{"minutes": 30, "minutes_a_look": 0.0, "submissions_each": 1, **changes}
    )


def until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_model_that_cannot_be_used_is_refused_before_anything_starts(runtime: Runtime, model: str) -> None:
    runtime.check([model])
    with pytest.raises(ModelError):
        runtime.check([model, "no such model"])


def test_it_works_until_the_lab_stops_says_so_and_ends_well(start: Start) -> None:
    lab = a_lab(down=2)
    with serve(lab, {TOKEN: "r1"}) as url:
        process = start(url)
        output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output
    assert lab.finished == {"r1"}
    assert lab.progress
    assert {Activity(activity) for _, activity, _ in lab.progress}, "what it does is one of the lab's words"
    assert all(made["status"] != "pending" for made in lab.submissions.values()), "it waits for its verdicts"
    assert TOKEN not in output


def test_it_ends_within_the_time_that_the_launcher_gives_it_when_it_is_asked_to(start: Start) -> None:
    lab = a_lab()
    lab.undecided = True
    with serve(lab, {TOKEN: "r1"}) as url:
        process = start(url)
        until(lambda: lab.progress, process)
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert time.monotonic() - asked < LEAVE_SECONDS + 20, "a busy machine is given more"
    assert process.returncode != 0, "only a regular end has the code 0"
    assert not lab.finished


def test_one_that_is_started_again_goes_on_and_hands_nothing_in_twice(start: Start) -> None:
    lab = a_lab()
    lab.undecided = True
    with serve(lab, {TOKEN: "r1"}) as url:
        process = start(url)
        until(lambda: lab.submissions, process)
        process.kill()
        process.communicate()
        lab.undecided = False
        again = start(url)
        output = again.communicate(timeout=300)[0]
    assert again.returncode == 0, output
    assert len(lab.submissions) == 1


def test_a_wrong_token_ends_it_with_the_reason_on_the_last_line(start: Start) -> None:
    with serve(a_lab(), {TOKEN: "r1"}) as url:
        process = start(url, token="wrong-token")
        output = process.communicate(timeout=120)[0]
    assert process.returncode not in (0, None)
    assert "this token belongs to no researcher" in output.strip().splitlines()[-1]


def test_one_that_is_forked_from_a_host_does_the_same(
    runtime: Runtime, model: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    if not isinstance(runtime, Hosted):
        pytest.skip("this runtime has no host")
    hosting = Hosting(runtime.host([model]))
    host = Child("host", hosting.start, folder / "logs" / "host.log")
    host.start()
    request.addfinalizer(host.stop)

    def forked(name: str, url: str) -> Child:
        command = runtime.command(Assignment(folder, name, url=url, model=model, seed=3))
        starter = hosting.starter(name, command, secret=f"{TOKEN}-{name}")
        child = Child(name, starter, folder / "logs" / f"{name}.log")
        child.start()
        return child

    def code(child: Child) -> int | None:
        end = time.monotonic() + 300
        while child.code() is None and time.monotonic() < end:
            time.sleep(0.05)
        return child.code()

    lab = FakeLab(
        researchers=("r1", "r2"),
        directions=("noise",) * 2,
        minutes=30,
        minutes_a_look=0.0,
        submissions_each=1,
    )
    with serve(lab, {f"{TOKEN}-{name}": name for name in lab.researchers}) as url:
        both = [forked(name, url) for name in lab.researchers]
        assert [code(child) for child in both] == [0, 0], [child.log.read_text() for child in both]
        assert lab.finished == {"r1", "r2"}
        lab.undecided, lab.finished, told = True, set(), len(lab.progress)
        lab.submissions.clear()
        asked = forked("r1", url)
        while len(lab.progress) == told:
            assert asked.code() is None, asked.log.read_text()
            time.sleep(0.05)
        asked.ask()
        assert code(asked) not in (0, None), "only a regular end has the code 0"
    assert host.code() is None
    assert all(TOKEN not in path.read_text() for path in (folder / "logs").iterdir())


def test_the_inspect_runtime_is_the_program_of_this_package(folder: Path) -> None:
    command = RUNTIMES.make("inspect").command(
        Assignment(folder, "r1", url="http://127.0.0.1:9", model="aar/evolution", seed=3, sandbox="docker")
    )
    assert list(command)[: len(python("aar.researchers"))] == python("aar.researchers")
    assert list(command)[-2:] == ["--sandbox", "docker"]
