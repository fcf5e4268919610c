"""The one-shot sandbox: what goes in, what comes out, and that it ends."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starting import tested

from aar.errors import NoSandbox, SandboxRefused
from aar.sandboxes import Mount, Profile, Provider, choose, open_w2s, providers, uid_for
from aar.sandboxes.provider.bubblewrap import Bubblewrap
from w2s.errors import NotFound

UID = uid_for("test")


@pytest.fixture(scope="module", params=[provider.name for provider in tested()])
def provider(request: pytest.FixtureRequest) -> Provider:
    try:
        return choose(request.param)
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def at_home() -> Iterator[Path]:
    """A folder that is not in /tmp, where a sandbox has files of its own."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix="aar-test-") as folder:
        yield Path(folder)


def said(provider: Provider, argv: list[str], profile: Profile | None = None, **options: object) -> str:
    with provider.start(
        argv, profile or Profile(uid=UID), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode()
        process.wait(60)
    return output


def test_a_given_socket_works_and_nothing_else_is_inherited(provider: Provider) -> None:
    ours, theirs = socket.socketpair()
    kept, secret = os.pipe()
    os.set_inheritable(kept, True)
    inode = os.fstat(kept).st_ino
    code = (
        f"import os, socket; socket.socket(fileno={theirs.fileno()}).sendall(b'hello')\n"
        "for n in range(3, 256):\n try: print(os.fstat(n).st_ino)\n except OSError: pass"
    )
    with ours, theirs:
        inherited = said(provider, [sys.executable, "-c", code], pass_fds=(theirs.fileno(),))
        assert ours.recv(5) == b"hello"
    os.close(kept)
    os.close(secret)
    assert str(inode) not in inherited.split()


def test_a_method_imports_open_w2s_but_not_the_lab_nor_testbeds(provider: Provider, tmp_path: Path) -> None:
    profile = Profile(uid=UID, packages=open_w2s(tmp_path / "open"))
    code = "import w2s, w2s.records, numpy; print(w2s.__file__)"
    assert said(provider, [sys.executable, "-c", code], profile).strip() == "/opt/w2s/w2s/__init__.py"
    for name in ("aar", "w2s.testbeds"):
        assert "ModuleNotFoundError" in said(provider, [sys.executable, "-c", f"import {name}"], profile)
    assert not [path for path in (tmp_path / "open").rglob("*") if path.is_file() and path.suffix != ".py"]


def test_the_runner_and_every_library_method_import_inside(provider: Provider, tmp_path: Path) -> None:
    profile = Profile(uid=UID, packages=open_w2s(tmp_path / "open"))
    names = ["w2s", "w2s.client", "w2s.runner", "w2s.methods"]
    names += [f"w2s.methods.{path.stem}" for path in (tmp_path / "open/w2s/methods").glob("[a-z]*.py")]
    code = "import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)
    assert said(provider, [sys.executable, "-c", code], profile) == ""


def test_a_trusted_process_has_the_real_packages_and_no_network(provider: Provider) -> None:
    code = "import aar, w2s; print(w2s.__file__); import socket; socket.socket()"
    output = said(provider, [sys.executable, "-c", code], Profile(uid=UID, trusted=True))
    import w2s

    assert w2s.__file__ in output
    assert "PermissionError" in output


def test_mounts_are_read_only_unless_writable(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o777)
    (tmp_path / "in" / "a.txt").write_text("read me")
    profile = Profile(
        uid=UID,
        mounts=(Mount(tmp_path / "in", "/data/in"), Mount(tmp_path / "out", "/data/out", writable=True)),
    )
    script = "cat /data/in/a.txt; echo x > /data/in/b.txt; echo y > /data/out/c.txt"
    output = said(provider, ["/bin/sh", "-c", script], profile)
    assert "read me" in output
    assert "Read-only" in output or "Permission denied" in output
    assert (tmp_path / "out" / "c.txt").read_text() == "y\n"
    assert not (tmp_path / "in" / "b.txt").exists()


def test_hidden_paths_inside_a_mount_are_masked(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "truth.json").write_text("labels")
    (tmp_path / "key").write_text("labels")
    hidden = (tmp_path / "vault", tmp_path / "key")
    profile = Profile(uid=UID, mounts=(Mount(tmp_path, "/lab"),), hidden=hidden)
    assert "labels" not in said(provider, ["/bin/sh", "-c", "cat /lab/vault/truth.json /lab/key"], profile)


def test_hidden_paths_are_masked_behind_links_too(provider: Provider, tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "lab" / "vault").mkdir(parents=True)
    (real / "lab" / "vault" / "truth.json").write_text("labels")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "secret").symlink_to(real / "lab" / "vault")
    for source, hidden in ((tmp_path / "link", real / "lab" / "vault"), (real, tmp_path / "secret")):
        profile = Profile(uid=UID, mounts=(Mount(source, "/shown"),), hidden=(hidden,))
        assert "labels" not in said(provider, ["/bin/sh", "-c", "cat /shown/lab/vault/truth.json"], profile)


