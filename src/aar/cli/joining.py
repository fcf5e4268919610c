"""What a guest types to join a lab: for an MCP client by address, one by command, and by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aar.database.tokens import Access


def lines(url: str, token: str, access: Access) -> list[str]:
    """The lines, ready to be copied; each group after a line that says whom it is for."""
    from aar.database.tokens import Access

    header = f"Authorization: Bearer {token}"
    command = {"command": "aar", "args": ["mcp", "--url", url], "env": {"AAR_TOKEN": token}}
    by_hand = ["By hand:", f'  curl -H "{header}" {url}/v1/who']
    if access is Access.VIEWER:
        return by_hand
    return [
        "Claude Code:",
        f'  claude mcp add --transport http aar {url}/mcp --header "{header}"',
        "Codex, in ~/.codex/config.toml, with the token in the variable AAR_TOKEN:",
        "  [mcp_servers.aar]",
        f'  url = "{url}/mcp"',
        '  bearer_token_env_var = "AAR_TOKEN"',
        "Any other client of MCP, as JSON:",
        f"  {json.dumps({'mcpServers': {'aar': command}})}",
        *by_hand,
    ]
