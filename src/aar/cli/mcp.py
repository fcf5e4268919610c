"""`aar mcp`: a lab's tools on standard input and output, for clients that want a command instead of an address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aar.cli import app
from aar.guest_address import USUAL

if TYPE_CHECKING:
    import mcp_types as types
    from mcp import Client
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

VARIABLE = "AAR_TOKEN"
"""The environment variable that holds the token: an argument could be seen by everybody on the machine."""


@app.command("mcp")
def serve_on_stdio(
    url: Annotated[str, typer.Option(help="Where the lab is open.")] = USUAL,
    token_file: Annotated[
        Path | None, typer.Option(help=f"A file that holds the token. [the variable {VARIABLE}]")
    ] = None,
) -> None:
    """Speak MCP on standard input and output, and pass everything on to the lab at --url."""
    import anyio

    from aar.cli.forum import read_text
    from aar.errors import SettingsError

    token = (read_text(token_file) if token_file is not None else os.environ.get(VARIABLE, "")).strip()
    if not token or not token.isascii() or not token.isprintable():
        raise SettingsError(
            f"no token: set {VARIABLE}, or name a file with --token-file (aar invite makes one)"
        )
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"--url {url}: give the address of a lab, such as http://127.0.0.1:8421")
    anyio.run(_serve, url.rstrip("/"), token)


async def _serve(url: str, token: str) -> None:
    import httpx2
    from mcp import Client, MCPError
    from mcp.client.streamable_http import streamable_http_client
    from mcp.server.stdio import stdio_server

    from aar.errors import LabUnreachable

    trouble: Exception | None = None
    headers, patience = {"Authorization": f"Bearer {token}"}, httpx2.Timeout(700.0, connect=10.0)
    ciphered = url.startswith("https://")  # what goes to a proxy otherwise is the token itself
    try:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=patience, trust_env=ciphered) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as lab,
            stdio_server() as (read, write),
        ):
            between = passing_on(lab)
            await between.run(read, write, between.create_initialization_options())
    except* (httpx2.HTTPError, MCPError, OSError) as errors:
        trouble = _first(errors)
    if trouble is not None:
        raise LabUnreachable(
            f"no lab at {url} lets this token in ({trouble}); is aar serve running there, and does the token hold?"
        )


def passing_on(lab: Client) -> Server[Any]:
    """A server that asks `lab` for everything."""
    from mcp.server.lowlevel import Server

    async def list_tools(_: object, asked: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return await lab.list_tools(cursor=None if asked is None else asked.cursor)

    async def call_tool(
        context: ServerRequestContext[Any], asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            await context.session.report_progress(progress, total, message)

        return await lab.call_tool(asked.name, asked.arguments, progress_callback=tell)

    async def list_resources(
        _: object, asked: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return await lab.list_resources(cursor=None if asked is None else asked.cursor)

    async def read_resource(_: object, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        return await lab.read_resource(str(asked.uri))

    return Server(
        "automated-alignment-researchers",
        instructions=lab.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def _first(errors: BaseExceptionGroup[Any]) -> Exception:
    """The first single error in a group of groups."""
    error: Any = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Exception(str(error) or type(error).__name__)
