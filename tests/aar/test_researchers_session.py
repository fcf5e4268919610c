"""A researcher's session: Inspect's loop, a real sandbox, the real tools; only the lab is made up."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_lab import FakeLab, serve

from aar.database.progress import Activity, EndReason
from aar.researchers.evolution.genome import Genome
from aar.researchers.evolution.rendering import render

OF_THE_LOG = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z +[A-Z]+ +aar")
TOKEN = "a-token-that-must-not-be-kept"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lab = tmp_path / "lab"
    for name in ("forum", "practice"):
        (lab / name).mkdir(parents=True)
    (lab / "practice" / "items.jsonl").write_text('{"prompt": "practice text"}\n')
    (lab / "secret.txt").write_text("the lab's own")
    tmp_path.chmod(0o755)
    return lab


def start(
    folder: Path, url: str, *more: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aar.researchers", "--lab", str(folder), "--name", "r1", "--url", url, *more],
        input="" if env else f"{TOKEN}\n",
        env={**os.environ, **(env or {})},
        text=True,
        capture_output=True,
        timeout=600,
    )


def contents(log: Path) -> str:
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(log)).model_dump_json()


def test_one_embedded_researcher_works_until_the_lab_ends(folder: Path) -> None:
    lab = FakeLab(minutes=1.5, minutes_a_look=0.05, submissions_each=2, down=2)
    with serve(lab, {TOKEN: "r1"}) as url:
        done = start(folder, url, "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert not done.stdout, "Inspect shows nothing"
    assert [line for line in done.stderr.splitlines() if not OF_THE_LOG.match(line)] == []
    assert len(lab.submissions) == 2
    assert all(one["status"] != "pending" for one in lab.submissions.values())
    assert lab.posts
    activities = {Activity(activity) for _, activity, _ in lab.progress}
    assert {Activity.STARTING, Activity.PRACTISING, Activity.SUBMITTING, Activity.WAITING} <= activities
    assert Activity.THINKING not in activities, "its policy answers at once"
    assert lab.finished == {"r1"}
    asked = [
        (what, at)
        for what, at in lab.requests
        if what.startswith(("GET /v1/submissions/s", "POST /v1/state"))
    ]
    (_, verdict), (said, end) = asked[-2:]
    assert said == "POST /v1/state"
    assert end - verdict < 10, "it ends by itself as soon as there is nothing more to wait for"
    assert not lab.calls.by_id, "the embedded policy asks no provider"
    assert lab.calls.ends() == [EndReason.LAB_OVER]
    notebook = folder / "workspaces" / "r1" / "notebook"
    assert json.loads((notebook / "policy.json").read_text())["methods"] >= 2
    (log,) = (folder / "inspect").glob("*.eval")
    text = contents(log)
    assert TOKEN not in text
    assert "[embedded policy]" in text


def test_a_wrong_token_is_one_line(folder: Path) -> None:
    with serve(FakeLab(minutes=0), {TOKEN: "r1"}) as url:
        wrong = start(folder, url, env={"AAR_TOKEN": "wrong"})
    assert wrong.returncode == 1
    assert wrong.stderr.strip().splitlines()[-1].startswith("NotAllowed: this token belongs to no researcher")


def test_an_unknown_model_is_one_line(folder: Path) -> None:
    done = start(folder, "http://127.0.0.1:9", "--model", "antropic/claude-opus-4-6")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "UnknownModel: unknown provider 'antropic' in 'antropic/claude-opus-4-6'; "
        "did you mean anthropic/claude-opus-4-6?"
    )


def llm(*turns: Callable[[Any], tuple[str, dict[str, Any]] | str]) -> Any:
    """A stand-in for a language model: each turn makes a tool call, or says something, from what it was told."""
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    queue = list(turns)

    def speak(messages: Any, tools: Any, choice: Any, config: Any) -> ModelOutput:
        error = getattr(messages[-1], "error", None)
        last = error.message if error else messages[-1].text
        said = queue.pop(0)(last) if queue else "I have nothing more to do."
        if isinstance(said, str):
            output = ModelOutput.from_content("mockllm/model", said)
        else:
            output = ModelOutput.for_tool_call("mockllm/model", said[0], said[1])
        output.usage = ModelUsage(input_tokens=100, output_tokens=10, total_tokens=110)
        return output

    return get_model("mockllm/model", custom_outputs=speak)


def test_a_language_model_uses_the_same_tools_in_the_same_loop(folder: Path) -> None:
    from aar.researchers.session import Session, run

    heard: list[str] = []

    def then(tool: str, **arguments: Any) -> Callable[[str], tuple[str, dict[str, Any]]]:
        def turn(last: str) -> tuple[str, dict[str, Any]]:
            heard.append(last)
            return tool, arguments

        return turn

    source = render(Genome(signals=("zero_shot",)), researcher="r1", parents=[])
    script = [
        then("bash", command="cat practice/items.jsonl; cat /workspace/../secret.txt; echo hidden > forum/x"),
        then("python", code="import w2s, sys; print(w2s.targets.hard.__name__, sys.platform)"),
        then("write_file", path="methods/mine/method.py", content=source),
        then("practice", folder="methods/mine"),
        then("submit_method", folder="methods/mine", title="t", summary="s", parents=[], claim="c"),
        then("wait_for_verdict", submission="s1", seconds=20),
        then("fetch_submission", submission="s1"),
        then("read_file", path="others/s1/method.py"),
        then("post_finding", kind="result", title="It works", body="s1", submissions=["s1"]),
        then("read_forum", after=0),
        then("comment", post=1, body="indeed"),
        then("vote", post=1, value=1),
        then("leaderboard"),
        then("bash", command="ln -s /etc/passwd methods/mine/method2.py"),
        then("submit_method", folder="methods/mine", title="t", summary="s", parents=["s1"], claim="c"),
        then("read_file", path="no/such/file"),
        then("practice", folder="no/such/folder"),
        then("fetch_submission", submission="../../x"),
        lambda last: heard.append(last) or "Enough.",
        then("my_status"),
        lambda last: setattr(lab, "minutes", 0.0) or "The lab's time is over now.",
    ]
    lab = FakeLab(researchers=("r1",), minutes=30, minutes_a_look=0)
    with serve(lab, {TOKEN: "r1"}) as url:
        run(Session(lab=folder, researcher="r1", url=url, model="mockllm/model"), TOKEN, model=llm(*script))

    told = dict(zip([f"{i}" for i in range(1, 30)], heard[1:], strict=False))
    assert "practice text" in told["1"]
    assert "the lab's own" not in told["1"]
    assert "Read-only" in told["1"] or "denied" in told["1"]
    assert told["2"].startswith("hard linux")
    assert json.loads(told["4"])["agreement_with_weak"] == 0.7
    assert json.loads(told["6"])["status"] == "verified"
    assert json.loads(told["7"])["written"] == ["method.py"]
    assert told["8"] == source
    assert json.loads(told["10"])["posts"][0]["title"] == "It works"
    assert json.loads(told["13"])["entries"][0]["submission"] == "s1"
    assert "is a link" in told["15"]
    assert "no/such/file" in told["16"]
    assert "no/such/folder" in told["17"]
    assert "no submission id" in told["18"]
    assert len(lab.submissions) == 1
    assert lab.votes == [("r1", 1, 1)]
    assert lab.posts[0]["comments"]
    assert {call.opened.model for call in lab.calls.by_id.values()} == {"mockllm/model"}
    assert lab.calls.used()[0].input_tokens == 100
    assert all(call.used is not None for call in lab.calls.by_id.values()), "each call is settled"
    (log,) = (folder / "inspect").glob("*.eval")
    text = contents(log)
    assert TOKEN not in text
    assert "The lab's time is not over" in text
    assert "takes no further submissions" in text
    assert "What the strong model already knows" in text, "the brief holds the direction"
