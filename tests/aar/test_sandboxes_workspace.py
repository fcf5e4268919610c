"""A researcher's workspace: a shell that lasts, files that stay, and nothing of the host."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starting import tested

from aar.errors import NoSandbox, SandboxRefused
from aar.sandboxes import Limits, Mount, Provider, Workspace, choose, open_w2s, uid_for
from aar.sandboxes.mounts.mount_points import make_mount_point
from w2s.errors import TooMuch


@pytest.fixture(scope="module", params=[provider.name for provider in tested()])
def provider(request: pytest.FixtureRequest) -> Provider:
    try:
        return choose(request.param)
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def forum(tmp_path: Path) -> Path:
    folder = tmp_path / "lab" / "forum"
    folder.mkdir(parents=True)
    (folder / "0001-result-hello.md").write_text("a post")
    return folder


@pytest.fixture
def opened(provider: Provider, tmp_path: Path, forum: Path) -> Callable[..., "object"]:
    @asynccontextmanager
    async def open_workspace(name: str = "r1", **options: object) -> AsyncIterator[Workspace]:
        packages = open_w2s(tmp_path / "open")
        mounts = (Mount(forum, "/workspace/forum"),)
        root = tmp_path / "workspaces" / name
        async with Workspace(
            provider, root, uid_for(f"test {name}"), mounts, packages=packages, **options
        ) as workspace:
            yield workspace

    return open_workspace


def run(session: Coroutine[object, object, None]) -> None:
    asyncio.run(session)


def test_a_command_gets_input_folder_and_environment(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            await workspace.write_file("notes/a.txt", "first\n")
            result = await workspace.exec(
                ["sh", "-c", 'cat - a.txt; echo "$X"; pwd'], input="given\n", cwd="notes", env={"X": "5"}
            )
            assert result.stdout == "given\nfirst\n5\n/workspace/notes\n"
            assert (await workspace.exec(["nosuchprogram"])).returncode == 127
            assert (await workspace.exec(["true"], cwd="nosuchfolder")).returncode == 126
            assert (await workspace.exec(["sh", "-c", "kill -9 $$"])).returncode == 137

    run(session())


def test_python_and_open_w2s_are_there_and_the_forum_is_read_only(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            # what the brief says that there is
            there = "import w2s, numpy, scipy, sklearn, importlib.util as u; assert u.find_spec('torch')"
            assert (await workspace.exec(["python", "-c", there])).returncode == 0
            assert "aar" in (await workspace.exec(["python", "-c", "import aar"])).stderr
            assert (await workspace.read_file("forum/0001-result-hello.md")) == b"a post"
            assert (await workspace.exec(["sh", "-c", "echo x > forum/new.md"])).returncode != 0
            assert (await workspace.exec(["bash", "-lc", "command -v python"])).stdout.startswith(
                str(Path(sys.executable).parent)
            )

    run(session())


async def comes(workspace: Workspace, path: str, content: str) -> bool:
    """Whether a file gets this content; the wait is far longer than it takes."""
    for _ in range(600):
        if (await workspace.exec(["cat", path])).stdout == content:
            return True
        await asyncio.sleep(0.1)
    return False


def test_background_jobs_survive_between_calls(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            await workspace.exec(["sh", "-c", "(sleep 0.5; echo late; echo done > result) & echo started"])
            assert await comes(workspace, "result", "done\n")

    run(session())


DETACHED = """
import os, subprocess
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        subprocess.run(["cp", "given", "taken4"])
    os._exit(0)
