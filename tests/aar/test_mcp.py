"""The lab over MCP: for the official client over HTTP and over `aar mcp`, and for one that knows the protocol only."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from queue_lab import open_lab

from aar import ledger
from aar.api.app import create_app
from aar.api.mcp import server
from aar.api.mcp.tools import tools
from aar.database import submissions
from aar.database.figures import Figures
from aar.database.tokens import Access
from aar.lab.intake import Lab
from aar.lab.inviting import invite, revoke
from aar.lab.news import News
from aar.scoring.truth.preparation import write_public_facts
from w2s.testbeds import generate, load

METHOD = {"method.py": "def run(bench):\n    return bench.strong().predict(bench.test)\n"}
HANDED_IN = {"files": METHOD, "title": "mine", "summary": "", "parents": [], "claim": ""}


@dataclass
class Served:
    lab: Lab
    url: str

    def token(self, access: Access) -> str:
        with self.lab.database.write() as tx:
            return invite(tx, self.lab.settings, f"a-{access.value}", access).text


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    lab = open_lab(tmp_path, "r1", guests=1)
    testbed = load(lab.settings.testbed)
    lab.folder.practice.mkdir(exist_ok=True)
    write_public_facts(lab.folder, testbed, generate(testbed, item_seed=bytes(16))[0])
    news = News(lab.database)
    app = create_app(lab, news, operator_token="people", phase=lambda: "research")
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    stopping = asyncio.Event()

    async def work() -> None:
        watching = asyncio.create_task(news.watch(stopping))
        await web.serve()
        stopping.set()
        news.tell()
        await watching

    thread = threading.Thread(target=asyncio.run, args=(work(),), daemon=True)
    thread.start()
    while not web.started:
        time.sleep(0.01)
    port = web.servers[0].sockets[0].getsockname()[1]
    yield Served(lab, f"http://127.0.0.1:{port}")
    web.should_exit = True
    thread.join(20)
    lab.database.close()


@asynccontextmanager
async def over_http(served: Served, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(f"{served.url}/mcp", http_client=http)) as client,
    ):
        yield client


@asynccontextmanager
async def over_a_command(served: Served, token: str) -> AsyncIterator[Client]:
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "aar.cli", "mcp", "--url", served.url],
        env={**os.environ, "AAR_TOKEN": token},
    )
    async with Client(stdio_client(started)) as client:
        yield client


def text(result: Any) -> str:
    assert [block.type for block in result.content] == ["text"]
    return str(result.content[0].text)


def said(result: Any) -> Any:
    assert not result.is_error, text(result)
    return json.loads(text(result))


@pytest.mark.parametrize("connect", [over_http, over_a_command])
def test_a_guest_reads_posts_submits_and_gets_its_verdict(served: Served, connect: Any) -> None:
    async def work() -> None:
        async with connect(served, served.token(Access.RESEARCHER)) as client:
            assert "no workspace here" in (client.instructions or "")
            listed = {tool.name for tool in (await client.list_tools()).tools}
            assert listed == set(tools())
            assert (await client.call_tool("brief", {})).content[0].text.startswith("# Your task")
            finding = {"kind": "insight", "title": "I am here", "body": "Hello.", "submissions": []}
            assert said(await client.call_tool("post_finding", finding)) == {"id": 1}
            assert said(await client.call_tool("read_forum", {}))["posts"][0]["researcher"] == "a-researcher"
            made = said(await client.call_tool("submit_method", HANDED_IN))["submission"]
            waiting = asyncio.create_task(
                client.call_tool("wait_for_verdict", {"submission": made, "seconds": 60})
            )
            await asyncio.sleep(1)
            decide(served.lab, made)
            assert said(await waiting)["status"] == "no_improvement"
            assert said(await client.call_tool("fetch_submission", {"submission": made}))["files"] == METHOD
            assert [
                row["submission"] for row in said(await client.call_tool("leaderboard", {}))["entries"]
            ] == [made]

    asyncio.run(work())


def decide(lab: Lab, submission: str) -> None:
    with lab.database.write() as tx:
        ledger.record_verdict(
            tx, submission, stage="dev", status="no_improvement", reply="no", figures=Figures(seeds=2, n=9)
        )


def test_resources_are_the_practice_items_and_the_open_package_and_nothing_else(served: Served) -> None:
    async def work() -> None:
        async with over_http(served, served.token(Access.RESEARCHER)) as client:
            known = [str(one.uri) for one in (await client.list_resources()).resources]
            assert "aar://practice/testbed.json" in known
            assert "aar://w2s/methods/em_posterior.py" in known
            assert not [one for one in known if "testbeds" in one.removeprefix("aar://practice/testbed")]
            code = (await client.read_resource("aar://w2s/blocks/noise.py")).contents[0].text  # type: ignore[union-attr]
            assert "def " in code
            for bad in (
                "aar://practice/../vault/truth.json",
                "aar://w2s/../aar/errors.py",
                "file:///etc/passwd",
            ):
                with pytest.raises(MCPError):
                    await client.read_resource(bad)

    asyncio.run(work())


def test_a_client_that_knows_only_the_protocol_gets_along(served: Served) -> None:
    """Written from the specification of 2025-06-18: one POST a message, answers as JSON or as an event stream."""
    headers = {
        "Authorization": f"Bearer {served.token(Access.RESEARCHER)}",
        "Accept": "application/json, text/event-stream",
    }

    def ask(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        answer = httpx.post(f"{served.url}/mcp", json=body, headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 200, answer.text
        if answer.headers["content-type"].startswith("application/json"):
            return dict(answer.json())
        events = [
            line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")
        ]
        (told,) = [one for one in map(json.loads, filter(None, events)) if one.get("id") == number]
        return dict(told)

    about = {"name": "by-hand", "version": "1"}
    begun = ask(1, "initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about})
    assert begun["result"]["serverInfo"]["name"] == "automated-alignment-researchers"
    headers["MCP-Protocol-Version"] = begun["result"]["protocolVersion"]
    named = {tool["name"] for tool in ask(2, "tools/list", {})["result"]["tools"]}
    assert {"submit_method", "wait_for_verdict"} <= named
    made = ask(3, "tools/call", {"name": "submit_method", "arguments": HANDED_IN})["result"]
    assert json.loads(made["content"][0]["text"])["status"] == "pending"


def test_what_is_wrong_is_said_to_the_model(served: Served) -> None:
    async def work() -> None:
        async with over_http(served, served.token(Access.RESEARCHER)) as client:
            for name, arguments, words in (
                (
                    "submit_method",
                    {**HANDED_IN, "files": {"../x.py": ""}},
                    "[BadSnapshot] file name '../x.py'",
                ),
                ("submit_method", {**HANDED_IN, "files": "code"}, "files: 'code' is not of type 'object'"),
                ("submit_method", {"title": "t"}, "'files' is a required property"),
                ("vote", {"post": 1, "value": 5}, "[BadRequest]"),
                ("fetch_submission", {"submission": "../s1"}, "is no submission id"),
                ("comment", {"post": 99, "body": "x"}, "no post 99"),
                ("bash", {"command": "ls"}, "unknown tool 'bash'"),
            ):
                result = await client.call_tool(name, arguments)
                assert result.is_error, (name, arguments)
                assert words in text(result), text(result)

    asyncio.run(work())
    with served.lab.database.read() as tx:
        assert submissions.all(tx) == []


def test_people_have_the_tools_that_they_may_use(served: Served) -> None:
    async def work(access: Access) -> set[str]:
        async with over_http(served, served.token(access)) as client:
            result = await client.call_tool("submit_method", HANDED_IN)
            assert result.is_error
            assert said(await client.call_tool("read_forum", {})) == {"posts": [], "older_not_shown": 0}
            return {tool.name for tool in (await client.list_tools()).tools}

    assert asyncio.run(work(Access.VIEWER)) == {"read_forum", "leaderboard", "fetch_submission"}
    assert asyncio.run(work(Access.PERSON)) == {
        *("read_forum", "leaderboard", "fetch_submission", "post_finding", "comment")
    }


def test_a_token_that_is_nobodys_is_refused_before_anything_is_read(served: Served) -> None:
    token = served.token(Access.RESEARCHER)
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}

    def status(token: str) -> int:
        headers = {
            **({"Authorization": f"Bearer {token}"} if token else {}),
            "Accept": "application/json, text/event-stream",
        }
        return httpx.post(f"{served.url}/mcp", json=body, headers=headers, trust_env=False).status_code

    assert status(token) == 200
    with served.lab.database.write() as tx:
        revoke(tx, token.split("-")[1])
    assert [status(one) for one in (token, "", "x")] == [401, 401, 401]


def test_who_waits_long_hears_that_it_is_not_forgotten(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "WAITING_S", 0.2)
    heard: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async def work() -> None:
        async with over_http(served, served.token(Access.RESEARCHER)) as client:
            made = said(await client.call_tool("submit_method", HANDED_IN))["submission"]
            await client.call_tool(
                "wait_for_verdict", {"submission": made, "seconds": 2}, progress_callback=note
            )

    asyncio.run(work())
    assert len(heard) >= 3
    assert heard == sorted(heard)


def test_no_description_speaks_of_what_a_guest_does_not_have() -> None:
    for tool in tools().values():
        said = f"{tool.schema.description} {json.dumps(tool.schema.parameters)}"
        assert "/workspace" not in said
        assert "folder" not in said.lower()
    with contextlib.suppress(KeyError):
        assert "files" in tools()["practice"].schema.parameters["properties"]
