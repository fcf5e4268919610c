"""A tool is one typed function: called plainly or through Inspect it does the same and shows the same."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from extending_page import PAGE
from fake_lab import FakeLab, serve

from aar.errors import NotNow, OverBudget
from aar.researchers.inspect_tools import as_inspect
from aar.researchers.lab_client import LabClient
from aar.researchers.refusals import Declined, Refusal, read
from aar.researchers.tools import TOOLS, Tool, ToolContext
from aar.researchers.workspace import open_workspace

TOKEN = "a token"
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("bash", {"command": "echo out; echo err >&2; exit 3"}),
    ("bash", {"command": "sleep 30", "seconds": 1}),
    ("python", {"code": "print(6 * 7)"}),
    ("write_file", {"path": "methods/mine/method.py", "content": "def run(bench): ...\n"}),
    ("write_file", {"path": "/etc/passwd", "content": ""}),
    ("read_file", {"path": "methods/mine/method.py"}),
    ("read_file", {"path": "no/such/file"}),
    ("read_file", {"path": "practice/bytes"}),
    ("submit_method", {"folder": "methods/mine", "title": "t", "summary": "s", "parents": [], "claim": "c"}),
    ("practice", {"folder": "no/such/folder"}),
    ("wait_for_verdict", {"submission": "s1", "seconds": 5}),
    ("fetch_submission", {"submission": "s1"}),
    ("fetch_submission", {"submission": "../../x"}),
    ("withdraw_submission", {"submission": "../../x"}),
    ("post_finding", {"kind": "result", "title": "t", "body": "s1", "submissions": ["s1"]}),
    ("read_forum", {}),
    ("comment", {"post": 1, "body": "indeed"}),
    ("vote", {"post": 1, "value": 1}),
    ("leaderboard", {}),
]
"""Every tool at least once, but for those whose answer holds the clock."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lab = tmp_path / "lab"
    for name in ("forum", "practice"):
        (lab / name).mkdir(parents=True)
    (lab / "practice" / "bytes").write_bytes(b"\xff\xfe")
    tmp_path.chmod(0o755)
    return lab


def in_a_lab(folder: Path, use: Callable[[ToolContext], Coroutine[Any, Any, list[str]]]) -> list[str]:
    """What `use` gives over a lab of its own and a fresh workspace."""

    async def whole(url: str) -> list[str]:
        client, workspace = LabClient(url, TOKEN), open_workspace(folder, "r1")
        try:
            return await use(ToolContext(client, workspace))
        finally:
            await workspace.stop()
            await client.close()

    with serve(FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0), {TOKEN: "r1"}) as url:
        return asyncio.run(whole(url))


def shown(result: object) -> str:
    """A result as a conversation has it."""
    if isinstance(result, Declined):
        return result.text
    return result if isinstance(result, str) else json.dumps(result, indent=1, ensure_ascii=False)


async def plainly(context: ToolContext) -> list[str]:
    tools = {tool.schema.name: tool for tool in TOOLS}
    return [shown(await tools[name].function(context, **arguments)) for name, arguments in CALLS]


async def through_inspect(context: ToolContext) -> list[str]:
    from inspect_ai.tool import ToolError

    tools = {tool.schema.name: as_inspect(tool, context) for tool in TOOLS}
    answers = []
    for name, arguments in CALLS:
        try:
            answers.append(await tools[name].tool(**arguments))
        except ToolError as error:
            answers.append(error.message)
    return answers


def test_a_tool_called_plainly_and_through_inspect_gives_the_same(folder: Path, tmp_path: Path) -> None:
    plain, inspected = in_a_lab(folder, plainly), in_a_lab(folder, through_inspect)
    assert inspected == plain
    answers = dict(zip([f"{name} {arguments}" for name, arguments in CALLS], plain, strict=True))
    codes = [read(answer) for answer in answers.values()]
    assert codes.count(Refusal.NO_FILE) == 3
    assert codes.count(Refusal.NO_END) == 1
    assert codes.count(Refusal.BAD_REQUEST) == 2
    assert codes.count(Refusal.BAD_SNAPSHOT) == 1
    assert plain[0] == "out\n\n[stderr]\nerr\n\n[exit code 3]"
    assert plain[5] == "def run(bench): ...\n"
    assert json.loads(plain[8])["submission"] == "s1"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.schema.name)
def test_the_schema_of_a_tool_is_what_inspect_reads_from_the_same_function(tool: Tool) -> None:
    from inspect_ai.tool import ToolDef

    context = ToolContext(None, None)  # type: ignore[arg-type]
    adapted = as_inspect(tool, context)

    async def bare(**arguments: Any) -> None: ...

    signature = inspect.signature(tool.function)
    parameters = list(signature.parameters.values())[1:]
    bare.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    bare.__annotations__ = inspect.get_annotations(adapted.tool)
    bare.__doc__ = inspect.getdoc(tool.function)
    own = ToolDef(bare, name=tool.schema.name)
    assert (adapted.name, adapted.description) == (own.name, own.description)
    assert adapted.parameters == own.parameters


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.schema.name)
def test_the_result_of_a_tool_is_typed_and_may_be_a_refusal_with_a_code(tool: Tool) -> None:
    result = tool.schema.result
    assert any("Declined" in str(kind) for kind in result["anyOf"]), result
    assert set(result["$defs"]["Refusal"]["enum"]) == {code.value for code in Refusal}


def test_a_refusal_of_the_lab_is_a_value_with_its_code(folder: Path) -> None:
    class Client:
        async def progress(self, *words: object) -> None: ...

        async def me(self) -> None:
            raise OverBudget("nothing is left")

        async def leaderboard(self) -> None:
            raise NotNow("come back later")

    async def ask(name: str) -> object:
        tool = next(tool for tool in TOOLS if tool.schema.name == name)
        return await tool.function(ToolContext(Client(), None))  # type: ignore[arg-type]

    assert asyncio.run(ask("my_status")) == Declined(Refusal.OVER_BUDGET, "nothing is left")
    assert asyncio.run(ask("leaderboard")) == Declined(Refusal.NOT_NOW, "come back later")


def test_the_tool_of_the_page_on_extending_is_all_there_is_to_write(folder: Path) -> None:
    section = PAGE.partition("\n## A tool\n")[2].partition("\n## ")[0]
    names = {"ToolContext": ToolContext, "Declined": Declined, "Refusal": Refusal}
    exec(section.split("```")[1].removeprefix("python\n"), names)  # noqa: S102 (our own page)
    tool = Tool(names["count_lines"])  # type: ignore[arg-type]
    assert tool.schema.parameters["properties"]["path"]["description"].startswith("Where")

    async def use(context: ToolContext) -> list[str]:
        await context.files.write_file("lines", "1\n2\n")
        adapted = as_inspect(tool, context)
        return [await adapted.tool(path="lines"), (await tool.function(context, path="none")).code]

    assert in_a_lab(folder, use) == ["2", Refusal.NO_FILE]