"""


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "cp given taken1 &"],
        ["bash", "-c", "nohup cp given taken2 >/dev/null 2>&1 &"],
        ["sh", "-c", "mkdir -p sub; cd sub; sh -c 'cp ../given ../taken3 &'"],
        ["python", "-c", DETACHED],
    ],
    ids=["job", "nohup", "in another folder", "daemon"],
)
def test_a_background_job_starts_also_if_its_shell_ends_at_once(
    command: list[str], opened: Callable[..., object]
) -> None:
    taken = re.search(r"taken\d", command[2])
    assert taken is not None

    async def session() -> None:
        async with opened() as workspace:
            for k in range(5):
                await workspace.write_file("given", f"{k}\n")
                await workspace.exec(command)
                assert await comes(workspace, taken[0], f"{k}\n")

    run(session())


def test_a_timeout_ends_the_command_and_its_children_but_not_the_workspace(
    opened: Callable[..., object],
) -> None:
    async def session() -> None:
        async with opened() as workspace:
            result = await workspace.exec(["sh", "-c", "sleep 100 & sleep 100"], timeout=0.3)
            assert result.timed_out
            assert "sleep" not in (await workspace.exec(["ps", "ax", "-o", "comm"])).stdout
            assert workspace.restarts == 0

    run(session())


def test_a_cancelled_command_is_ended(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            task = asyncio.create_task(workspace.exec(["sleep", "1000"], timeout=None))
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for _ in range(600):  # far longer than it takes, and far shorter than the sleep
                if "sleep" not in (await workspace.exec(["ps", "ax", "-o", "comm"])).stdout:
                    return
                await asyncio.sleep(0.1)
            raise AssertionError("the command went on after it was cancelled")

    run(session())


def test_a_library_named_by_the_agent_is_loaded_as_the_agent_only(opened: Callable[..., object]) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no compiler to make the library with")
    source = """
    #include <stdio.h>
    #include <unistd.h>
    __attribute__((constructor)) static void loaded(void) {
        FILE *f = fopen("/workspace/loaded", "a");
        if (f) { fprintf(f, "%d\\n", (int)geteuid()); fclose(f); }
        fprintf(stderr, "as %d\\n", (int)geteuid());
    }
    """

    async def session() -> None:
        async with opened() as workspace:
            await workspace.write_file("evil.c", source)
            built = await workspace.exec(["gcc", "-shared", "-fPIC", "-o", "evil.so", "evil.c"])
            if built.returncode != 0:
                pytest.skip(f"no compiler inside: {built.stderr[:200]}")
            own = (await workspace.exec(["id", "-u"])).stdout.strip()
            result = await workspace.exec(["true"], env={"LD_PRELOAD": "/workspace/evil.so"})
            assert set(result.stderr.split("\n")) <= {f"as {own}", ""}
            with pytest.raises(SandboxRefused):
                await workspace.exec(["true"], env={"-i": "x"})

    run(session())


def test_a_command_that_cannot_be_started_says_so(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            for command in (["echo", "a\0b"], ["echo", "x" * 3_000_000]):
                result = await workspace.exec(command)
                assert result.returncode == 126
                assert "cannot start" in result.stderr
            assert workspace.restarts == 0

    run(session())


def test_many_commands_at_once_each_get_their_own_answer(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            results = await asyncio.gather(*(workspace.exec(["echo", str(i)]) for i in range(20)))
            assert [result.stdout for result in results] == [f"{i}\n" for i in range(20)]

    run(session())


def test_an_endless_printer_costs_only_its_tail(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            result = await workspace.exec(["yes"], timeout=0.5, output_bytes=1000)
            assert result.timed_out
            assert result.truncated
            assert len(result.stdout) == 1000

    run(session())


def test_files_are_read_only_inside_the_sandbox(opened: Callable[..., object], tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("labels")
    secret.chmod(0o644)

    async def session() -> None:
        async with opened() as workspace:
            await workspace.exec(["ln", "-s", str(secret), "link"])
            await workspace.exec(["ln", "-s", "/", "root"])
            for path in ("link", f"root{secret}", str(secret), f"../{secret}", f"/workspace/../..{secret}"):
                with pytest.raises(FileNotFoundError):
                    await workspace.read_file(path)
            assert secret.read_text() == "labels"
            with pytest.raises(IsADirectoryError):
                await workspace.read_file("forum")
            with pytest.raises(PermissionError):
                await workspace.write_file("/etc/passwd", "x")
            with pytest.raises(PermissionError):
                await workspace.write_file("forum/x.md", "x")
            if (await workspace.exec(["mkfifo", "pipe"])).returncode == 0:
                with pytest.raises(PermissionError):
                    await workspace.read_file("pipe")
            await workspace.exec(["sh", "-c", "head -c 2000 /dev/zero > big"])
            with pytest.raises(TooMuch):
                await workspace.read_file("big", max_bytes=1000)
            assert len(await workspace.read_file("big")) == 2000

    run(session())


def test_a_dead_workspace_is_started_again_with_its_files(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            await workspace.write_file("kept", "yes")
            workspace._process.kill()  # what a crash of the sandbox looks like
            assert (await workspace.exec(["cat", "kept"])).stdout == "yes"
            assert workspace.restarts == 1

    run(session())


def test_a_memory_hog_ends_the_workspace_with_a_reason_and_files_stay(opened: Callable[..., object]) -> None:
    async def session() -> None:
        limits = Limits(memory_mb=150, processes=64)
        async with opened(limits=limits) as workspace:
            await workspace.write_file("kept", "yes")
            hog = "import os\nos.fork(); os.fork()\nx = []\nwhile True: x.append(bytearray(1 << 20))"
            result = await workspace.exec(["python", "-c", hog], timeout=20)
            assert result.returncode == 137
            assert "memory" in result.stderr
            assert await workspace.read_file("kept") == b"yes"

    run(session())


def test_a_fork_bomb_does_not_end_the_workspace_for_good(
    provider: Provider, opened: Callable[..., object]
) -> None:
    async def session() -> None:
        async with opened(limits=Limits(processes=40)) as workspace:
            bomb = "import os\nwhile True:\n try: os.fork()\n except OSError: pass"
            result = await workspace.exec(["python", "-c", bomb], timeout=1)
            assert result.timed_out or result.returncode != 0
            answers = [(await workspace.exec(["echo", "alive"])).stdout for _ in range(2)]
            assert answers[1] == "alive\n"
            if os.geteuid() == 0 and provider.separates_users:  # the daemon is not even touched
                assert answers[0] == "alive\n"
                assert workspace.restarts == 0

    run(session())


def test_a_link_left_at_a_mount_point_is_moved_aside_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    root = tmp_path / "r1"
    root.mkdir()
    (root / "forum").symlink_to(victim)
    make_mount_point(root, Path("forum/inner"), is_folder=True)
    assert not list(victim.iterdir())
    assert (root / "forum" / "inner").is_dir()
    assert not (root / "forum").is_symlink()
