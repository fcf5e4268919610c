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
from aar.researchers.workspace import open_workspace
from w2s.errors import TooMuch

if TYPE_CHECKING:
    from aar.sandboxes import Workspace

READ_LIMIT_BYTES = 4 << 20
AGENT_USER = "agent"


class WorkspaceConfig(BaseModel, frozen=True):
    """Settings of a workspace: lab folder, researcher, and sandbox provider (None: the first that works)."""

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
            raise SandboxUnavailableError("a workspace needs a WorkspaceConfig: lab folder, researcher")
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
                f"no user {user!r} in this sandbox; commands run as its only user"
            )
        try:
            done = await self._workspace.exec(cmd, input=input, cwd=cwd, env=env, timeout=timeout)
        except SandboxError as error:
            raise SandboxUnavailableError(str(error)) from error
        if done.timed_out:
            raise TimeoutError(f"no end after {timeout} s")
        return ExecResult(done.returncode == 0, done.returncode, done.stdout, done.stderr)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file, making its folders; relative paths start at /workspace."""
        try:
            await self._workspace.write_file(file, contents)
        except SandboxError as error:
            raise SandboxUnavailableError(str(error)) from error

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read a file of at most 4 MiB; relative paths start at /workspace."""
        try:
            content = await self._workspace.read_file(file, max_bytes=READ_LIMIT_BYTES)
        except TooMuch as error:
            raise OutputLimitExceededError(f"{READ_LIMIT_BYTES >> 20} MiB", None) from error
        except SandboxError as error:
            raise SandboxUnavailableError(str(error)) from error
        return content.decode("utf-8") if text else content
