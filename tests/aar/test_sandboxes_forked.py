"""A forked process has nothing of its fork server, nor of the calls before it, and gives what a fresh one gives."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import fork_attacks
import psutil
import pytest
from starting import Warmed

from aar.engines.methods import ALWAYS, ENVIRONMENT, OFTEN
from aar.errors import SandboxLost
from aar.sandboxes import Limits, Mount, Profile, SandboxProcess, WarmCall, open_w2s, uid_for, warm
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from aar.sandboxes.warm_python.fork_server import ForkServer
from aar.sandboxes.warm_python.prepared import Prepared

HERE = Path(__file__).parent
UID = uid_for("test forked")
TARGETS = {"processes": 12, "uid": uid_for("test forked outside")}
LIMITS = Limits(processes=12)
EARLIER = "earlier-call-" + secrets.token_hex(8)

pytestmark = pytest.mark.skipif(
    not Warmed(Bubblewrap(), forks=True).check().ok, reason="only root with bubblewrap has a fork server"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    packages = tmp_path_factory.mktemp("open")
    packages.parent.chmod(0o755)
    packages.parent.parent.chmod(0o755)
    profile = Profile(uid=UID, env=ENVIRONMENT, packages=open_w2s(packages))
    made = warm(Bubblewrap(), profile, always=ALWAYS, often=OFTEN)
    assert isinstance(made, ForkServer)
    yield made
    made.close()


def call(server: ForkServer, code: str, *arguments: str, limits: Limits = LIMITS) -> str:
    """What `main` in `code` prints, in a forked process of its own."""
    with started(server, code, *arguments, limits=limits) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode()
        process.wait(60)
    return output.strip()


def started(server: ForkServer, code: str, *arguments: str, limits: Limits = LIMITS) -> SandboxProcess:
    files = {"program.py": code}
    return server.start(
        WarmCall("program", arguments, files), limits, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def outside(name: str) -> str:
    given = {**TARGETS, "name": name, "earlier": EARLIER}
    command = [sys.executable, str(HERE / "naive_fork_server.py"), json.dumps(given)]
    done = subprocess.run(
        command, capture_output=True, check=True, timeout=300, cwd="/", env={"PYTHONPATH": str(HERE)}
    )
    return done.stdout.decode().splitlines()[-1]


@pytest.fixture(scope="module")
def works_outside() -> dict[str, str]:
    return json.loads(outside("all"))


@pytest.fixture(scope="module")
def inside(server: ForkServer) -> dict[str, str]:
    call(server, f"EARLIER = {EARLIER!r}\ndef main(arguments): print(EARLIER)")
    targets = {**TARGETS, "server": server_pid(server), "control": 3, "server_uid": 0}
    answer = call(server, Path(fork_attacks.__file__).read_text(), "all", json.dumps(targets))
    return json.loads(answer.splitlines()[-1])


def server_pid(server: ForkServer) -> int:
    """The host's number of the Python that forks: the innermost process while no call runs."""
    return server._process.members()[-1]


LATE = """
import importlib, os, sys
def main(arguments):
    fresh = arguments[0]  # nothing of this name is in the temporary folder, wherever Python and the clone lie
    sys.path.append("/tmp/late packages")
    print(importlib.import_module("imported_late").WORD, f"{fresh} left" in os.listdir("/tmp"))
    open(f"/tmp/{fresh} left", "w").close()
    for path in ("/tmp/late packages/imported_late.py", f"/tmp/late packages/{fresh}", f"/tmp/{fresh}"):
        try:
            open(path, "a").close()
            print("written")
        except OSError as error:
            print(error.strerror)
"""


def test_what_a_sandbox_shows_below_its_scratch_space_is_there_in_a_call_too(tmp_path: Path) -> None:
    (tmp_path / "imported_late.py").write_text("WORD = 'found'")
    for path in (tmp_path, tmp_path / "imported_late.py"):
        path.chmod(0o777)
    profile = Profile(uid=UID, mounts=(Mount(tmp_path, "/tmp/late packages"),))
    server = warm(Bubblewrap(), profile, always=("json",))
    assert isinstance(server, ForkServer)
    fresh = f"fresh-{secrets.token_hex(8)}"
    try:
        said = [call(server, LATE, fresh).splitlines() for _ in range(2)]
    finally:
        server.close()
    refused = "Read-only file system"
    assert said == [["found False", refused, refused, "written"]] * 2


@pytest.mark.parametrize("name", list(fork_attacks.ATTACKS))
def test_an_attack_on_the_fork_server_gets_nothing(
    name: str, inside: dict[str, str], works_outside: dict[str, str]
) -> None:
    assert works_outside[name] == "got", works_outside[name]
    assert inside[name] != "got"


@pytest.mark.parametrize("name", list(fork_attacks.LEFT))
def test_what_a_call_leaves_is_not_there_for_the_next(name: str, server: ForkServer) -> None:
    try:
        assert outside(name) == "got"
    finally:
        for process in psutil.process_iter(["name"]):
            if process.info["name"] == "aar-left":
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        for left in ("/tmp/aar-left", "/dev/shm/aar-left"):
            Path(left).unlink(missing_ok=True)
    code = Path(fork_attacks.__file__).read_text()
    refused = {"attach_shared_memory": "PermissionError: [Errno 1] Operation not permitted"}
    assert call(server, code, f"{name} leave", json.dumps(TARGETS)) == refused.get(name, "nothing")
    assert call(server, code, f"{name} find", json.dumps(TARGETS)) != "got"


def test_no_process_of_a_call_is_left_on_the_host(server: ForkServer) -> None:
    call(
        server,
        Path(fork_attacks.__file__).read_text(),
        "find_a_process_that_stayed leave",
        json.dumps(TARGETS),
    )
    mine = [process.pid for process in psutil.process_iter(["uids"]) if process.info["uids"].real == UID]
    assert mine == []


