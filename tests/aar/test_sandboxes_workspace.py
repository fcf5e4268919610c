"""A researcher's workspace: a shell that lasts, files that stay, and nothing of the host."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aar.errors import NoSandbox
from aar.sandboxes import Limits, Mount, Provider, Workspace, choose, open_w2s, uid_for
from aar.sandboxes.mount_points import make_mount_point
from w2s.errors import TooMuch


@pytest.fixture(scope="module")
def provider() -> Provider:
    try:
        return choose()
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
            assert (await workspace.exec(["python", "-c", "import w2s, numpy"])).returncode == 0
            assert "aar" in (await workspace.exec(["python", "-c", "import aar"])).stderr
            assert (await workspace.read_file("forum/0001-result-hello.md")) == b"a post"
            assert (await workspace.exec(["sh", "-c", "echo x > forum/new.md"])).returncode != 0
            assert (await workspace.exec(["bash", "-lc", "command -v python"])).stdout.startswith(
                str(Path(sys.executable).parent)
            )

    run(session())


def test_background_jobs_survive_between_calls(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened() as workspace:
            await workspace.exec(["sh", "-c", "(sleep 0.5; echo late; echo done > result) & echo started"])
            await asyncio.sleep(0.8)
            assert await workspace.read_file("result") == b"done\n"

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
            task = asyncio.create_task(workspace.exec(["sleep", "100"], timeout=None))
            await asyncio.sleep(0.2)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.1)
            assert "sleep" not in (await workspace.exec(["ps", "ax", "-o", "comm"])).stdout

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
            await workspace.exec(["mkfifo", "pipe"])
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


@pytest.mark.skipif(os.geteuid() != 0, reason="without root the daemon shares the agent's user")
def test_a_fork_bomb_does_not_kill_the_daemon(opened: Callable[..., object]) -> None:
    async def session() -> None:
        async with opened(limits=Limits(processes=40)) as workspace:
            bomb = "import os\nwhile True:\n try: os.fork()\n except OSError: pass"
            result = await workspace.exec(["python", "-c", bomb], timeout=1)
            assert result.timed_out
            assert (await workspace.exec(["echo", "alive"])).stdout == "alive\n"
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
