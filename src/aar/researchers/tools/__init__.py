"""The tools of a researcher: plain typed functions over one context, for every model and every runtime.

Each takes a `ToolContext` and named arguments. It gives its result, or a `Declined` with a code. Name, description,
parameters and the type of the result are read from the function itself (`schema_of`), so that every adapter shows the
same: `as_inspect` for Inspect AI.

Covered: whatever touches the workspace goes through its sandbox; the lab is asked with patience, so that its restart is
only a pause. Not covered: a lab that stays away (`LabUnreachable`) and a workspace that cannot be started
(`SandboxError`): they end the session, and are raised.
"""

from __future__ import annotations

from aar.researchers.tools import lab, workspace
from aar.researchers.tools.context import Files, ToolContext
from aar.researchers.tools.schema import Tool, ToolSchema, schema_of

__all__ = ["TOOLS", "Files", "Tool", "ToolContext", "ToolSchema", "schema_of"]

TOOLS: tuple[Tool, ...] = (
    Tool(workspace.bash),
    Tool(workspace.python),
    Tool(workspace.write_file),
    Tool(workspace.read_file, most_bytes=150_000),
    *(
        Tool(function, most_bytes=60_000)
        for function in (
            lab.my_status,
            lab.read_forum,
            lab.leaderboard,
            lab.post_finding,
            lab.comment,
            lab.vote,
            lab.practice,
            lab.submit_method,
            lab.withdraw_submission,
            lab.fetch_submission,
            lab.wait_for_verdict,
            lab.wait_for_news,
        )
    ),
)
"""Every tool, in the order in which a model is shown them."""
