"""Docker without an engine: the exact command line, how descriptors reach the program, and what `check` advises.

The stand-in for `docker` writes down how it was called and runs the real launcher, without any sandbox around it.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aar.errors import SandboxLost, SandboxRefused
from aar.sandboxes import Limits, Mount, Profile, providers, uid_for
from aar.sandboxes.provider import Provider, docker, docker_engine
from aar.sandboxes.provider.docker import Docker

UID = uid_for("test docker")
ENGINE = """#!{python}
import array, ctypes, fcntl, json, os, resource, select, signal, socket, sys, typing
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ)]) + "\\n")
if {said!r}:
    sys.exit({said!r})
if sys.argv[1] == "version":
    print("99.1")
elif sys.argv[1] == "image":
    sys.exit("Error: No such image: " + sys.argv[-1])
elif sys.argv[1] == "import":
    print("sha256:0123")
elif sys.argv[1] == "run":
    place = next(a.split("src=")[1].split(",")[0] for a in sys.argv if a.endswith("dst=/.sandbox,readonly"))
    user, group = next(a for a in sys.argv if a.startswith("--user=")).split("=")[1].split(":")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(int(group))
        fd = os.open(place, os.O_PATH)
        os.fchdir(fd)
        os.setuid(int(user))
    else:
        os.chdir(place)
    ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
    with open("launcher.py") as code:
        program = compile(code.read(), "launcher.py", "exec")
    sys.argv = ["launcher.py", "host"]
    exec(program, {{"__name__": "__main__"}})
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a stand-in for `docker` in place; gives the file with its calls."""

    def stand_in(said: str = "") -> Path:
        script, log = tmp_path / "docker", tmp_path / "calls"
        script.write_text(ENGINE.format(python=sys.executable, log=str(log), said=said))
        script.chmod(0o755)
        log.touch()
        for module in (docker, docker_engine):
            monkeypatch.setattr(module, "tool", lambda name: str(script))
        docker_engine._imported.cache_clear()
        return log

    yield stand_in
    docker_engine._imported.cache_clear()


def calls(log: Path, what: str) -> list[list[str]]:
    return [argv for argv, _ in map(json.loads, log.read_text().splitlines()) if argv[0] == what]


def mounts(command: list[str]) -> dict[str, dict[str, str]]:
    """--mount options by destination."""
    found = {}
    for option in command:
        if option.startswith("--mount="):
            fields = next(csv.reader([option.removeprefix("--mount=")]))
            pairs = dict(field.split("=", 1) if "=" in field else (field, "") for field in fields)
            found[pairs.pop("dst")] = pairs
    return found


def test_the_command_line_takes_everything_away(engine: Callable[..., Path]) -> None:
    log = engine()
    with Docker().start(
        ["/bin/true"], Profile(uid=UID, limits=Limits(memory_mb=300, processes=7, file_mb=20))
    ) as process:
        assert process.wait(60) == 0
    (command,) = calls(log, "run")
    options = [word for word in command if not word.startswith("--mount=")]
    user = f"{UID}:{UID}" if UID else f"{os.geteuid()}:{os.getegid()}"
    assert options == [
        "run",
        "--rm",
        "--pull=never",
        "--sig-proxy=false",
        "--log-driver=none",
        "--attach=stderr",
        "--network=none",
        "--hostname=sandbox",
        "--read-only",
        "--cap-drop=ALL",
        f"--user={user}",
        "--security-opt=no-new-privileges",
        "--pids-limit=8",
        "--memory=640m",
        "--memory-swap=640m",
        "--shm-size=20m",
        "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,size=20m",
        "sha256:0123",
        sys.executable,
        "-I",
        "-S",
        "/.sandbox/launcher.py",
        "/.sandbox/host",
    ]
    writable = [target for target, fields in mounts(command).items() if "readonly" not in fields]
    assert all(mounts(command)[target]["type"] == "tmpfs" for target in writable)
    assert "/sys" in writable


def test_only_what_the_profile_gives_is_mounted_besides_the_system(
    engine: Callable[..., Path], tmp_path: Path
) -> None:
    log = engine()
    for name in ("in, with a comma", "out"):
        (tmp_path / "lab" / name).mkdir(parents=True)
    (tmp_path / "lab" / "in, with a comma" / "vault").mkdir()
    (tmp_path / "lab" / "in, with a comma" / "key").touch()
    given = tmp_path / "lab" / "in, with a comma"
    profile = Profile(
        uid=UID,
        mounts=(Mount(given, "/data/in"), Mount(tmp_path / "lab" / "out", "/data/out", writable=True)),
        hidden=(given / "vault", given / "key"),
    )
    with Docker().start(["/bin/true"], profile) as process:
        process.wait(60)
    (command,) = calls(log, "run")
    found = mounts(command)
    assert found["/data/in"] == {"type": "bind", "src": str(given), "readonly": ""}
    assert found["/data/out"] == {"type": "bind", "src": str(tmp_path / "lab" / "out")}
    assert found["/data/in/vault"] == {"type": "tmpfs", "tmpfs-size": "4096", "tmpfs-mode": "0555"}
    assert found["/data/in/key"] == {"type": "bind", "src": "/dev/null", "readonly": ""}
    own = [target for target in found if target.endswith(("/w2s", "/aar"))]
    assert all(found[target]["type"] == "tmpfs" for target in own)
    sources = [fields["src"] for target, fields in found.items() if "src" in fields and "/data" not in target]
    shown = (*docker.SYSTEM, "/usr", "/etc", "/dev/null", sys.prefix, sys.base_prefix)
    assert not [s for s in sources if not s.startswith(shown) and "/sandbox-" not in s]


def test_descriptors_streams_environment_and_status_reach_the_program(engine: Callable[..., Path]) -> None:
    log = engine()
    ours, theirs = socket.socketpair()
    code = f'read line; echo "got $line as $TOKEN" >&{theirs.fileno()}; echo out; echo err >&2; exit 7'
    with (
        ours,
        theirs,
        Docker().start(
            ["/bin/bash", "-c", code],
            Profile(uid=UID, env={"TOKEN": "s3cret"}),
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"a line\n")
        process.stdin.close()
        assert process.stdout.read() == b"out\nerr\n"
        assert ours.recv(100) == b"got a line as s3cret\n"
        assert process.wait(60) == 7
    assert "s3cret" not in log.read_text()
    assert all(
        set(environment) <= {"LC_CTYPE"} for _, environment in map(json.loads, log.read_text().splitlines())
    )


def test_kill_and_the_end_of_the_host_end_the_launcher(engine: Callable[..., Path]) -> None:
    engine()
    with Docker().start(["/bin/sleep", "100"], Profile(uid=UID)) as process:
        process.kill()
        assert process.wait(60) == 137
    host, ours = socket.socketpair()
    launcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import runpy, socket; L = runpy.run_path({str(docker.LAUNCHER)!r}); "
            f"s = socket.socket(fileno={host.fileno()}); raise SystemExit(L['stay'](s, *L['receive'](s)))",
        ],
        pass_fds=[host.fileno()],
    )
    host.close()
    message = {
        "argv": ["/bin/sleep", "100"],
        "env": {},
        "cwd": "/",
        "limits": {},
        "numbers": [],
        "filter": "",
    }
    text = json.dumps(message).encode()
    ours.sendall(len(text).to_bytes(4, "big") + text)
    started = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    while not (children := started.read_text().split()):
        time.sleep(0.01)
    (program,) = map(int, children)
    ours.close()
    assert launcher.wait(60) == 137
    os.kill(program, signal.SIGKILL)  # in a container the kernel does this


def test_the_image_holds_links_only_and_is_made_once(engine: Callable[..., Path]) -> None:
    log = engine()
    for _ in range(2):
        with Docker().start(["/bin/true"], Profile(uid=UID)) as process:
            process.wait(60)
    (made,) = calls(log, "import")
    assert made[1] == "-"
    assert made[2].startswith("aar-sandbox:")
    assert not calls(log, "pull")
    assert not calls(log, "build")


@pytest.mark.parametrize(
    ("said", "detail", "remedy"),
    [
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "may not speak",
            "usermod -aG docker",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "no Docker engine answers",
            "systemctl start docker",
        ),
        ("Error response from daemon: no space left on device", "no space left", "install"),
    ],
)
def test_check_says_what_is_wrong_and_what_to_do(
    engine: Callable[..., Path], said: str, detail: str, remedy: str
) -> None:
    engine(said)
    check = Docker().check()
    assert not check.ok
    assert detail in check.detail
    assert remedy in check.remedy
    with pytest.raises(SandboxLost):
        Docker().start(["/bin/true"], Profile(uid=UID))


def test_check_of_a_working_engine_tells_its_version(engine: Callable[..., Path]) -> None:
    engine()
    assert Docker().check().detail.startswith("Docker 99.1")


def test_without_docker_check_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "tool", lambda name: None)
    check = Docker().check()
    assert (check.ok, check.detail) == (False, "not installed: docker")
    assert "bubblewrap" in check.remedy


def test_on_a_mac_there_is_docker_only_and_the_lab_itself_goes_into_it(
    engine: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = engine()
    monkeypatch.setattr(sys, "platform", "darwin")
    found: list[Provider] = providers()
    assert [provider.name for provider in found] == ["docker"]
    check = found[0].check()
    assert not check.ok
    assert "docker run --cap-add SYS_ADMIN" in check.remedy
    assert not log.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_in_a_container_is_refused(engine: Callable[..., Path]) -> None:
    engine()
    with pytest.raises(SandboxRefused, match="unprivileged"):
        Docker().start(["/bin/true"], Profile(uid=None))


def test_a_real_client_knows_every_option(engine: Callable[..., Path]) -> None:
    client = shutil.which("docker")
    if client is None:
        pytest.skip("no docker client on this machine")
    log = engine()
    with Docker().start(["/bin/true"], Profile(uid=UID)) as process:
        process.wait(60)
    (command,) = calls(log, "run")
    done = subprocess.run(
        [client, "--host=unix:///nowhere/docker.sock", *command], capture_output=True, text=True, check=False
    )
    assert "Cannot connect" in done.stderr, done.stderr