def test_two_calls_do_not_draw_the_same_random_numbers(server: ForkServer) -> None:
    code = "import random, numpy, torch\ndef main(arguments):\n"
    code += " print(random.random(), numpy.random.random(), torch.rand(1).item())"
    drawn = [number for _ in range(3) for number in call(server, code).split()]
    assert len(set(drawn)) == 9


def test_a_forked_process_computes_what_a_fresh_one_computes(server: ForkServer, tmp_path: Path) -> None:
    code = """
import hashlib, json

def main(arguments):
    import numpy, sklearn.linear_model, torch
    rng = numpy.random.default_rng(3)
    x, y = rng.normal(size=(300, 20)), rng.integers(0, 2, 300)
    fitted = sklearn.linear_model.LogisticRegression().fit(x, y)
    torch.manual_seed(3)
    layer = torch.nn.Linear(20, 20)
    out = layer(torch.tensor(x, dtype=torch.float32)).pow(2).sum()
    out.backward()
    parts = [fitted.coef_, layer.weight.grad.numpy(), torch.rand(5).numpy(), x @ x.T]
    print(json.dumps({
        "arrays": [hashlib.sha256(numpy.ascontiguousarray(part).tobytes()).hexdigest() for part in parts],
        "hash": hash("a word"),
        "set": list({"one", "two", "three", "four"}),
        "threads": torch.get_num_threads(),
    }))
"""
    forked = [call(server, code, limits=Limits()) for _ in range(3)]
    packages = tmp_path / "open"
    tmp_path.chmod(0o755)
    profile = Profile(uid=UID, env=ENVIRONMENT, packages=open_w2s(packages))
    with Bubblewrap().start(
        [sys.executable, "-P", "-c", code + "\nmain([])"], profile, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        fresh = process.stdout.read().decode().strip()
    assert json.loads(fresh)
    assert forked == [fresh] * 3


def test_the_memory_of_a_call_counts_without_what_was_imported_for_all(server: ForkServer) -> None:
    small = "import torch\ndef main(arguments): x = torch.ones(20 << 18); print(int(x.sum()))"
    assert call(server, small, limits=Limits(memory_mb=150)) == str(20 << 18)
    hog = "def main(arguments):\n x = []\n while len(x) < 250: x.append(bytearray(b'x') * (1 << 20))\n"
    with started(server, hog + " import time; time.sleep(30)", limits=Limits(memory_mb=150)) as process:
        process.wait(60)
        assert process.reason == "memory"


def test_a_killed_call_does_not_harm_the_next(server: ForkServer) -> None:
    for _ in range(5):
        with started(server, "def main(arguments):\n while True: pass") as process:
            process.kill()
            assert process.reason == "killed"
            assert process.poll() == 137
    assert call(server, "def main(arguments): print('well')") == "well"
    assert server.alive


def test_a_call_that_cannot_be_set_up_runs_nothing_and_says_why(server: ForkServer) -> None:
    files = {"program.py": "def main(arguments): print('ran')", "program.py/more.py": ""}
    with server.start(
        WarmCall("program", (), files), LIMITS, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.wait(60) == 126
        assert process.stderr is not None
        assert process.stdout is not None
        assert b"FileExistsError" in process.stderr.read()
        assert process.stdout.read() == b""
    assert call(server, "def main(arguments): print('well')") == "well"


def test_a_killed_server_takes_its_call_along_and_says_so(tmp_path: Path) -> None:
    server = ForkServer(Bubblewrap(), Profile(uid=UID, env=ENVIRONMENT), ())
    with started(
        server, "import time\ndef main(arguments): print('on', flush=True); time.sleep(60)"
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        pids = process.members()
        psutil.Process(pids[0]).parent().kill()
        assert process.wait(60) == 137
    deadline = time.monotonic() + 60
    while any(psutil.pid_exists(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not server.alive
    with pytest.raises(SandboxLost):
        started(server, "def main(arguments): pass")


def test_where_imports_start_threads_a_prepared_process_serves(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    threaded = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    (tmp_path / "packages/threaded.py").write_text(threaded)
    for folder in (tmp_path, tmp_path / "packages"):
        folder.chmod(0o755)
    profile = Profile(uid=UID, env=ENVIRONMENT, packages=tmp_path / "packages")
    made = warm(Bubblewrap(), profile, always=("json",), often=("threaded",))
    assert isinstance(made, Prepared)
    with made.start(
        WarmCall("program", (), {"program.py": "def main(arguments): print('well')"}),
        LIMITS,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"well\n"
    made.close()


def test_a_module_that_does_not_import_is_named(server: ForkServer) -> None:
    with pytest.raises(SandboxLost, match="no_such_module"):
        warm(Bubblewrap(), Profile(uid=UID, env=ENVIRONMENT), always=("no_such_module",))


def test_a_forked_process_is_of_another_user_than_its_server(server: ForkServer) -> None:
    with started(server, "import time\ndef main(arguments): time.sleep(60)") as process:
        deadline = time.monotonic() + 60
        while len(process.members()) < 2 or psutil.Process(process.members()[1]).uids().real != UID:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        first, own = process.members()
        assert psutil.Process(first).uids().real == 0
        held = Path(f"/proc/{own}/status").read_text()
        assert "CapBnd:\t0000000000000000" in held
        theirs = psutil.Process(first).ppid()
        for kind in ("pid", "mnt", "ipc", "uts", "net"):
            assert Path(f"/proc/{own}/ns/{kind}").readlink() != Path(f"/proc/{theirs}/ns/{kind}").readlink()
