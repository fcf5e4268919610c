"""What a researcher can do in its workspace: commands, scripts and files, all of it in its own sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aar.database.progress import Activity
from aar.researchers.lab_client import LabClient
from aar.researchers.output import line, shortened

if TYPE_CHECKING:
    from inspect_ai.tool import ToolDef

LONGEST_COMMAND_S = 600


def workspace_tools(client: LabClient) -> list[ToolDef]:
    """bash, python, write_file, read_file: in the researcher's own sandbox."""
    from inspect_ai.tool import ToolDef, ToolError
    from inspect_ai.util import sandbox

    async def _run(command: list[str], script: str | None, seconds: int) -> str:
        limit = max(1, min(seconds, LONGEST_COMMAND_S))
        try:
            done = await sandbox().exec(command, input=script, timeout=limit, timeout_retry=False)
        except TimeoutError:
            raise ToolError(f"no end after {limit} s; start long jobs in the background with nohup") from None
        text = done.stdout + (f"\n[stderr]\n{done.stderr}" if done.stderr else "")
        return shortened(text) + ("" if done.returncode == 0 else f"\n[exit code {done.returncode}]")

    async def bash(command: str, seconds: int = 60) -> str:
        """Run a bash command in your workspace.

        It starts in /workspace. There is no network. Files stay; background jobs live until your session ends.

        Args:
            command: The command.
            seconds: Time limit, at most 600.
        """
        await client.progress(Activity.COMPUTING, line(command))
        return await _run(["bash", "-c", command], None, seconds)

    async def python(code: str, seconds: int = 60) -> str:
        """Run a Python script in your workspace; print what you want to see. `import w2s` works there.

        Args:
            code: The script.
            seconds: Time limit, at most 600.
        """
        await client.progress(Activity.COMPUTING, "a Python script")
        return await _run(["python3", "-"], code, seconds)

    async def write_file(path: str, content: str) -> str:
        """Write a text file in your workspace; folders are made as needed.

        Args:
            path: Where, relative to /workspace or absolute.
            content: The whole text.
        """
        await client.progress(Activity.WRITING, line(path))
        try:
            await sandbox().write_file(path, content)
        except OSError as error:
            raise ToolError(str(error)) from error
        return f"wrote {len(content)} characters to {path}"

    async def read_file(path: str) -> str:
        """Read a text file in your workspace.

        Args:
            path: Where, relative to /workspace or absolute.
        """
        await client.progress(Activity.READING, line(path))
        try:
            return await sandbox().read_file(path)
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(str(error)) from error

    return [
        ToolDef(bash),
        ToolDef(python),
        ToolDef(write_file),
        ToolDef(read_file, max_output=150_000),
    ]
