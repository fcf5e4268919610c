"""The researchers' tools as Inspect AI calls them, over the sandbox of Inspect's sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aar.researchers.refusals import Declined
from aar.researchers.tools.context import ToolContext
from aar.researchers.tools.schema import Tool, signature_of
from aar.sandboxes import ExecResult
from w2s.errors import TooMuch

if TYPE_CHECKING:
    from inspect_ai.tool import ToolDef


class SampleFiles:
    """The workspace through Inspect's sandbox, so that the transcript shows each command and each file."""

    async def exec(
        self, cmd: Sequence[str], *, input: str | None = None, timeout: float | None = None
    ) -> ExecResult:
        """Run a command; how it ended."""
        from inspect_ai.util import sandbox

        seconds = None if timeout is None else int(timeout)
        try:
            ended = await sandbox().exec(list(cmd), input=input, timeout=seconds, timeout_retry=False)
        except TimeoutError:
            return ExecResult(137, "", "", timed_out=True)
        return ExecResult(ended.returncode, ended.stdout, ended.stderr)

    async def read_file(self, path: str) -> bytes:
        """Content of a text file; `UnicodeDecodeError` for any other."""
        from inspect_ai.util import OutputLimitExceededError, sandbox

        try:
            return (await sandbox().read_file(path)).encode()  # as text, so that the transcript has it
        except OutputLimitExceededError as error:
            raise TooMuch(
                f"{path} is larger than {error.limit_str}; read a part of it with a command"
            ) from error

    async def write_file(self, path: str, contents: str) -> None:
        """Write a file."""
        from inspect_ai.util import sandbox

        await sandbox().write_file(path, contents)


def as_inspect(tool: Tool, context: ToolContext) -> ToolDef:
    """A tool for Inspect's loop: an object as JSON, text as it is, a refusal as the tool's error."""
    from inspect_ai.tool import ToolDef, ToolError, ToolParams

    schema = tool.schema

    async def call(**arguments: Any) -> str:
        result = await tool.function(context, **arguments)
        if isinstance(result, Declined):
            raise ToolError(result.text)
        return result if isinstance(result, str) else json.dumps(result, indent=1, ensure_ascii=False)

    # Inspect reads from these which arguments it must convert, and to which types.
    signature, types = signature_of(tool.function)
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = types
    call.__name__ = schema.name
    call.__doc__ = schema.description
    return ToolDef(
        call,
        name=schema.name,
        description=schema.description,
        parameters=ToolParams.model_validate(schema.parameters),
        max_output=tool.most_bytes,
    )
