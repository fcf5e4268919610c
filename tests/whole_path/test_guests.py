"""An open lab with guests: one over MCP gets its verdict, another by hand posts, the lab is killed, a viewer looks on.

The testbed is a user's own, with one small world. Nobody of the run's own researches.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx2
import own_testbed
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from w2s import methods

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
AAR = [sys.executable, "-m", "aar.cli"]


@dataclass
class Open:
    """A lab that `aar serve` keeps open."""

    folder: Path
    url: str
    launcher: subprocess.Popen[bytes]

    def invite(self, name: str, role: str) -> str:
        made = subprocess.run(
            [*AAR, "invite", str(self.folder), name, "--as", role, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(made.stdout.splitlines()[-1])
        assert told["url"] == self.url
        return str(told["token"])

    def ask(self, token: str, verb: str, path: str, **body: Any) -> Any:
        sent = {"json": body} if body else {}
        answer = httpx.request(
            verb, f"{self.url}/v1/{path}", headers=bearer(token), trust_env=False, timeout=60, **sent
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    testbed = own_testbed.write(tmp_path_factory.mktemp("own"))
    root = tmp_path_factory.mktemp("guests")
    port = free_port()
    with (root / "output").open("wb") as output:
        launcher = subprocess.Popen(
            [*AAR, "serve", str(root / "lab"), "--testbed", str(testbed), "--port", str(port)],
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=hears_ctrl_c,
        )
        try:
            while "is open at" not in (root / "output").read_text():
                assert launcher.poll() is None, (root / "output").read_text()
                time.sleep(0.2)
            yield Open(root / "lab", f"http://127.0.0.1:{port}", launcher)
        finally:
            if launcher.poll() is None:
                launcher.kill()


def test_guests_work_through_a_killed_lab_and_one_gets_its_verdict(lab: Open) -> None:
    researcher, person, viewer = (
        lab.invite(name, role) for name, role in (("ada", "researcher"), ("bob", "person"), ("eve", "viewer"))
    )

    async def research() -> dict[str, Any]:
        async with (
            httpx2.AsyncClient(headers=bearer(researcher), trust_env=False, timeout=700) as http,
            Client(streamable_http_client(f"{lab.url}/mcp", http_client=http)) as client,
        ):
            handed = {"files": {"method.py": methods.source("zero_shot")}, "title": "ask in both orders"}
            made = await client.call_tool(
                "submit_method", {**handed, "summary": "", "parents": [], "claim": ""}
            )
            return dict(json.loads(made.content[0].text))  # type: ignore[union-attr]

    async def wait(submission: str) -> dict[str, Any]:
        async with (
            httpx2.AsyncClient(headers=bearer(researcher), trust_env=False, timeout=700) as http,
            Client(streamable_http_client(f"{lab.url}/mcp", http_client=http)) as client,
        ):
            asked = {"submission": submission, "seconds": 600}
            answer = await client.call_tool("wait_for_verdict", asked)
            return dict(json.loads(answer.content[0].text))  # type: ignore[union-attr]

    submission = asyncio.run(research())["submission"]
    finding = {"kind": "hypothesis", "title": "Orders matter", "body": "See it.", "submissions": [submission]}
    assert lab.ask(person, "POST", "forum", **finding, request_id="once") == {"id": 1}
    processes = psutil.Process(lab.launcher.pid).children(recursive=True)
    (process,) = [one for one in processes if "aar.api" in one.cmdline()]
    process.kill()
    time.sleep(1)
    until_it_answers(lab, viewer)
    assert lab.ask(person, "POST", "forum", **finding, request_id="once") == {"id": 1}, (
        "sent again, posted once"
    )
    verdict = asyncio.run(wait(submission))
    assert verdict["status"] in ("verified", "no_improvement", "not_reproduced", "violation")
    (post,) = lab.ask(viewer, "GET", "forum")["posts"]
    assert post["submissions"][0]["status"] == verdict["status"], "the badge follows the verdict"
    assert [one["name"] for one in lab.ask(viewer, "GET", "status")["researchers"]] == ["ada"]


def until_it_answers(lab: Open, token: str) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"{lab.url}/v1/who", headers=bearer(token), trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("the lab did not come back")


def test_ctrl_c_closes_the_lab_with_its_report_and_the_ledger_holds(lab: Open) -> None:
    lab.launcher.send_signal(signal.SIGINT)
    assert lab.launcher.wait(120) == 130
    assert (lab.folder / "report.html").stat().st_size > 10_000
    checked = subprocess.run([*AAR, "ledger", "verify", str(lab.folder)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    report = (lab.folder / "report.html").read_text()
    assert "Orders matter" in report
    assert not re.search(r"aar-[0-9a-f]{8}-[\w-]{43}", report), "no token stands in the report"
    kept = b"".join(path.read_bytes() for path in lab.folder.rglob("*") if path.is_file())
    assert not re.search(rb"aar-[0-9a-f]{8}-[\w-]{43}", kept), "or anywhere else in the folder"
