"""Context of a tool: the lab's client and the researcher's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aar.researchers.lab_client import LabClient


class Ended(Protocol):
    """End of a command in the workspace."""

    @property
    def returncode(self) -> int:
        """Exit status."""
        ...

    @property
    def stdout(self) -> str:
        """The command's output."""
        ...

    @property
    def stderr(self) -> str:
        """The command's error stream."""
        ...

    @property
    def timed_out(self) -> bool:
        """True if the command was ended because its time was over."""
        ...


class Files(Protocol):
    """The workspace of a researcher, inside its sandbox; `aar.sandboxes.Workspace` is one.

    A `SandboxError` says that the sandbox itself is gone.
    """

    async def exec(
        self, cmd: Sequence[str], *, input: str | None = None, timeout: float | None = None
    ) -> Ended:
        """Run a command in /workspace; one that takes longer than `timeout` seconds is ended."""
        ...

    async def read_file(self, path: str) -> bytes:
        """Content of a file; `OSError` where it cannot be read, `TooMuch` where it is too large."""
        ...

    async def write_file(self, path: str, contents: str) -> None:
        """Write a file and make its folders; `OSError` where it cannot be written."""
        ...


@dataclass(frozen=True)
class ToolContext:
    """The first argument of every tool; no model is shown it."""

    client: LabClient
    files: Files
