"""A researcher's workspace as Inspect sees it: commands and files go into the sandbox, never to the host.

Covers: every path is resolved inside the sandbox, so that a link in a workspace leads nowhere on the
host. Does not cover: what the sandbox's provider itself does not (see `aar.sandboxes`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from pydantic import BaseModel

from aar.errors import SandboxError

if TYPE_CHECKING:
    from aar.sandboxes import Workspace

HOME = "/workspace"
LIBRARY = "/opt/library"
READ_LIMIT_BYTES = 4 << 20
AGENT_USER = "agent"


class WorkspaceConfig(BaseModel, frozen=True):
    """Which lab folder, whose workspace, and which sandbox provider (None: the first that works)."""

    lab: str
    researcher: str
    provider: str | None = None


class WorkspaceSandbox(SandboxEnvironment):
    """One long-lived sandbox for one researcher."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    @classmethod
    def config_deserialize(cls, config: dict[str, Any]) -> BaseModel:
        """Configuration from a log's JSON."""
        return WorkspaceConfig(**config)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """Start the sandbox over the researcher's folder, which may hold an earlier start's work."""
        if not isinstance(config, WorkspaceConfig):
            raise SandboxUnavailableError(
                "the aar sandbox needs a WorkspaceConfig: lab folder and researcher"
            )
        try:
            workspace = open_workspace(Path(config.lab), config.researcher, provider=config.provider)
            await workspace.start()
        except SandboxError as error:
            raise SandboxUnavailableError(str(error)) from error
        return {"default": cls(workspace)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """End the sandbox and everything that runs in it; the files stay."""
        for environment in environments.values():
            await environment.as_type(WorkspaceSandbox)._workspace.stop()

    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """Run a command in the workspace; only the agent's own user exists there."""
        if user not in (None, AGENT_USER):
            raise SandboxUserUnsupportedError(
                f"this sandbox has no user {user!r}; commands run as its only user"
            )
        code, out, err = await self._run(cmd, input=input, cwd=cwd, env=env, timeout=timeout)
        return ExecResult(
            success=code == 0,
            returncode=code,
            stdout=out.decode("utf-8", errors="replace"),
            stderr=err.decode("utf-8", errors="replace"),
        )

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file, making its folders; relative paths start at /workspace."""
        data = contents.encode("utf-8") if isinstance(contents, str) else contents
        script = 'mkdir -p -- "$(dirname -- "$1")" && { [ ! -d "$1" ] || exit 21; } && cat > "$1"'
        code, _, err = await self._run(["/bin/sh", "-c", script, "sh", file], input=data)
        if code == 21:
            raise IsADirectoryError(f"{file} is a folder")
        if code != 0:
            raise PermissionError(
                f"cannot write {file}: {err.decode('utf-8', errors='replace').strip()[:200]}"
            )

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read a file of at most 4 MiB; relative paths start at /workspace."""
        script = (
            '[ -e "$1" ] || exit 20; [ -d "$1" ] && exit 21; [ -f "$1" ] && [ -r "$1" ] || exit 22; '
            'exec head -c "$2" -- "$1"'
        )
        code, out, err = await self._run(["/bin/sh", "-c", script, "sh", file, str(READ_LIMIT_BYTES + 1)])
        if code == 20:
            raise FileNotFoundError(f"no file {file}")
        if code == 21:
            raise IsADirectoryError(f"{file} is a folder")
        if code != 0:
            raise PermissionError(
                f"cannot read {file}: {err.decode('utf-8', errors='replace').strip()[:200]}"
            )
        if len(out) > READ_LIMIT_BYTES:
            raise OutputLimitExceededError(f"{READ_LIMIT_BYTES >> 20} MiB", None)
        return out.decode("utf-8") if text else out

    async def _run(
        self,
        cmd: list[str],
        *,
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> tuple[int, bytes, bytes]:
        data = input.encode("utf-8") if isinstance(input, str) else input
        place = HOME if cwd is None else cwd if cwd.startswith("/") else f"{HOME}/{cwd}"
        try:
            done = await self._workspace.exec(cmd, input=data, cwd=place, env=env, timeout=timeout)
        except SandboxError as error:
            raise SandboxUnavailableError(str(error)) from error
        if done.timed_out:
            raise TimeoutError(f"no end after {timeout} s")
        return done.returncode, done.stdout, done.stderr


def open_workspace(lab: Path, researcher: str, *, provider: str | None = None) -> Workspace:
    """The sandbox over LAB/workspaces/RESEARCHER: forum, practice items and an open w2s can be read, no more.

    Raises `NoSandbox` where no provider works.
    """
    from aar.sandboxes import Mount, Workspace, choose, open_w2s, uid_for

    root = lab / "workspaces" / researcher
    root.mkdir(parents=True, exist_ok=True)
    mounts = [
        Mount(source=lab / name, target=f"{HOME}/{name}")
        for name in ("forum", "practice")
        if (lab / name).is_dir()
    ]
    library = open_w2s(lab / "library")
    mounts.append(Mount(source=library, target=LIBRARY))
    return Workspace(choose(provider), root, uid_for(researcher), tuple(mounts))
