"""Turns of a session that do nothing: told apart, counted, and answered with the help that fits.

A turn without effect is one of which no call did anything: talk alone, a text or a call that was cut off at the limit
on its length, arguments that a tool does not take, tools that do not exist, the same call failing again as it failed
before, or an answer that was declined. One call with an effect ends the row.

Not covered: calls that work and lead nowhere, such as reading the same file for hours; budgets bound those.
"""

from __future__ import annotations

import difflib
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from aar.researchers.output import line

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ModelOutput

MOST_IN_A_ROW = 12
"""Turns without effect before a session rests."""
AFTER_A_REST = 3
"""Such turns before it rests again."""
MOST_FAILURES = 64
"""Failed calls that are remembered."""
MOST_WORDS = 300
_EXIT = "[exit code "


class Idle(StrEnum):
    """Why a turn did nothing."""

    TALK = "talk"
    CUT = "cut"
    INVALID_ARGUMENTS = "invalid_arguments"
    UNKNOWN_TOOL = "unknown_tool"
    SAME_FAILURE = "same_failure"
    DECLINED = "declined"

    @property
    def words(self) -> str:
        """For people: what the model did."""
        return _WORDS[self]


_WORDS = {
    Idle.TALK: "only talked",
    Idle.CUT: "answer cut off",
    Idle.INVALID_ARGUMENTS: "wrong arguments",
    Idle.UNKNOWN_TOOL: "unknown tool",
    Idle.SAME_FAILURE: "the same failing call",
    Idle.DECLINED: "declined",
}


@dataclass(frozen=True)
class IdleTurn:
    """A turn without effect: the how manieth in a row, and what its model should know."""

    kind: Idle
    in_a_row: int
    help: str

    @property
    def rests(self) -> bool:
        """True if the session should rest now."""
        return self.in_a_row >= MOST_IN_A_ROW


class Turns:
    """Looks at each turn; `counts` has the turns without effect of the whole session, by kind."""

    def __init__(self, parameters: Mapping[str, Sequence[str]], *, go_on: str) -> None:
        """`parameters`: those of each tool by its name; `go_on`: what one that only talks is told first."""
        self.counts: Counter[Idle] = Counter()
        self.effective = 0
        self._parameters = parameters
        self._go_on = go_on
        self._in_a_row = 0
        self._failures: OrderedDict[tuple[str, str], tuple[str, int]] = OrderedDict()

    def look(self, messages: Sequence[ChatMessage], output: ModelOutput) -> IdleTurn | None:
        """The turn with which a conversation ends, if it did nothing."""
        answer, results = _last_turn(messages)
        found = (
            self._without_calls(output)
            if not answer.tool_calls
            else self._with_calls(answer, results, output)
        )
        if found is None:
            self._in_a_row = 0
            self.effective += 1
            return None
        kind, help = found
        self._in_a_row += 1
        self.counts[kind] += 1
        if self._in_a_row > 1:
            left = max(0, MOST_IN_A_ROW - self._in_a_row)
            help += f" ({self._in_a_row} turns in a row did nothing; after {left} more you rest.)"
        return IdleTurn(kind, self._in_a_row, help)

    def rested(self) -> None:
        """A rest is over: the next one comes sooner."""
        self._in_a_row = MOST_IN_A_ROW - AFTER_A_REST

    def _without_calls(self, output: ModelOutput) -> tuple[Idle, str]:
        if output.stop_reason == "max_tokens":
            return Idle.CUT, self._cut(output)
        if output.stop_reason == "content_filter":
            return Idle.DECLINED, "Your last answer was declined. Go on with another step of your work."
        return Idle.TALK, f"{self._go_on} Only a call of a tool does anything; the tools are {self._names}."

    def _with_calls(
        self, answer: ChatMessageAssistant, results: Mapping[str, ChatMessageTool], output: ModelOutput
    ) -> tuple[Idle, str] | None:
        found: list[tuple[Idle, str]] = []
        for call in answer.tool_calls or []:
            result = results.get(call.id)
            error = result.error if result is not None else None
            if call.function not in self._parameters:
                found.append((Idle.UNKNOWN_TOOL, self._unknown(call.function)))
            elif call.parse_error or (error is not None and error.type == "parsing"):
                if output.stop_reason == "max_tokens":
                    found.append((Idle.CUT, self._cut(output)))
                else:
                    words = call.parse_error or (error.message if error is not None else "")
                    found.append((Idle.INVALID_ARGUMENTS, self._invalid(call.function, words)))
            else:
                failed = _failure(result)
                times = self._failed_before((call.function, str(sorted(call.arguments.items()))), failed)
                if times < 2:
                    return None
                found.append((Idle.SAME_FAILURE, _same(call.function, times)))
        return found[0]

    def _failed_before(self, call: tuple[str, str], failure: str) -> int:
        """How often this call has failed in this way, now included; 0 if it did not fail."""
        before, times = self._failures.pop(call, ("", 0))
        if not failure:
            return 0
        times = times + 1 if before == failure else 1
        self._failures[call] = (failure, times)
        if len(self._failures) > MOST_FAILURES:
            self._failures.popitem(last=False)
        return times

    @property
    def _names(self) -> str:
        return ", ".join(self._parameters)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name.lower(), self._parameters, n=1, cutoff=0.6)
        meant = f" Did you mean {near[0]}?" if near else ""
        return f"There is no tool {line(name)!r}.{meant} The tools are {self._names}."

    def _invalid(self, name: str, words: str) -> str:
        takes = ", ".join(self._parameters[name]) or "nothing"
        why = " ".join(words.split())[:MOST_WORDS]
        return f"The arguments of {name} were not taken, so it was not run: {why}. It takes: {takes}."

    def _cut(self, output: ModelOutput) -> str:
        tokens = f" after {output.usage.output_tokens} tokens" if output.usage is not None else ""
        return (
            f"Your answer was cut off{tokens}, at the limit on its length, so the rest of it was not done. Write less "
            "before you call a tool, and write a long file in several calls."
        )


def _same(name: str, times: int) -> str:
    return (
        f"This call of {name} has now failed {times} times in the same way. It will fail again: change what it needs, "
        "or do something else."
    )


def _failure(result: ChatMessageTool | None) -> str:
    """What a call failed with; empty if it did not fail."""
    if result is None:
        return ""
    if result.error is not None:
        return result.error.message or result.error.type
    last = result.text.rstrip().rpartition("\n")[2]
    return result.text if last.startswith(_EXIT) else ""


def _last_turn(messages: Sequence[ChatMessage]) -> tuple[ChatMessageAssistant, dict[str, ChatMessageTool]]:
    """The last answer, and the results of its calls."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageTool

    results: dict[str, ChatMessageTool] = {}
    for message in reversed(messages):
        if isinstance(message, ChatMessageTool) and message.tool_call_id is not None:
            results[message.tool_call_id] = message
        if isinstance(message, ChatMessageAssistant):
            return message, results
    return ChatMessageAssistant(content=""), results
