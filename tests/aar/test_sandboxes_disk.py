"""What a workspace may hold: an endless writer ends with a clear result, and deleting makes room again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from starting import tested

from aar.errors import NoSandbox, SandboxRefused
from aar.sandboxes import ExecResult, Limits, Mount, Profile, Provider, Workspace, choose, uid_for
from aar.sandboxes.watch.disk import excess

UID = uid_for("test disk")
LIMITS = Limits(memory_mb=300, processes=32, file_mb=16, disk_mb=24, files=300)
SLACK_MB = 1500
"""What a writer here can write between two looks: 1 MB each 2 ms, with room for a busy machine.

Names come more slowly, 100 a second: a workspace with four times too many of them is refused instead of ended.
"""
WRITERS = {
    "many small files": """
        import time
        for n in range(10**9):
            with open(f'/workspace/small{n}', 'w') as f: f.write('x')
            time.sleep(.01)
    """,
    "folders only": """
        import os, time
        for n in range(10**9):
            os.mkdir(f'/workspace/folder{n}')
            time.sleep(.01)
    """,
    "large files": """
        import time
        for n in range(10**9):
            with open(f'/workspace/large{n}', 'wb') as f:
                for _ in range(16):
                    f.write(bytes(1 << 20)); f.flush(); time.sleep(.002)
    """,
    "files without a name": """
        import os, time
        held = []
        for n in range(10**9):
            held.append(open(f'/workspace/gone{n}', 'wb'))
            os.unlink(f'/workspace/gone{n}')
            for _ in range(15):
                held[-1].write(bytes(1 << 20)); held[-1].flush(); time.sleep(.002)
    """,
    "nested folders": """
        import os, time
        os.chdir('/workspace')
        for n in range(10**9):
            os.mkdir('d'); os.chdir('d')
            time.sleep(.01)
    """,
}


@pytest.fixture(scope="module", params=[provider.name for provider in tested()])
def provider(request: pytest.FixtureRequest) -> Provider:
    try:
        return choose(request.param)
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def in_workspace(provider: Provider, tmp_path: Path) -> Callable[..., None]:
    def play(session: Callable[[Workspace], Coroutine[object, object, None]]) -> None:
        async def whole() -> None:
            async with Workspace(provider, tmp_path / "r1", UID, limits=LIMITS) as workspace:
                await session(workspace)

        asyncio.run(whole())

    return play


async def write(workspace: Workspace, what: str) -> ExecResult:
    code = "\n".join(line.removeprefix("        ") for line in WRITERS[what].splitlines())
    return await workspace.exec(["python", "-c", code], timeout=60)


def held_mb(folder: Path) -> float:
    return sum(path.lstat().st_blocks for path in folder.rglob("*")) * 512 / (1 << 20)


@dataclass(frozen=True)
class Ended:
    """What became of an endless writer's command, of the file that was there, and how much its folder holds."""

    result: ExecResult
    kept: bytes
    held_mb: float


