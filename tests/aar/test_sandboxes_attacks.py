"""What an attack gets from inside a sandbox: nothing; each is first shown to work outside."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sandbox_attacks
from starting import Warmed, ways

import aar
from aar.sandboxes import Mount, Profile, uid_for

MARK = "the-truth-of-item-4711"
SCRIPT = Path(sandbox_attacks.__file__)
NOT_PREVENTED = {"sandlock": {"learn_that_it_exists"}}
"""What a provider's docstring says that it does not cover."""


class Host:
    """A host with something worth stealing: a file, a process, servers, shared memory."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="aar-host-"))
        self.folder.chmod(0o777)
        secret = self.folder / "truth.json"
        secret.write_text(MARK)
        secret.chmod(0o666)
        code = f"import ctypes, time; b = ctypes.create_string_buffer(b'{MARK}')"
        code += "; print(ctypes.addressof(b), flush=True)"
        self.victim = subprocess.Popen(
            [sys.executable, "-c", code + "; time.sleep(600)", MARK],
            stdout=subprocess.PIPE,
            env={**os.environ, "AAR_TOKEN": MARK},
            start_new_session=True,
        )
        assert self.victim.stdout is not None
        address = int(self.victim.stdout.readline())
        self.open = os.open(secret, os.O_RDONLY)
        os.set_inheritable(self.open, True)
        self.libc = ctypes.CDLL(None)
        self.shm = self.libc.shmget(0x0AA70001, 4096, 0o1666)
        tcp, unix, abstract = (
            socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True),
            socket.socket(socket.AF_UNIX),
            socket.socket(socket.AF_UNIX),
        )
        unix.bind(str(self.folder / "lab.sock"))
        (self.folder / "lab.sock").chmod(0o777)
        abstract.bind(f"\0aar-{os.getpid()}")
        datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        datagram.bind(str(self.folder / "log.sock"))
        (self.folder / "log.sock").chmod(0o777)
        udp = socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        self.sockets = [tcp, unix, abstract, udp, datagram]
        for server in (tcp, unix, abstract):
            server.listen()
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
        threading.Thread(target=self._answer, args=(udp,), daemon=True).start()
        self.targets = {
            "mark": MARK,
            "secret": str(secret),
            "folder": str(self.folder),
            "device": secret.stat().st_dev,
            "victim": self.victim.pid,
            "address": address,
            "aar": str(Path(aar.__file__).parent),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "unix": str(self.folder / "lab.sock"),
            "datagram": str(self.folder / "log.sock"),
            "abstract": f"aar-{os.getpid()}",
            "shm": 0x0AA70001,
        }

    @staticmethod
    def _serve(server: socket.socket) -> None:
        while True:
            try:
                server.accept()[0].send(b"hi")
            except OSError:
                return

    @staticmethod
    def _answer(server: socket.socket) -> None:
        while True:
            try:
                server.sendto(b"hi", server.recvfrom(100)[1])
            except OSError:
                return

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        self.libc.shmctl(self.shm, 0, None)
        os.close(self.open)
        for server in self.sockets:
            server.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture(scope="module")
def outside(host: Host) -> dict[str, str]:
    command = [sys.executable, str(SCRIPT), json.dumps(host.targets)]
    environment = {**os.environ, "AAR_TOKEN": MARK}
    done = subprocess.run(
        command, capture_output=True, close_fds=False, env=environment, check=True, timeout=120
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=list(ways()))
def inside(request: pytest.FixtureRequest, host: Host) -> dict[str, str]:
    provider = ways()[request.param]
    check = provider.check()
    if not check.ok:
        pytest.skip(f"{provider.name}: {check.detail}; {check.remedy}")
    folder = Path(tempfile.mkdtemp(prefix="aar-attacks-"))
    folder.chmod(0o755)
    shutil.copy(SCRIPT, folder / "attacks.py")
    profile = Profile(uid=uid_for("test attacks"), mounts=(Mount(folder, "/attacks"),))
    script = str(SCRIPT) if isinstance(provider, Warmed) else "/attacks/attacks.py"
    command = [sys.executable, script, json.dumps(host.targets)]
    with provider.start(command, profile, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        process.wait(60)
    if isinstance(provider, Warmed):
        provider.close()
    shutil.rmtree(folder)
    return {"provider": provider.name} | json.loads(output)


@pytest.mark.parametrize("name", list(sandbox_attacks.ATTACKS))
def test_an_attack_gets_nothing(name: str, inside: dict[str, str], outside: dict[str, str]) -> None:
    if name in NOT_PREVENTED.get(inside["provider"].split(",")[0], ()):
        pytest.skip(f"{inside['provider']} does not prevent this, and says so")
    assert inside[name] != "got", f"{name} succeeds in {inside['provider']}"
    if outside[name] != "got":
        pytest.skip(f"does not succeed outside on this machine either ({outside[name]})")


def test_the_attacked_host_is_unharmed(host: Host, inside: dict[str, str]) -> None:
    assert host.victim.poll() is None
    assert (host.folder / "truth.json").read_text().startswith(MARK)
