"""Turns of a session that do nothing are told apart, answered with the help that fits, and end in a rest."""

from __future__ import annotations

from typing import Any

import pytest

from aar.researchers.turns import AFTER_A_REST, MOST_IN_A_ROW, MOST_ROUND, SAME_ROUNDS, Idle, Turns

TOOLS = {
    "bash": ["command (string)", "seconds (integer)"],
    "write_file": ["path (string)", "content (string)"],
    "vote": ["post (integer)", "value (integer)"],
    "my_status": [],
    "wait_for_verdict": ["submission (string)"],
}


@pytest.fixture
def turns() -> Turns:
    return Turns(TOOLS, go_on="Go on.")


def said(text: str, *, stop: str = "stop", tokens: int = 5) -> tuple[list[Any], Any]:
    from inspect_ai.model import ChatMessageAssistant, ModelOutput, ModelUsage

    output = ModelOutput.from_content("m/m", text, stop_reason=stop)
    output.usage = ModelUsage(output_tokens=tokens)
    return [ChatMessageAssistant(content=text)], output


def called(
    *calls: tuple[str, dict[str, Any], Any], stop: str = "tool_calls", broken: str | None = None
) -> tuple[list[Any], Any]:
    """A turn of calls: name, arguments, and the text of the result or its error as (type, message)."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool, ModelOutput, ModelUsage
    from inspect_ai.tool import ToolCall, ToolCallError

    made = [
        ToolCall(id=str(number), function=name, arguments=given, parse_error=broken)
        for number, (name, given, _) in enumerate(calls)
    ]
    results = [
        ChatMessageTool(
            content="" if isinstance(result, tuple) else result,
            tool_call_id=str(number),
            function=name,
            error=ToolCallError(*result) if isinstance(result, tuple) else None,
        )
        for number, (name, _, result) in enumerate(calls)
    ]
    output = ModelOutput.from_content("m/m", "", stop_reason=stop)
    output.usage = ModelUsage(output_tokens=4096)
    return [ChatMessageAssistant(content="", tool_calls=made), *results], output


def test_talk_is_told_the_names_of_the_tools(turns: Turns) -> None:
    idle = turns.look(*said("I shall think about it."))
    assert idle is not None
    assert idle.kind is Idle.TALK
    assert idle.help.startswith("Go on.")
    assert "bash, write_file" in idle.help


def test_a_text_that_was_cut_off_is_told_where(turns: Turns) -> None:
    idle = turns.look(*said("so long", stop="max_tokens", tokens=32_000))
    assert idle is not None
    assert idle.kind is Idle.CUT
    assert "32000 tokens" in idle.help


def test_a_call_that_was_cut_off_is_a_cut_and_not_a_wrong_argument(turns: Turns) -> None:
    cut = called(
        ("write_file", {"path": "x"}, ("parsing", "'content' is a required property")), stop="max_tokens"
    )
    idle = turns.look(*cut)
    assert idle is not None
    assert idle.kind is Idle.CUT
    assert "4096 tokens" in idle.help


def test_wrong_arguments_are_told_with_what_the_tool_takes(turns: Turns) -> None:
    for broken in (None, "Error parsing the following tool call arguments"):
        idle = turns.look(
            *called(("bash", {"cmd": "ls"}, ("parsing", "'command' is required")), broken=broken)
        )
        assert idle is not None
        assert idle.kind is Idle.INVALID_ARGUMENTS
        assert "command (string), seconds (integer)" in idle.help
        assert (broken or "'command' is required") in idle.help


def test_an_unknown_tool_is_told_the_nearest_and_all(turns: Turns) -> None:
    idle = turns.look(*called(("Bash", {"command": "ls"}, ("parsing", "Tool Bash not found"))))
    assert idle is not None
    assert idle.kind is Idle.UNKNOWN_TOOL
    assert "Did you mean bash?" in idle.help
    assert "write_file" in idle.help


def test_the_same_failing_call_counts_from_its_second_time_on(turns: Turns) -> None:
    failing = called(("bash", {"command": "python3 x.py"}, "Traceback\n[exit code 1]"))
    assert turns.look(*failing) is None, "a failure is news the first time"
    idle = turns.look(*failing)
    assert idle is not None
    assert idle.kind is Idle.SAME_FAILURE
    assert "failed 2 times" in idle.help
    assert turns.look(*called(("bash", {"command": "python3 x.py"}, "another error\n[exit code 1]"))) is None
    assert turns.look(*called(("bash", {"command": "python3 x.py"}, "done"))) is None
    assert turns.look(*failing) is None, "it had worked in between"


@pytest.mark.parametrize(
    ("command", "failure"),
    [
        ("cat x{n}", "cat: x: No such file\n[exit code 1]"),
        ("cat x", "cat: pid {n}: No such file\n[exit code 1]"),
        ("cat x{n}", "cat: x{n}: No such file\n[exit code 1]"),
        ("cat {h}.py", "at 0x{h}\n[exit code 1]"),
        ("sleep {n}; false", "[exit code {n}]"),
    ],
)
def test_a_counter_makes_no_other_failure(turns: Turns, command: str, failure: str) -> None:
    for number in range(40):
        told = {"n": number, "h": f"{number * 7919 + 10**6:08x}"}
        idle = turns.look(*called(("bash", {"command": command.format(**told)}, failure.format(**told))))
        assert (idle is None) is (number == 0), number
    assert idle is not None
    assert idle.kind is Idle.SAME_FAILURE
    assert idle.rests


@pytest.mark.parametrize(
    "loop",
    [
        [("true", "")],
        [("false; true", " ")],
        [("true # {n}", "")],
        [("ls", "a b c"), ("cat a", "text")],
        [("true", ""), (":", ""), ("echo x", "x"), ("pwd", "/workspace")],
        [("true", ""), (None, "")],
    ],
)
def test_the_same_round_of_calls_with_the_same_results_ends_in_a_rest(
    turns: Turns, loop: list[tuple[str | None, str]]
) -> None:
    effects = 0
    for number in range(200):
        command, result = loop[number % len(loop)]
        turn = called(("bash", {"command": command.format(n=number)}, result)) if command else said("hm")
        idle = turns.look(*turn)
        effects += idle is None
        if idle is not None and idle.rests:
            break
    assert idle is not None
    assert idle.rests
    assert effects < SAME_ROUNDS * MOST_ROUND
    assert turns.counts[Idle.SAME_RESULT]


def _working(number: int) -> list[Any]:
    """Turns of honest work."""
    return [
        called(("bash", {"command": f"python3 try.py --keep 0.{number}"}, f"agreement 0.{number * 37}")),
        called(("write_file", {"path": "m/method.py", "content": f"keep = 0.{number}"}, "wrote 10 bytes")),
        called(("bash", {"command": "python3 check.py"}, "ok")),
        called(("vote", {"post": number, "value": 1}, "{}")),
    ]


def test_a_sweep_an_edit_and_a_vote_are_work(turns: Turns) -> None:
    for number in range(30):
        assert [turns.look(*turn) for turn in _working(number)] == [None] * 4
    for kind in (0, 1, 3):
        assert [turns.look(*_working(number)[kind]) for number in range(30)] == [None] * 30


@pytest.mark.parametrize("tool", ["my_status", "wait_for_verdict"])
def test_one_may_wait_and_ask_for_news_as_often_as_one_likes(turns: Turns, tool: str) -> None:
    waiting = called((tool, {"submission": "s1"}, "pending"))
    assert [turns.look(*waiting) for _ in range(60)] == [None] * 60


def test_two_failing_calls_in_turn_are_seen_as_well(turns: Turns) -> None:
    pair = [called(("bash", {"command": name}, ("unknown", f"[NoEnd] {name}"))) for name in "ab"]
    assert [turns.look(*each) for each in pair] == [None, None]
    again = [turns.look(*each) for each in pair * 3]
    assert [idle.in_a_row for idle in again if idle] == [1, 2, 3, 4, 5, 6]


def test_a_result_that_only_talks_of_an_exit_code_is_none(turns: Turns) -> None:
    read = called(("bash", {"command": "cat log"}, "[exit code 1]\nand then it worked"))
    assert [turns.look(*read) for _ in range(SAME_ROUNDS - 1)] == [None] * (SAME_ROUNDS - 1)


def test_one_call_with_an_effect_makes_the_turn_one(turns: Turns) -> None:
    turns.look(*said("hm"))
    mixed = called(
        ("nothing", {}, ("parsing", "Tool nothing not found")), ("bash", {"command": "ls"}, "a b c")
    )
    assert turns.look(*mixed) is None
    assert turns.effective == 1
    idle = turns.look(*said("hm"))
    assert idle is not None
    assert idle.in_a_row == 1, "the row was ended"
    assert turns.counts == {Idle.TALK: 2}


def test_a_row_ends_in_a_rest_and_the_next_one_comes_sooner(turns: Turns) -> None:
    row = [turns.look(*said("hm")) for _ in range(MOST_IN_A_ROW)]
    assert [idle.rests for idle in row if idle] == [False] * (MOST_IN_A_ROW - 1) + [True]
    assert row[4] is not None
    assert f"5 turns in a row did nothing; after {MOST_IN_A_ROW - 5} more you rest" in row[4].help
    turns.rested()
    again = [turns.look(*said("hm")) for _ in range(AFTER_A_REST)]
    assert [idle.rests for idle in again if idle] == [False] * (AFTER_A_REST - 1) + [True]


def test_an_answer_that_was_declined_is_no_talk(turns: Turns) -> None:
    idle = turns.look(*said("I can't.", stop="content_filter"))
    assert idle is not None
    assert idle.kind is Idle.DECLINED