@pytest.fixture(scope="module")
def ended(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """Every endless writer, side by side, each in a workspace and as a user of its own."""
    places = tmp_path_factory.mktemp("writers")

    async def session(what: str) -> Ended:
        place = places / what.replace(" ", "-")
        async with Workspace(provider, place, uid_for(f"test disk {what}"), limits=LIMITS) as workspace:
            await workspace.write_file("kept", "yes")
            result = await write(workspace, what)
            return Ended(result, await workspace.read_file("kept"), held_mb(place))

    async def all_of_them() -> list[Ended]:
        return await asyncio.gather(*map(session, WRITERS))

    return dict(zip(WRITERS, asyncio.run(all_of_them()), strict=True))


@pytest.mark.parametrize("what", WRITERS)
def test_an_endless_writer_is_ended_with_a_reason(what: str, ended: dict[str, Ended]) -> None:
    one = ended[what]
    assert not one.result.timed_out
    assert one.result.returncode == 137
    assert "holds more than 24 MB or 300 files" in one.result.stderr
    assert one.kept == b"yes"
    assert one.held_mb < LIMITS.disk_mb + SLACK_MB


def test_a_full_workspace_reads_and_deletes_and_then_writes_again(in_workspace: Callable[..., None]) -> None:
    async def session(workspace: Workspace) -> None:
        await workspace.write_file("kept", "yes")
        await write(workspace, "large files")
        with pytest.raises(PermissionError, match="24 MB"):
            await workspace.write_file("kept", "no")
        refused = await workspace.exec(["sh", "-c", "cat kept; echo more > new; cat new"])
        assert refused.stdout == "yes"
        assert refused.returncode != 0
        assert "holds more than 24 MB in files: no file can be written until" in refused.stderr
        await workspace.exec(["sh", "-c", "rm /workspace/large*"])
        await workspace.write_file("new", "again")
        assert (await workspace.exec(["cat", "kept", "new"])) == ExecResult(0, "yesagain", "")

    in_workspace(session)


def test_a_full_workspace_stays_full_when_it_is_opened_again(
    in_workspace: Callable[..., None], tmp_path: Path
) -> None:
    async def fill(workspace: Workspace) -> None:
        await write(workspace, "large files")

    async def again(workspace: Workspace) -> None:
        assert (await workspace.exec(["sh", "-c", "echo x > new"])).returncode != 0

    in_workspace(fill)
    in_workspace(again)


def test_a_workspace_that_was_filled_far_beyond_is_not_started(
    in_workspace: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "r1").mkdir()
    for n in range(4 * LIMITS.files + 10):
        (tmp_path / "r1" / f"{n}").touch()

    async def session(workspace: Workspace) -> None:
        raise AssertionError("it started")

    with pytest.raises(SandboxRefused, match=r"more than 1200 files and folders; delete some in .*r1"):
        in_workspace(session)


def test_a_workspace_that_is_just_not_full_starts_and_stays(
    in_workspace: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "r1").mkdir()
    for n in range(LIMITS.files):
        (tmp_path / "r1" / f"{n}").touch()

    async def session(workspace: Workspace) -> None:
        result = await workspace.exec(["sleep", "1.5"])
        assert (result.returncode, result.stderr, workspace.restarts) == (0, "", 0)

    in_workspace(session)


def test_a_background_job_that_fills_the_disk_is_ended(in_workspace: Callable[..., None]) -> None:
    async def session(workspace: Workspace) -> None:
        code = WRITERS["large files"].replace("\n        ", "\n")
        await workspace.write_file("job.py", code)
        await workspace.exec(["sh", "-c", "python job.py >/dev/null 2>&1 &"])
        for _ in range(300):
            await asyncio.sleep(0.2)
            if workspace._process is None or workspace._process.poll() is not None:
                break
        assert workspace._process is not None
        assert workspace._process.reason == "disk"
        assert "no file can be written" in (await workspace.exec(["ls"])).stderr

    in_workspace(session)


def test_a_sparse_file_is_bounded_by_its_length_and_counts_what_it_occupies(
    in_workspace: Callable[..., None],
) -> None:
    async def session(workspace: Workspace) -> None:
        huge = await workspace.exec(["python", "-c", "open('huge', 'wb').truncate(100 << 40)"])
        assert "File too large" in huge.stderr
        code = "for n in range(40):\n with open(f'sparse{n}', 'wb') as f: f.truncate(15 << 20)"
        assert (await workspace.exec(["python", "-c", code])).returncode == 0
        await asyncio.sleep(1.5)
        assert (await workspace.exec(["ls"])) == await workspace.exec(["ls"])
        assert workspace.restarts == 0

    in_workspace(session)


def test_a_one_shot_process_ends_too(provider: Provider, tmp_path: Path) -> None:
    if UID is not None and provider.separates_users:
        os.chown(tmp_path, UID, UID)
    profile = Profile(uid=UID, mounts=(Mount(tmp_path, "/workspace", writable=True),), limits=LIMITS)
    code = "\n".join(line.removeprefix("        ") for line in WRITERS["large files"].splitlines())
    with provider.start([sys.executable, "-c", code], profile, stderr=subprocess.DEVNULL) as process:
        process.wait(60)
        assert process.reason == "disk"


def test_scratch_files_of_sandlock_count(tmp_path: Path) -> None:
    try:
        provider = choose("sandlock")
    except NoSandbox as error:
        pytest.skip(str(error))
    code = WRITERS["large files"].replace("/workspace/", "{tmp}/").replace("f'{tmp}", "tmp + f'")
    code = "import tempfile\ntmp = tempfile.gettempdir()" + code.replace("\n        ", "\n")
    with provider.start([sys.executable, "-c", code], Profile(limits=LIMITS, uid=UID)) as process:
        process.wait(60)
        assert process.reason == "disk"


def test_links_are_not_followed_and_hard_links_count_once(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "big").write_bytes(bytes(8 << 20))
    (inside / "link").symlink_to(outside)
    (inside / "file").write_bytes(bytes(3 << 20))
    for n in range(5):
        (inside / f"hard{n}").hardlink_to(inside / "file")
    assert excess([inside], replace(LIMITS, disk_mb=4, files=20)) == ""
    assert "2 MB" in excess([inside], replace(LIMITS, disk_mb=2, files=20))
    assert excess([inside], replace(LIMITS, disk_mb=4, files=1)) == "more than 1 files and folders"
    assert excess([inside / "file"], replace(LIMITS, disk_mb=2)) == "more than 2 MB in files"


@pytest.mark.skipif(os.geteuid() == 0, reason="root looks into every folder")
def test_a_folder_that_cannot_be_looked_into_counts_as_too_much(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert "looked into" in excess([tmp_path], LIMITS)
    (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_changes_under_the_walk_does_no_harm(tmp_path: Path) -> None:
    code = "import os, sys\nos.chdir(sys.argv[1])\nprint(flush=True)\nwhile True:\n"
    code += " os.makedirs('a/b/c/d', exist_ok=True)\n os.rename('a/b', 'x'); os.symlink('/', 'a/b')\n"
    code += " os.unlink('a/b'); os.removedirs('x/c/d'); os.rmdir('a')"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        for _ in range(500):
            assert excess([tmp_path], LIMITS) == ""
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()