def test_a_lab_that_every_sandbox_would_show_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aar.engines.local import LocalEngine
    from aar.folder import LabFolder
    from aar.researchers.workspace import open_workspace
    from aar.scoring.truth.preparation import prepare

    prefix = tmp_path / "venv"
    prefix.mkdir()
    (tmp_path / "link").symlink_to(prefix)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "link"))
    for lab in (LabFolder(prefix / "runs" / "lab"), LabFolder(tmp_path / "link" / "lab")):
        lab.service.mkdir(parents=True)
        lab.describe({"testbed": "mini-chat"})
        engine = LocalEngine(choose(), lab, slots=1, testbed="mini-chat")
        for start in (
            lambda lab=lab: prepare(lab),
            lambda lab=lab: open_workspace(lab.path, "r1"),
            lambda engine=engine: asyncio.run(engine.start()),
        ):
            with pytest.raises(SandboxRefused, match=r"every sandbox shows.*choose another place"):
                start()
        assert not lab.vault.exists()
    outside = LabFolder(tmp_path / "lab")
    outside.describe({"testbed": "mini-chat", "items": str(prefix / "items")})
    with pytest.raises(SandboxRefused, match="items"):
        prepare(outside)


def test_the_host_process_list_shows_no_environment_and_no_mounts(provider: Provider, tmp_path: Path) -> None:
    profile = Profile(uid=UID, mounts=(Mount(tmp_path, "/lab"),), env={"TOKEN": "s3cret"})
    with provider.start(["/bin/sleep", "5"], profile) as process:
        time.sleep(0.1)
        for pid in process.members():
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert b"s3cret" not in line
            assert str(tmp_path).encode() not in line


def test_the_exit_status_is_the_programs_own(provider: Provider) -> None:
    with provider.start(["/bin/sh", "-c", "exit 7"], Profile(uid=UID)) as process:
        assert process.wait(60) == 7
        assert process.reason is None
    with provider.start(["/bin/sh", "-c", "kill -9 $$"], Profile(uid=UID)) as process:
        assert process.wait(60) == 137


def test_an_unknown_uid_is_refused_rather_than_run_as_root(provider: Provider) -> None:
    if not provider.separates_users:
        pytest.skip(f"{provider.name} has no users of its own")
    wrong = Profile(uid=None) if os.geteuid() == 0 else Profile(uid=12345)
    with pytest.raises(SandboxRefused):
        provider.start(["/bin/true"], wrong)


def test_without_any_provider_the_lab_refuses_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import aar.sandboxes as sandboxes
    from aar.sandboxes.provider import bubblewrap

    monkeypatch.setattr(bubblewrap, "tool", lambda name: None)
    monkeypatch.setattr(sandboxes, "providers", lambda: [Bubblewrap()])
    with pytest.raises(NoSandbox, match="apt install bubblewrap"):
        choose()


def test_an_unknown_provider_is_named_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="bubblewrap"):
        choose("bubblewarp")


def test_the_lab_cannot_be_made_to_load_a_library_as_root(provider: Provider) -> None:
    with pytest.raises(SandboxRefused, match="LD_PRELOAD"):
        provider.start(["/bin/true"], Profile(uid=UID, env={"LD_PRELOAD": "/x.so"}))


def test_every_provider_can_say_whether_it_works() -> None:
    for provider in providers():
        check = provider.check()
        assert check.detail
        assert check.ok or check.remedy


def test_a_link_to_the_interpreter_does_not_show_the_folders_around_it(
    provider: Provider, at_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, venv = at_home / "home/.local/bin", at_home / "venv"
    for folder in (links, venv / "bin", at_home / "home/.local/share"):
        folder.mkdir(parents=True)
    truth = at_home / "home/.local/share/truth.json"
    truth.write_text("labels")
    (links / "python3").symlink_to(Path(sys.executable).resolve())
    (venv / "bin/python").symlink_to(links / "python3")
    (venv / "pyvenv.cfg").write_text(f"home = {links}\n")
    monkeypatch.setattr(sys, "executable", str(venv / "bin/python"))
    monkeypatch.setattr(sys, "prefix", str(venv))
    monkeypatch.setattr(sys, "exec_prefix", str(venv))
    code = f"import json, sys; print(sys.prefix, flush=True); print(open({str(truth)!r}).read())"
    output = said(provider, [sys.executable, "-c", code])
    assert output.splitlines()[0] == str(venv)
    assert "labels" not in output
