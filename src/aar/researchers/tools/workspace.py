"""Tools of a researcher's workspace: commands, scripts and files, all of it inside its sandbox."""

from __future__ import annotations

from aar.database.progress import Activity
from aar.researchers.output import line, shortened
from aar.researchers.refusals import Declined, Refusal
from aar.researchers.tools.context import ToolContext
from w2s.errors import TooMuch

LONGEST_COMMAND_S = 600


async def bash(context: ToolContext, command: str, seconds: int = 60) -> str | Declined:
    """Run a bash command in your workspace.

    It starts in /workspace. There is no network. Files stay; background jobs live until your session ends.

    Args:
        command: The command.
        seconds: Time limit, at most 600.
    """
    await context.client.progress(Activity.COMPUTING, line(command))
    return await _run(context, ["bash", "-c", command], None, seconds)


async def python(context: ToolContext, code: str, seconds: int = 60) -> str | Declined:
    """Run a Python script in your workspace; print what you want to see. `import w2s` works there.

    Args:
        code: The script.
        seconds: Time limit, at most 600.
    """
    await context.client.progress(Activity.COMPUTING, "a Python script")
    return await _run(context, ["python3", "-"], code, seconds)


async def write_file(context: ToolContext, path: str, content: str) -> str | Declined:
    """Write a text file in your workspace; folders are made as needed.

    Args:
        path: Where, relative to /workspace or absolute.
        content: The whole text.
    """
    await context.client.progress(Activity.WRITING, line(path))
    try:
        await context.files.write_file(path, content)
    except OSError as error:
        return Declined(Refusal.NO_FILE, str(error))
    return f"wrote {len(content)} characters to {path}"


async def read_file(context: ToolContext, path: str) -> str | Declined:
    """Read a text file in your workspace.

    Args:
        path: Where, relative to /workspace or absolute.
    """
    await context.client.progress(Activity.READING, line(path))
    try:
        return (await context.files.read_file(path)).decode()
    except (OSError, UnicodeDecodeError) as error:
        return Declined(Refusal.NO_FILE, str(error))
    except TooMuch as error:
        return Declined(Refusal.TOO_MUCH, str(error))


async def _run(context: ToolContext, command: list[str], script: str | None, seconds: int) -> str | Declined:
    limit = max(1, min(seconds, LONGEST_COMMAND_S))
    ended = await context.files.exec(command, input=script, timeout=limit)
    if ended.timed_out:
        return Declined(
            Refusal.NO_END, f"no end after {limit} s; start long jobs in the background with nohup"
        )
    text = ended.stdout + (f"\n[stderr]\n{ended.stderr}" if ended.stderr else "")
    return shortened(text) + ("" if ended.returncode == 0 else f"\n[exit code {ended.returncode}]")
