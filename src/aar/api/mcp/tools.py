"""The researchers' tools for guests who have no workspace here: the same words, but files are sent and not named.

Each asks the lab's own HTTP interface with the guest's token, so that what a guest may do is decided there alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from aar.database.progress import Activity
from aar.database.tokens import Access
from aar.researchers.lab_client import LabClient
from aar.researchers.output import line
from aar.researchers.refusals import Declined, declines
from aar.researchers.tools import Files, ToolContext, ToolSchema, lab, schema_of

EVERYBODY = frozenset(Access)
WRITERS = EVERYBODY - {Access.VIEWER}
RESEARCHERS = frozenset({Access.RESEARCHER})
_FILES: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "string"},
    "description": 'Python files by name, such as {"method.py": "..."}; 64 KiB at most.',
}
_NOT_HERE = "\nAll posts are also files in /workspace/forum."
"""What is true of a workspace only."""

Call = Callable[..., Awaitable[Any]]


@dataclass(frozen=True)
class GuestTool:
    """One tool: how it is described, what it does for a client of the lab, and who is shown it."""

    schema: ToolSchema
    call: Call
    access: frozenset[Access]


@cache
def tools() -> dict[str, GuestTool]:
    """Every tool by name."""
    made = [
        GuestTool(schema_of(brief), brief, RESEARCHERS),
        *(
            GuestTool(_of_a_guest(schema_of(function)), _in_context(function), access)
            for function, access in (
                (lab.my_status, RESEARCHERS),
                (lab.read_forum, EVERYBODY),
                (lab.leaderboard, EVERYBODY),
                (lab.post_finding, WRITERS),
                (lab.comment, WRITERS),
                (lab.vote, RESEARCHERS),
                (lab.withdraw_submission, RESEARCHERS),
                (lab.wait_for_verdict, RESEARCHERS),
                (lab.wait_for_news, RESEARCHERS),
            )
        ),
        GuestTool(_with_files(schema_of(lab.practice)), practice, RESEARCHERS),
        GuestTool(_with_files(schema_of(lab.submit_method)), submit_method, RESEARCHERS),
        GuestTool(schema_of(fetch_submission), fetch_submission, EVERYBODY),
    ]
    return {tool.schema.name: tool for tool in made}


@declines
async def brief(client: LabClient) -> str:
    """What you are to do, how methods are written, what they may use, the rules, and the bounds. Read it first."""
    return await client.brief()


@declines
async def practice(client: LabClient, files: dict[str, str]) -> dict[str, Any]:
    """As `aar.researchers.tools.lab.practice`."""
    await client.progress(Activity.PRACTISING)
    return await client.practice_result(await client.practice(files), wait_s=lab.PRACTICE_WAIT_S)


@declines
async def submit_method(
    client: LabClient, files: dict[str, str], title: str, summary: str, parents: list[str], claim: str
) -> dict[str, Any]:
    """As `aar.researchers.tools.lab.submit_method`."""
    await client.progress(Activity.SUBMITTING, line(title))
    return await client.submit(files, title=title, summary=summary, parents=parents, claim=claim)


@declines
async def fetch_submission(client: LabClient, submission: str) -> dict[str, Any]:
    """The code of anyone's submission, with its title, author and parents.

    Args:
        submission: Its id.
    """
    if (wrong := lab.no_id(submission)) is not None:
        return cast(dict[str, Any], wrong)
    await client.progress(Activity.READING, f"the code of {submission}")
    return await client.submission_files(submission)


def _in_context(function: Call) -> Call:
    """A tool of researchers that touches no workspace, for a client of the lab."""

    async def call(client: LabClient, **arguments: Any) -> Any:
        return await function(ToolContext(client, cast(Files, None)), **arguments)

    return call


def _of_a_guest(schema: ToolSchema) -> ToolSchema:
    """Without what is said of a workspace."""
    return replace(schema, description=schema.description.replace(_NOT_HERE, ""))


def _with_files(schema: ToolSchema) -> ToolSchema:
    """With files instead of the folder in a workspace that holds them."""
    renamed = {
        ("files" if name == "folder" else name): (_FILES if name == "folder" else described)
        for name, described in schema.parameters["properties"].items()
    }
    required = ["files" if name == "folder" else name for name in schema.parameters["required"]]
    return replace(
        schema,
        description=schema.description.replace("the same folder", "the same files"),
        parameters={**schema.parameters, "properties": renamed, "required": required},
    )


def declined(result: object) -> str | None:
    """The words of a refusal; None if something was done."""
    return result.text if isinstance(result, Declined) else None
